//! The ways in which a record of the first kind of a pair comes to refer to one of the second, each with new records.

use serde_json::{Value, json};
use switchboard_store::reference::Reference;
use switchboard_tests::ACCOUNT;

use super::{ADDRESSES, Account, CONVERSATIONS, FLOWS, INTERACTIONS, Race, SERVICES};
use crate::flex::flows::definition;

const MESSAGING: &str = "/messaging/v1/Services";
const SETTINGS: &str = "/conversations/v1/Configuration";

/// What is in a workspace, tasks above all.
pub(super) async fn of_tasks(on: &Account, pair: Reference) -> Vec<Race> {
    let root = on.workspace().await;
    let below = |segment: &str| format!("{root}/{segment}");
    let tasks = below("Tasks");
    let workflow = on.plain_workflow(&root).await;
    match pair {
        Reference::PartWorkspace => {
            let mut all = Vec::new();
            for segment in ["Activities", "TaskQueues", "Workers"] {
                let root = on.workspace().await;
                let form = [("FriendlyName", on.name())];
                let race = Race::between(format!("{root}/{segment}"), form, root);
                all.push(race.removed_all_the_same());
            }
            all
        }
        Reference::TaskWorkspace => {
            let form = [("WorkflowSid", sid(&workflow).to_owned())];
            vec![Race::between(tasks, form, &*root).unseen()]
        }
        Reference::TaskWorkflow => {
            let form = [("WorkflowSid", sid(&workflow).to_owned())];
            let task = Race::between(tasks, form, &*workflow);
            let other = on.plain_workflow(&root).await;
            let properties = json!({ "workspace_sid": sid(&root), "workflow_sid": sid(&other) });
            let (_, form) = on.interaction(properties).await;
            vec![task.unseen(), Race::between(INTERACTIONS, form, other).unseen()]
        }
        Reference::TaskQueue => {
            let queue = on.named(&below("TaskQueues")).await;
            let form = [
                ("WorkflowSid", sid(&workflow).to_owned()),
                ("RoutingTarget", sid(&queue).to_owned()),
            ];
            vec![Race::between(tasks, form, queue).unseen()]
        }
        Reference::TaskChannel => {
            let (first, second) = (on.channel(&root).await, on.channel(&root).await);
            let form = [
                ("WorkflowSid", sid(&workflow).to_owned()),
                ("TaskChannel", sid(&first).to_owned()),
            ];
            let task = on.make(&tasks, &[("WorkflowSid", sid(&workflow))]).await;
            let change = [("TaskChannel", sid(&second).to_owned())];
            vec![Race::between(tasks, form, first).unseen(), Race::between(task, change, second)]
        }
        _ => {
            let worker = on.named(&below("Workers")).await;
            let form = [
                ("WorkflowSid", sid(&workflow).to_owned()),
                ("RoutingTarget", sid(&worker).to_owned()),
            ];
            vec![Race::between(tasks, form, worker).unseen()]
        }
    }
}

/// What is in a workspace and refers to something else in it.
pub(super) async fn of_parts(on: &Account, pair: Reference) -> Vec<Race> {
    let root = on.workspace().await;
    let below = |segment: &str| format!("{root}/{segment}");
    let activity = async || on.named(&below("Activities")).await;
    let name = || ("FriendlyName", on.name());
    let of = |path: &str| sid(path).to_owned();
    match pair {
        Reference::WorkerActivity => {
            let (first, second) = (activity().await, activity().await);
            let worker = on.named(&below("Workers")).await;
            let form = [name(), ("ActivitySid", of(&first))];
            let change = [("ActivitySid", of(&second))];
            vec![
                Race::between(below("Workers"), form, first),
                Race::between(worker, change, second),
            ]
        }
        Reference::WorkerChannel => {
            let channel = on.channel(&root).await;
            let worker = on.named(&below("Workers")).await;
            let path = format!("{worker}/Channels/{}", sid(&channel));
            vec![
                Race::between(path, [("Capacity", "3".to_owned())], channel).removed_all_the_same(),
            ]
        }
        Reference::QueueActivity => {
            let (first, second) = (activity().await, activity().await);
            let queue = on.named(&below("TaskQueues")).await;
            let form = [name(), ("ReservationActivitySid", of(&first))];
            let change = [("AssignmentActivitySid", of(&second))];
            vec![
                Race::between(below("TaskQueues"), form, first),
                Race::between(queue, change, second),
            ]
        }
        Reference::WorkspaceActivity => {
            let (first, second) = (activity().await, activity().await);
            vec![
                Race::between(&*root, [("DefaultActivitySid", of(&first))], first),
                Race::between(&*root, [("TimeoutActivitySid", of(&second))], second),
            ]
        }
        _ => of_workflows(on, pair, &root).await,
    }
}

