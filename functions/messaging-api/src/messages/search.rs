//! Finding programmable messages. Those of a conversation are named by the conversation alone, so that writing one
//! costs nothing more; a search pays instead. With an address it reads the conversations of that address; without,
//! it reads the whole table, which is bounded.

use std::collections::BTreeSet;

use switchboard_domain::address::Address;
use switchboard_domain::configuration::{AddressConfiguration, PhoneNumber};
use switchboard_domain::conversation::{AddressBinding, Conversation, Membership, Who};
use switchboard_domain::message::Message;
use switchboard_domain::sid::ConversationSid;
use switchboard_domain::timestamp::{Millis, Timestamp};
use switchboard_rest::{Answer, ApiError, Call, Order, Params, ordered};
use switchboard_store::{Key, Listing, Table, key, take};

use super::{View, render};

/// A search that has to read more messages is refused.
const MESSAGES_MAX: usize = 10_000;
/// At most this many records are read in one round.
const ROUND: usize = 500;
/// The same, of the messages of a conversation.
const ROUND_INDEXES: u32 = 500;
const DAY: Millis = Millis::seconds(24 * 3600);

/// What is looked for.
struct Filter {
    from: Option<Address>,
    to: Option<Address>,
    sent: Range,
}

impl Filter {
    /// None if an address is one that no message can have.
    fn read(query: &Params) -> Result<Option<Self>, ApiError> {
        let sent = Range::read(query, "DateSent")?;
        let address = |name: &str| {
            let given = query.get(name).filter(|text| !text.is_empty());
            given.map(str::parse::<Address>).transpose()
        };
        Ok(match (address("From"), address("To")) {
            (Ok(from), Ok(to)) => Some(Self { from, to, sent }),
            _ => None,
        })
    }

    fn holds(&self, view: &View) -> bool {
        let same = |wanted: &Option<Address>, is: Option<&Address>| {
            wanted.as_ref().is_none_or(|wanted| is == Some(wanted))
        };
        same(&self.from, view.from()) && same(&self.to, view.to()) && self.sent.holds(view.sent())
    }
}

/// A span of time, both ends included, in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    low: i64,
    high: i64,
}

impl Range {
    /// Reads `Name` (that day), `Name<` (until then) and `Name>` (from then on).
    pub(crate) fn read(query: &Params, name: &str) -> Result<Self, ApiError> {
        let mut range = Self { low: 0, high: i64::MAX };
        let given = |suffix: &str| {
            let name = format!("{name}{suffix}");
            let text = query.get(&name).filter(|text| !text.is_empty());
            text.map(|text| {
                date(text).ok_or_else(|| {
                    ApiError::bad(format!(
                        "Invalid parameter: {name} is neither a date nor an ISO 8601 time"
                    ))
                })
            })
            .transpose()
        };
        if let Some(day) = given("")? {
            let start = day.seconds() - day.seconds().rem_euclid(DAY.0 / 1000);
            range = Self { low: start, high: start + DAY.0 / 1000 - 1 };
        }
        if let Some(until) = given("<")? {
            range.high = range.high.min(until.seconds());
        }
        if let Some(since) = given(">")? {
            range.low = range.low.max(since.seconds());
        }
        Ok(range)
    }

    /// Whether the time is inside.
    pub(crate) fn holds(self, time: Timestamp) -> bool {
        (self.low..=self.high).contains(&time.seconds())
    }
}

/// `2026-11-22`, or a time with an offset.
fn date(text: &str) -> Option<Timestamp> {
    let midnight = || Timestamp::parse_iso(&format!("{text}T00:00:00Z"));
    Timestamp::parse_iso(text).or_else(midnight)
}

/// `GET …/Messages.json`: newest first.
pub(crate) async fn list(call: &Call<'_>) -> Answer {
    let request = call.page(1000)?;
    let messages = match Filter::read(&call.query)? {
        Some(filter) => {
            let mut found = Found { filter, read: 0, rows: Vec::new() };
            match conversations(call, &found.filter).await? {
                Some(conversations) => found.in_conversations(call, &conversations).await?,
                None => found.everywhere(call).await?,
            }
            found.rows
        }
        None => Vec::new(),
    };
    let page = ordered(messages, Order::Descending, &request);
    Ok(call.paged_2010("messages", &request, &page, |view| render(call, view)))
}

/// The conversations that can hold such messages; none if only reading everything tells.
async fn conversations(
    call: &Call<'_>,
    filter: &Filter,
) -> Result<Option<BTreeSet<ConversationSid>>, ApiError> {
    let addresses: Vec<&Address> = [&filter.from, &filter.to].into_iter().flatten().collect();
    let mut found = BTreeSet::new();
    for address in &addresses {
        let address = address.folded();
        let (open, who) = (Listing::bindings_of(&address), Who::Address(address));
        let closed = Listing::memberships_of(&who);
        let open: Vec<AddressBinding> = call.on.store.all(&open).await?;
        let closed: Vec<Membership> = call.on.store.all(&closed).await?;
        found.extend(open.into_iter().map(|one| one.conversation));
        found.extend(closed.into_iter().map(|one| one.conversation));
    }
    match addresses.as_slice() {
        [] => Ok(None),
        // One of the two is the customer, by whom conversations are found.
        [_, _, ..] => Ok(Some(found)),
        [one] if found.is_empty() || is_ours(call, one).await? => Ok(None),
        [_] => Ok(Some(found)),
    }
}

