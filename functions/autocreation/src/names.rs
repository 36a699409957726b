//! Which open conversation a customer is in, by whichever of their names.

use std::collections::BTreeSet;

use switchboard_domain::address::Address;
use switchboard_domain::carriage::IdentityChange;
use switchboard_domain::conversation::{
    AddressBinding, Conversation, GroupBinding, GroupKey, Pair, Renaming, State, distinct,
};
use switchboard_domain::process::identity::{self, Followed};
use switchboard_runtime::{Dependencies, Failure};
use switchboard_store::{Key, key, take};

/// At most this many times is read again what changed while it was read.
const READS_MAX: usize = 5;
/// At most so many times is looked for names before the names before.
const RENAMINGS_MAX: usize = 4;

/// What was found by a customer's names.
pub(crate) struct Found {
    /// All names that are known of them, the first as it was asked for.
    pub(crate) names: Vec<Address>,
    /// The open conversation of one of them.
    pub(crate) open: Option<Conversation>,
}

/// The open conversation of somebody who is called so. One that was closed between the read of its binding and its own
/// is no answer: the name is free by then, so everything is read again.
pub(crate) async fn open(
    on: &Dependencies,
    business: &Address,
    names: Vec<Address>,
) -> Result<Found, Failure> {
    for _ in 0..READS_MAX {
        let (binding, names) = bound(on, business, names.clone()).await?;
        let Some(binding) = binding else { return Ok(Found { names, open: None }) };
        let found: Option<Conversation> =
            on.store.get(key::conversation(binding.conversation)).await?;
        // Closing removes the binding in the same transaction, so this is a read in between.
        let missing = || Failure::Unavailable("a binding without its conversation".to_owned());
        let found = found.ok_or_else(missing)?;
        if found.state != State::Closed {
            if found.cannot_learn(&names) {
                tracing::warn!(
                    conversation.sid = %found.sid,
                    "a further name of a customer is not learned: as many are bound as may be"
                );
            }
            return Ok(Found { names, open: Some(found) });
        }
    }
    Err(Failure::Unavailable("a pair whose conversation is closed again and again".to_owned()))
}

/// The open conversation of a group, which has no other names. As with a pair, one that was just closed, or whose group was just
/// changed, is no answer.
pub(crate) async fn open_group(
    on: &Dependencies,
    all: &BTreeSet<Address>,
) -> Result<Found, Failure> {
    for _ in 0..READS_MAX {
        let binding: Option<GroupBinding> = on.store.get(key::group_binding(all)).await?;
        let Some(binding) = binding else { return Ok(Found { names: Vec::new(), open: None }) };
        let found: Option<Conversation> =
            on.store.get(key::conversation(binding.conversation)).await?;
        let found = found.filter(|found| found.group_key() == Some(GroupKey::Set(all.clone())));
        if let Some(found) = found {
            return Ok(Found { names: Vec::new(), open: Some(found) });
        }
    }
    Err(Failure::Unavailable("a group that is changed again and again".to_owned()))
}

/// The binding of the first of somebody's names that has one, and the names. The first name is read alone, as it mostly
/// is the only one that is needed; then the others, and those that a carrier said they had before.
async fn bound(
    on: &Dependencies,
    business: &Address,
    mut names: Vec<Address>,
) -> Result<(Option<AddressBinding>, Vec<Address>), Failure> {
    let Some(first) = names.first() else { return Ok((None, names)) };
    let binding = on.store.get(binding_of(first, business)).await?;
    if binding.is_some() {
        return Ok((binding, names));
    }
    let mut fresh = names.clone();
    let (mut asked, mut is_first) = (BTreeSet::new(), true);
    for _ in 0..RENAMINGS_MAX {
        let unread = if is_first { fresh.get(1..).unwrap_or_default() } else { fresh.as_slice() };
        let bindings: Vec<Key> = unread.iter().map(|name| binding_of(name, business)).collect();
        let earlier: Vec<Key> = fresh
            .iter()
            .filter(|name| name.channel().renames())
            .map(|name| key::renaming(name, business))
            .collect();
        let keys: Vec<Key> = bindings.iter().chain(&earlier).cloned().collect();
        if keys.is_empty() {
            break;
        }
        let mut found = on.store.get_all(&keys).await?;
        asked.append(&mut fresh.into_iter().collect());
        let renamings = earlier.iter().filter_map(|key| take::<Renaming>(&mut found, key));
        let renamings: Vec<Renaming> = renamings.filter(|one| on.now() < one.until).collect();
        let before = distinct(renamings.iter().flat_map(|one| &one.before));
        fresh = before.into_iter().filter(|name| !asked.contains(name)).collect();
        names.extend(fresh.iter().cloned());
        let binding = bindings.iter().find_map(|key| take::<AddressBinding>(&mut found, key));
        if binding.is_some() {
            return Ok((binding, names));
        }
        is_first = false;
    }
    Ok((None, names))
}

fn binding_of(name: &Address, business: &Address) -> Key {
    key::binding(&Pair { address: name.clone(), proxy: business.clone() })
}

/// Follows a carrier's notice that a customer has other names.
pub(crate) async fn follow(on: &Dependencies, change: &IdentityChange) -> Result<(), Failure> {
    let (old, new) = identity::names(change);
    let (all, after) = (distinct(old.iter().chain(&new)), distinct(&new));
    let followed = on
        .decide(async || {
            let found = open(on, &change.to, all.clone()).await?;
            let keys: Vec<Key> = after.iter().map(|name| key::renaming(name, &change.to)).collect();
            let mut kept = on.store.get_all(&keys).await?;
            let kept: Vec<Renaming> = keys.iter().filter_map(|key| take(&mut kept, key)).collect();
            let rule = |answers: &_| {
                identity::follow(change, found.open.as_ref(), &kept, answers, on.now())
            };
            on.answering::<_, Failure>(rule).await
        })
        .await?;
    match followed {
        Followed::Known(sid) => tracing::info!(conversation.sid = %sid, "renamed"),
        Followed::Nobody => tracing::info!("renamed: nobody of an open conversation"),
        Followed::Elsewhere(sid) => tracing::warn!(
            conversation.sid = %sid,
            "not renamed: a new name belongs to another open conversation"
        ),
    }
    Ok(())
}