/// Workflows, and what their configuration names.
async fn of_workflows(on: &Account, pair: Reference, root: &str) -> Vec<Race> {
    let below = |segment: &str| format!("{root}/{segment}");
    let name = || ("FriendlyName", on.name());
    let first = on.named(&below("TaskQueues")).await;
    let leading = |queue: &str, with: Value| ("Configuration", leading_to(sid(queue), with));
    if pair == Reference::WorkflowQueue {
        let second = on.named(&below("TaskQueues")).await;
        let workflow = on.plain_workflow(root).await;
        let (to_first, to_second) = (leading(&first, json!({})), leading(&second, json!({})));
        return vec![
            Race::between(below("Workflows"), [name(), to_first], first),
            Race::between(workflow, [to_second], second),
        ];
    }
    let (what, with) = if pair == Reference::WorkflowActivity {
        let activity = on.named(&below("Activities")).await;
        let skip_if = format!("workers.{} == 0", sid(&activity));
        (activity, json!({ "skip_if": skip_if }))
    } else {
        let worker = on.named(&below("Workers")).await;
        let known = json!({ "known_worker_sid": sid(&worker) });
        (worker, known)
    };
    let race = Race::between(below("Workflows"), [name(), leading(&first, with)], what);
    vec![if pair == Reference::WorkflowWorker { race.removed_all_the_same() } else { race }]
}

/// Flows, new and changed, and what they hand over by.
async fn of_flows(on: &Account, pair: Reference) -> Vec<Race> {
    let mut all = Vec::new();
    for is_new in [true, false] {
        let root = on.workspace().await;
        let (workflow, channel) = (on.plain_workflow(&root).await, on.channel(&root).await);
        let form = [
            ("FriendlyName", "F".to_owned()),
            ("Status", "published".to_owned()),
            ("Definition", definition(sid(&workflow), sid(&channel))),
        ];
        let path = if is_new { FLOWS.to_owned() } else { on.flow(&ending()).await };
        let removed = match pair {
            Reference::FlowWorkflow => workflow,
            Reference::FlowChannel => channel,
            _ => root,
        };
        all.push(Race::between(path, form, removed));
    }
    all
}

/// Flows, addresses, settings, and pools of senders.
pub(super) async fn of_configuration(on: &Account, pair: Reference) -> Vec<Race> {
    let of = |path: &str| sid(path).to_owned();
    let studio = |flow: &str| {
        [("AutoCreation.Type", "studio".to_owned()), ("AutoCreation.StudioFlowSid", of(flow))]
    };
    let new = || [("Type", "sms".to_owned()), ("Address", on.address())];
    let in_service = |service: &str| [("AutoCreation.ConversationServiceSid", of(service))];
    match pair {
        Reference::FlowWorkflow | Reference::FlowChannel | Reference::FlowWorkspace => {
            of_flows(on, pair).await
        }
        Reference::FlowAddress => {
            let flow = on.flow(&ending()).await;
            let address = on.plain_address().await;
            let [kind, named] = studio(&flow);
            let form = [(kind.0, &*kind.1), (named.0, &*named.1)];
            on.world.post(&address, &form).await.expect(200);
            vec![Race::between(flow, [("Status", "draft".to_owned())], address).unseen()]
        }
        Reference::AddressFlow => {
            let (first, second) = (on.flow(&ending()).await, on.flow(&ending()).await);
            let address = on.plain_address().await;
            let form = new().into_iter().chain(studio(&first));
            vec![
                Race::between(ADDRESSES, form, first),
                Race::between(address, studio(&second), second),
            ]
        }
        Reference::AddressService => {
            let (first, second) = (on.named(SERVICES).await, on.named(SERVICES).await);
            let address = on.plain_address().await;
            let form = new().into_iter().chain(in_service(&first));
            vec![
                Race::between(ADDRESSES, form, first),
                Race::between(address, in_service(&second), second),
            ]
        }
        Reference::ServiceAddress => {
            let service = on.named(SERVICES).await;
            let address = on.plain_address().await;
            vec![Race::between(&*address, in_service(&service), &*address).removed_all_the_same()]
        }
        Reference::SettingsService => {
            let service = on.named(SERVICES).await;
            let told = on.named(SERVICES).await;
            let webhooks = format!("{told}/Configuration/Webhooks");
            let hooks = Race::between(webhooks, [("Filters", "onMessageAdded".to_owned())], told);
            vec![
                Race::between(SETTINGS, [("DefaultChatServiceSid", of(&service))], service),
                hooks.removed_all_the_same(),
            ]
        }
        Reference::SettingsMessagingService => {
            let service = on.named(MESSAGING).await;
            let form = [("DefaultMessagingServiceSid", of(&service))];
            vec![Race::between(SETTINGS, form, service).removed_all_the_same()]
        }
        Reference::SenderOfConnection | Reference::ConnectionOfSender => {
            vec![of_connection(on).await]
        }
        Reference::ShortCodeMessagingService
        | Reference::MessagingServiceShortCode
        | Reference::ChannelSenderMessagingService
        | Reference::MessagingServiceChannelSender => vec![of_other_senders(on, pair).await],
        _ => vec![of_pool(on, pair).await],
    }
}

