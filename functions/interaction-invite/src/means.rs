//! What there is to find somebody with for a conversation that nobody is responsible for: what its interaction or its address asks for, how
//! the last task was routed, and where both lead.

use switchboard_domain::configuration::AddressConfiguration;
use switchboard_domain::conversation::Conversation;
use switchboard_domain::interaction::{Care, Cause, Interaction, LastRouting, Rest, Unattended};
use switchboard_domain::process::saga::{Means, Way};
use switchboard_domain::sid::TaskSid;
use switchboard_domain::task::Task;
use switchboard_domain::workspace::Route;
use switchboard_runtime::{Dependencies, Failure};
use switchboard_store::{Key, key, take};

/// After the end of the task that somebody was responsible by, and why it ended.
pub(crate) async fn after(
    on: &Dependencies,
    interaction: &Interaction,
    conversation: &Conversation,
    task: TaskSid,
) -> Result<(Cause, Means), Failure> {
    let (task, own) = (key::task(task), care_key(interaction, conversation));
    let keys: Vec<Key> = own.iter().cloned().chain([task.clone()]).collect();
    let mut found = on.store.get_all(&keys).await?;
    let task: Option<Task> = take(&mut found, &task);
    let address = own.and_then(|own| take::<AddressConfiguration>(&mut found, &own));
    let care = care(interaction, address);
    // Also if it was asked already: then the customer's next message asks it again.
    let fallback = match &care.fallback {
        Some(route) => way(on, route).await?,
        None => None,
    };
    let last = task.as_ref().map(LastRouting::of);
    Ok((Cause::of(task.as_ref()), Means { care, last, fallback, original: None }))
}

/// When the customer writes whom nobody is responsible for.
pub(crate) async fn to_resume(
    on: &Dependencies,
    interaction: &Interaction,
    conversation: &Conversation,
    rest: &Unattended,
) -> Result<Means, Failure> {
    let address: Option<AddressConfiguration> = match care_key(interaction, conversation) {
        Some(own) => {
            let mut found = on.store.get_all(std::slice::from_ref(&own)).await?;
            take(&mut found, &own)
        }
        None => None,
    };
    let care = care(interaction, address);
    let last = rest.last.clone().filter(|_| rest.rest == Rest::Parked);
    let original = match &last {
        Some(last) => {
            let (workspace, workflow, channel) = (last.workspace, last.workflow, last.channel);
            way(on, &Route { workspace, workflow, channel }).await?
        }
        None => None,
    };
    let fallback = match care.fallback.as_ref().filter(|_| original.is_none()) {
        Some(route) => way(on, route).await?,
        None => None,
    };
    Ok(Means { care, last, fallback, original })
}

/// The address that says what is done, unless the interaction says it itself.
fn care_key(interaction: &Interaction, conversation: &Conversation) -> Option<Key> {
    let contact = conversation.contact().filter(|_| interaction.care.is_none())?;
    Some(key::address_configuration_of(&contact.proxy))
}

fn care(interaction: &Interaction, address: Option<AddressConfiguration>) -> Care {
    let own = interaction.care.clone().or_else(|| address?.care);
    own.map(|care| *care).unwrap_or_default()
}

/// Where a route leads, if both are still there.
async fn way(on: &Dependencies, route: &Route) -> Result<Option<Way>, Failure> {
    let workflow = key::workflow(route.workspace, route.workflow);
    let channel = key::task_channel(route.workspace, route.channel);
    let mut found = on.store.get_all(&[workflow.clone(), channel.clone()]).await?;
    Ok(take(&mut found, &workflow).zip(take(&mut found, &channel)))
}
