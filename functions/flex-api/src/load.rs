//! What the operations of one interaction read.

use serde_json::Value;
use switchboard_domain::codes::Code;
use switchboard_domain::configuration::AddressConfiguration;
use switchboard_domain::conversation::Conversation;
use switchboard_domain::interaction::Interaction;
use switchboard_domain::process::saga::Means;
use switchboard_domain::routing::workflow::Workflow as Rules;
use switchboard_domain::sid::{ChannelSid, InteractionSid, Sid as _, TaskQueueSid, TaskSid};
use switchboard_domain::task::Task;
use switchboard_domain::workspace::{TaskChannel, TaskQueue, Workflow};
use switchboard_rest::{ApiError, Call};
use switchboard_store::{Key, key, take};

/// An interaction with its conversation.
pub(crate) struct Both {
    pub(crate) interaction: Interaction,
    pub(crate) conversation: Conversation,
}

/// The interaction of a path.
pub(crate) async fn interaction(call: &Call<'_>, kd: &str) -> Result<Interaction, ApiError> {
    let sid: InteractionSid = call.sid(kd)?;
    call.on.store.get(key::interaction(sid)).await?.ok_or_else(|| call.not_found())
}

/// The interaction and the channel of a path.
pub(crate) async fn channel(call: &Call<'_>, kd: &str, uo: &str) -> Result<Interaction, ApiError> {
    let interaction = interaction(call, kd).await?;
    if call.sid::<ChannelSid>(uo)? == interaction.channel_sid() {
        Ok(interaction)
    } else {
        Err(call.not_found())
    }
}

/// The interaction and the channel of a path, with the conversation.
pub(crate) async fn both(call: &Call<'_>, kd: &str, uo: &str) -> Result<Both, ApiError> {
    let sid: InteractionSid = call.sid(kd)?;
    let keys = [key::interaction(sid), key::conversation(sid.twin())];
    let mut found = call.on.store.get_all(&keys).await?;
    let interaction: Interaction = take(&mut found, &keys[0]).ok_or_else(|| call.not_found())?;
    if call.sid::<ChannelSid>(uo)? != interaction.channel_sid() {
        return Err(call.not_found());
    }
    let conversation = take(&mut found, &keys[1]).ok_or(Code::NoSuchConversation)?;
    Ok(Both { interaction, conversation })
}

/// What is done when nobody is responsible any more: what the interaction asks for, or its address.
pub(crate) async fn means(call: &Call<'_>, both: &Both) -> Result<Means, ApiError> {
    let care = match (&both.interaction.care, both.conversation.contact()) {
        (Some(care), _) => Some(care.clone()),
        (None, Some(contact)) => {
            let at = key::address_configuration_of(&contact.proxy);
            let address: Option<AddressConfiguration> = call.on.store.get(at).await?;
            address.and_then(|address| address.care)
        }
        (None, None) => None,
    };
    Ok(Means { care: care.map(|care| *care).unwrap_or_default(), ..Means::default() })
}

/// Tasks that are still kept.
pub(crate) async fn tasks(
    call: &Call<'_>,
    sids: impl Iterator<Item = TaskSid>,
) -> Result<Vec<Task>, ApiError> {
    let keys: Vec<Key> = sids.map(key::task).collect();
    let mut found = call.on.store.get_all(&keys).await?;
    Ok(keys.iter().filter_map(|key| take(&mut found, key)).collect())
}

/// What gives a task's workflow, queue and channel their names.
#[derive(Default)]
pub(crate) struct TaskNames {
    pub(crate) workflow: Option<Workflow>,
    pub(crate) queue: Option<TaskQueue>,
    pub(crate) channel: Option<TaskChannel>,
}

/// The names of a task. One that has not entered its workflow yet goes to the queue that it will enter.
pub(crate) async fn names(call: &Call<'_>, task: &Task) -> Result<TaskNames, ApiError> {
    let workflow = key::workflow(task.workspace, task.workflow);
    let channel = key::task_channel(task.workspace, task.channel);
    let queue = |queue| key::task_queue(task.workspace, queue);
    let mut keys = vec![workflow.clone(), channel.clone()];
    keys.extend(task.queue.map(queue));
    let mut found = call.on.store.get_all(&keys).await?;
    let mut names = TaskNames {
        workflow: take(&mut found, &workflow),
        queue: task.queue.and_then(|sid| take(&mut found, &queue(sid))),
        channel: take(&mut found, &channel),
    };
    if task.queue.is_none()
        && let Some(first) = first_queue(task, &names)
    {
        names.queue = call.on.store.get(queue(first)).await?;
    }
    Ok(names)
}

/// The queue that a new task is going to: it enters its workflow a moment later.
pub(crate) fn first_queue(task: &Task, names: &TaskNames) -> Option<TaskQueueSid> {
    let rules = Rules::parse(&names.workflow.as_ref()?.configuration).ok()?;
    let attributes: Value = serde_json::from_str(&task.attributes).ok()?;
    match rules.first_match(&attributes) {
        Some(position) => rules.target(position).map(|target| target.queue),
        None => rules.default_filter().map(|target| target.queue),
    }
}