/// A number that comes into a pool, or a pool that gets it.
async fn of_pool(on: &Account, pair: Reference) -> Race {
    let service = on.named(MESSAGING).await;
    let list = api("/IncomingPhoneNumbers.json");
    let number = on.make(&list, &[("PhoneNumber", &on.address())]).await;
    let pool = format!("{service}/PhoneNumbers");
    let form = [("PhoneNumberSid", sid(&number).to_owned())];
    let removed = if pair == Reference::NumberMessagingService { service } else { number };
    Race::between(pool, form, removed).removed_all_the_same()
}

/// A short code, or a sender on a channel, that comes into a pool.
async fn of_other_senders(on: &Account, pair: Reference) -> Race {
    let service = on.named(MESSAGING).await;
    let is_code =
        matches!(pair, Reference::ShortCodeMessagingService | Reference::MessagingServiceShortCode);
    let (what, parameter, member) = if is_code {
        let digits = format!("{}", 100_000 + on.number());
        let form = [("ShortCode", digits.as_str()), ("CountryCode", "US")];
        ("ShortCodes", "ShortCodeSid", on.make(&api("/SMS/ShortCodes.json"), &form).await)
    } else {
        let sender = format!("messenger:{}", on.number());
        let form = [("sender_id", sender.as_str())];
        ("ChannelSenders", "Sid", on.make("/messaging/v2/Channels/Senders", &form).await)
    };
    let form = [(parameter, sid(&member).to_owned())];
    let is_of_service = matches!(
        pair,
        Reference::ShortCodeMessagingService | Reference::ChannelSenderMessagingService
    );
    let removed = if is_of_service { service.clone() } else { member };
    Race::between(format!("{service}/{what}"), form, removed).removed_all_the_same()
}

/// A number that comes to go by a connection.
async fn of_connection(on: &Account) -> Race {
    let form = [
        ("Carrier", "twilio"),
        ("AccountSid", "AC50000000000000000000000000000000"),
        ("AuthToken", "token-of-the-connection"),
    ];
    let connection = on.make("/carriers/v1/Connections", &form).await;
    let form = [("Address", on.address())];
    Race::between(format!("{connection}/Numbers"), form, connection)
}