/// Whether an address is known to be the business' own: its conversations are not found by it.
async fn is_ours(call: &Call<'_>, address: &Address) -> Result<bool, ApiError> {
    let keys = [key::phone_number_of(address), key::address_configuration_of(address)];
    let mut found = call.on.store.get_all(&keys).await?;
    Ok(take::<PhoneNumber>(&mut found, &keys[0]).is_some()
        || take::<AddressConfiguration>(&mut found, &keys[1]).is_some())
}

/// What was found so far, and how much was read for it.
struct Found {
    filter: Filter,
    read: usize,
    rows: Vec<(String, View)>,
}

impl Found {
    fn add(&mut self, message: Message) {
        for view in View::all(message) {
            if self.filter.holds(&view) {
                self.rows.push((key::dated(view.created(), view.sid()), view));
            }
        }
    }

    /// The messages of these conversations, and those that are in none.
    async fn in_conversations(
        &mut self,
        call: &Call<'_>,
        conversations: &BTreeSet<ConversationSid>,
    ) -> Result<(), ApiError> {
        let outside = Listing::single_messages();
        let Range { low, high } = self.filter.sent;
        let (low, high) =
            (Timestamp::from_seconds(low), Timestamp::from_seconds(high) + Millis(999));
        let high = key::dated(high, "\u{10FFFF}");
        let outside = match self.filter.sent.high {
            i64::MAX => outside,
            _ => outside.between(key::dated(low, ""), high),
        };
        self.read_list(call, &outside).await?;
        let keys: Vec<Key> = conversations.iter().map(|sid| key::conversation(*sid)).collect();
        let mut found = call.on.store.get_all(&keys).await?;
        for conversation in keys.iter().filter_map(|key| take::<Conversation>(&mut found, key)) {
            for start in (0..conversation.next_index).step_by(ROUND) {
                let round = start..start.saturating_add(ROUND_INDEXES);
                let messages = call.on.store.messages(&conversation, round).await?;
                self.count(messages.len())?;
                messages.into_iter().filter(|one| !one.removed).for_each(|one| self.add(one));
            }
        }
        Ok(())
    }

    fn count(&mut self, read: usize) -> Result<(), ApiError> {
        self.read += read;
        if self.read > MESSAGES_MAX { Err(too_many()) } else { Ok(()) }
    }

    async fn read_list(&mut self, call: &Call<'_>, listing: &Listing) -> Result<(), ApiError> {
        let mut cursor = None;
        loop {
            let page = call.on.store.page::<Message>(listing, cursor.as_ref(), ROUND).await?;
            self.count(page.records.len())?;
            page.records.into_iter().for_each(|message| self.add(message));
            cursor = page.next;
            if cursor.is_none() {
                return Ok(());
            }
        }
    }

    /// Every message there is.
    async fn everywhere(&mut self, call: &Call<'_>) -> Result<(), ApiError> {
        let found = call.on.store.scan::<Message>(Table::Conversations, MESSAGES_MAX).await?;
        let messages = found.ok_or_else(too_many)?.into_iter();
        messages.filter(|message| !message.removed).for_each(|message| self.add(message));
        Ok(())
    }
}

fn too_many() -> ApiError {
    let advice =
        "give the customer's address in To or From, or list the messages of one conversation";
    ApiError::bad(format!(
        "This list would have to read more than {MESSAGES_MAX} messages: {advice}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(query: &str) -> Range {
        Range::read(&Params::parse(query.as_bytes()), "DateSent").unwrap()
    }

    #[test]
    fn a_date_means_that_day_and_its_signs_include_the_moment() {
        let at = |text: &str| Timestamp::parse_iso(text).unwrap();
        for same_day in [
            "DateSent=2026-11-22",
            "DateSent=2026-11-22T00:00:00Z",
            "DateSent=2026-11-22T10:00:00.5Z",
        ] {
            let day = range(same_day);
            assert!(day.holds(at("2026-11-22T00:00:00Z")), "{same_day}");
            assert!(day.holds(at("2026-11-22T23:59:59.999Z")), "{same_day}");
            assert!(!day.holds(at("2026-11-23T00:00:00Z")), "{same_day}");
            assert!(!day.holds(at("2026-11-21T23:59:59Z")), "{same_day}");
        }
        let between = range("DateSent>=2026-11-22&DateSent<=2026-11-23T01:02:03Z");
        assert!(between.holds(at("2026-11-22T00:00:00Z")));
        assert!(between.holds(at("2026-11-23T01:02:03.9Z")));
        assert!(!between.holds(at("2026-11-21T23:59:59Z")));
        assert!(!between.holds(at("2026-11-23T01:02:04Z")));
        assert_eq!(range("DateSent%3E=2026-11-22"), range("DateSent>=2026-11-22"));
    }

    #[test]
    fn texts_that_are_no_dates_are_refused() {
        for wrong in ["DateSent=yesterday", "DateSent%3C=1", "DateSent>=2026-13-01"] {
            assert!(Range::read(&Params::parse(wrong.as_bytes()), "DateSent").is_err(), "{wrong}");
        }
    }
}