/// Conversations, what is in them, and what finds them.
pub(super) async fn of_conversations(on: &Account, pair: Reference) -> Vec<Race> {
    let of = |path: &str| sid(path).to_owned();
    match pair {
        Reference::ConversationService => {
            let service = on.named(SERVICES).await;
            let form = [("FriendlyName", on.name())];
            vec![Race::between(format!("{service}/Conversations"), form, service).unseen()]
        }
        Reference::UserService => {
            let service = on.named(SERVICES).await;
            let form = [("Identity", on.name())];
            vec![Race::between(format!("{service}/Users"), form, service).unseen()]
        }
        Reference::ConversationMessagingService => {
            let (first, second) = (on.named(MESSAGING).await, on.named(MESSAGING).await);
            let conversation = on.conversation().await;
            let naming = |service: &str| [("MessagingServiceSid", of(service))];
            vec![
                Race::between(CONVERSATIONS, naming(&first), first).unseen(),
                Race::between(conversation, naming(&second), second).unseen(),
            ]
        }
        Reference::ConversationFlow => {
            let (first, second) = (on.flow(&ending()).await, on.flow(&ending()).await);
            let webhooks = format!("{}/Webhooks", on.conversation().await);
            let kept = on.flow(&ending()).await;
            let form = [("Target", "studio"), ("Configuration.FlowSid", sid(&kept))];
            let webhook = on.make(&webhooks, &form).await;
            let naming = |flow: &str| ("Configuration.FlowSid", of(flow));
            let form = [("Target", "studio".to_owned()), naming(&first)];
            vec![
                Race::between(webhooks, form, first).unseen(),
                Race::between(webhook, [naming(&second)], second).unseen(),
            ]
        }
        // The mapping is written before the message.
        Reference::MessageMessagingService | Reference::StickyMessagingService => {
            let service = on.named(MESSAGING).await;
            let senders = format!("{service}/AlphaSenders");
            on.world.post(&senders, &[("AlphaSender", "ACME")]).await.expect(201);
            let form = [
                // Where senders may have letters.
                ("To", format!("+44791112{:04}", on.number())),
                ("MessagingServiceSid", of(&service)),
                ("Body", "Hi".to_owned()),
            ];
            vec![Race::between(api("/Messages.json"), form, service).unseen()]
        }
        Reference::ConversationInteraction
        | Reference::InteractionConversation
        | Reference::InteractionWorkspace => {
            let root = on.workspace().await;
            let (conversation, form) = on.interaction(json!({ "workspace_sid": sid(&root) })).await;
            vec![if pair == Reference::InteractionWorkspace {
                Race::between(INTERACTIONS, form, root).unseen()
            } else {
                Race::between(INTERACTIONS, form, conversation).removed_all_the_same()
            }]
        }
        _ => vec![of_one_conversation(on, pair).await],
    }
}

/// What is written together with its conversation.
async fn of_one_conversation(on: &Account, pair: Reference) -> Race {
    let conversation = on.conversation().await;
    let below = |segment: &str| format!("{conversation}/{segment}");
    let (path, form) = match pair {
        Reference::MessageConversation => (below("Messages"), vec![("Body", on.name())]),
        Reference::BindingConversation => {
            let form = vec![
                ("MessagingBinding.Address", on.address()),
                ("MessagingBinding.ProxyAddress", on.owned_address().await),
            ];
            (below("Participants"), form)
        }
        Reference::GroupConversation => {
            let ours = on.long_code();
            on.world.owns(&[&ours]).await;
            let participants = below("Participants");
            on.make(&participants, &[("MessagingBinding.ProjectedAddress", &ours)]).await;
            on.make(&participants, &[("MessagingBinding.Address", &on.long_code())]).await;
            (participants, vec![("MessagingBinding.Address", on.long_code())])
        }
        Reference::MembershipConversation => (below("Participants"), vec![("Identity", on.name())]),
        _ => (conversation.clone(), vec![("UniqueName", on.name())]),
    };
    Race::between(path, form, conversation).removed_all_the_same()
}

pub(super) fn sid(path: &str) -> &str {
    path.rsplit('/').next().unwrap().trim_end_matches(".json")
}

fn api(path: &str) -> String {
    format!("/api/2010-04-01/Accounts/{ACCOUNT}{path}")
}

/// A workflow's configuration with one target.
pub(super) fn leading_to(queue: &str, with: Value) -> String {
    let mut target = json!({ "queue": queue });
    target.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
    let filters = json!([{ "expression": "1==1", "targets": [target] }]);
    json!({ "task_routing": { "filters": filters } }).to_string()
}

/// The definition of a flow that hands over to nobody.
fn ending() -> String {
    let states =
        json!([{ "name": "Trigger", "type": "trigger", "properties": {}, "transitions": [] }]);
    json!({ "description": "", "initial_state": "Trigger", "states": states }).to_string()
}
