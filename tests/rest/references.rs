//! Whoever removes a record and whoever comes to refer to it may do so at once: every pair of kinds, in both orders.
//!
//! Each request of a pair is held once where it is about to commit, until the other one is done. Afterwards no record
//! refers to one that is not there, unless [`Rule::Dangles`] says that it may.

mod races;

use serde_json::{Value, json};
use switchboard_check::Moment;
use switchboard_store::reference::{Reference, Rule};
use switchboard_tests::Answered;

use self::races::{leading_to, of_configuration, of_conversations, of_parts, of_tasks, sid};
use crate::world::World;

const ADDRESSES: &str = "/conversations/v1/Configuration/Addresses";
const CONVERSATIONS: &str = "/conversations/v1/Conversations";
const FLOWS: &str = "/studio/v2/Flows";
const INTERACTIONS: &str = "/flex-api/v1/Interactions";
const SERVICES: &str = "/conversations/v1/Services";
const WORKSPACES: &str = "/taskrouter/v1/Workspaces";

/// What becomes of both requests when one of them waits for the other: of the one that refers, and of the removal.
type Outcome = (bool, bool);

/// Both succeed.
const BOTH: Outcome = (true, true);
/// What is referred to stays.
const STAYS: Outcome = (true, false);
/// There is nothing left to refer to.
const TOO_LATE: Outcome = (false, true);

/// A request that comes to refer to something, and the removal of that.
struct Race {
    path: String,
    form: Vec<(&'static str, String)>,
    removed: String,
    /// What becomes of them if the removal is held.
    removal_waits: Outcome,
    /// What becomes of them if the reference is held.
    reference_waits: Outcome,
}

impl Race {
    fn between(
        path: impl Into<String>,
        form: impl IntoIterator<Item = (&'static str, String)>,
        removed: impl Into<String>,
    ) -> Self {
        Self {
            path: path.into(),
            form: form.into_iter().collect(),
            removed: removed.into(),
            removal_waits: STAYS,
            reference_waits: TOO_LATE,
        }
    }

    /// Where the one who removes does so all the same, and takes care of what refers to it.
    fn removed_all_the_same(self) -> Self {
        Self { removal_waits: BOTH, ..self }
    }

    /// Where neither sees the other.
    fn unseen(self) -> Self {
        Self { removal_waits: BOTH, reference_waits: BOTH, ..self }
    }

    fn form(&self) -> Vec<(&str, &str)> {
        self.form.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }
}

/// The function that serves a path.
fn function_of(path: &str) -> &'static str {
    let products = [
        ("/taskrouter/", "taskrouter-api"),
        ("/conversations/", "conversations-api"),
        ("/studio/", "flex-api"),
        ("/flex-api/", "flex-api"),
        ("/messaging/", "messaging-api"),
        ("/api/", "messaging-api"),
        ("/carriers/", "carriers-api"),
        ("/mcs/", "media-api"),
    ];
    let found = products.into_iter().find(|(prefix, _)| path.starts_with(prefix));
    found.unwrap_or_else(|| panic!("{path} is of no product")).1
}

/// An account whose races can be held.
struct Account {
    world: World,
    made: std::cell::Cell<u32>,
}

impl Account {
    async fn open() -> Self {
        let world = World::ticking("conversations-api", "").await;
        // The default service is made with the first look at it.
        world.get(SERVICES).await.expect(200);
        Self { world, made: std::cell::Cell::new(0) }
    }

    fn number(&self) -> u32 {
        self.made.set(self.made.get() + 1);
        self.made.get()
    }

    fn name(&self) -> String {
        format!("n{}", self.number())
    }

    fn address(&self) -> String {
        format!("+1800555{:04}", self.number())
    }

    /// An address that can be in a group.
    fn long_code(&self) -> String {
        format!("+1415555{:04}", self.number())
    }

    /// An address that is the account's.
    async fn owned_address(&self) -> String {
        let address = self.address();
        self.world.owns(&[&address]).await;
        address
    }

    /// The path of what was made below another path.
    async fn make(&self, path: &str, form: &[(&str, &str)]) -> String {
        let made = self.world.post(path, form).await.ok();
        let sid = made["sid"].as_str().unwrap_or_else(|| panic!("{path}: {made}"));
        match path.strip_suffix(".json") {
            Some(list) => format!("{list}/{sid}.json"),
            None => format!("{path}/{sid}"),
        }
    }

    async fn named(&self, path: &str) -> String {
        self.make(path, &[("FriendlyName", &self.name())]).await
    }

    async fn workspace(&self) -> String {
        self.make(WORKSPACES, &[("FriendlyName", &self.name()), ("Template", "FIFO")]).await
    }

    async fn channel(&self, workspace: &str) -> String {
        let name = self.name();
        let form = [("FriendlyName", &*name), ("UniqueName", &name)];
        self.make(&format!("{workspace}/TaskChannels"), &form).await
    }

    async fn workflow(&self, workspace: &str, configuration: &str) -> String {
        let form = [("FriendlyName", &*self.name()), ("Configuration", configuration)];
        self.make(&format!("{workspace}/Workflows"), &form).await
    }

    /// A workflow that leads to the queue of the template.
    async fn plain_workflow(&self, workspace: &str) -> String {
        let path = format!("{workspace}/TaskQueues?FriendlyName=Sample+Queue");
        let queues = self.world.get(&path).await.expect(200);
        let queue = queues["task_queues"][0]["sid"].as_str().unwrap();
        self.workflow(workspace, &leading_to(queue, json!({}))).await
    }

    async fn flow(&self, definition: &str) -> String {
        let form = [("FriendlyName", "F"), ("Status", "published"), ("Definition", definition)];
        self.make(FLOWS, &form).await
    }

    async fn conversation(&self) -> String {
        self.named(CONVERSATIONS).await
    }

    async fn plain_address(&self) -> String {
        self.make(ADDRESSES, &[("Type", "sms"), ("Address", &self.address())]).await
    }

    /// The `Routing` and `Channel` of an interaction for a conversation with a customer.
    async fn interaction(&self, properties: Value) -> (String, [(&'static str, String); 2]) {
        let conversation = self.conversation().await;
        let form = [
            ("MessagingBinding.Address", &*self.address()),
            ("MessagingBinding.ProxyAddress", &self.owned_address().await),
        ];
        self.make(&format!("{conversation}/Participants"), &form).await;
        let media = json!({ "media_channel_sid": sid(&conversation) });
        let channel = json!({ "type": "sms", "initiated_by": "customer", "properties": media });
        let routing = json!({ "properties": properties });
        (conversation, [("Channel", channel.to_string()), ("Routing", routing.to_string())])
    }

    /// Runs a race in which one of both is held, and says what is wrong afterwards.
    async fn runs(&self, pair: Reference, race: &Race, removal_waits: bool) -> Vec<String> {
        let world = &self.world;
        let form = race.form();
        let refers = world.post(&race.path, &form);
        let removes = world.delete(&race.removed);
        let (referred, removed, expected) = if removal_waits {
            let mut referred = None;
            let between = async { referred = Some(refers.await) };
            let by = function_of(&race.removed);
            let removed = world.crossed(by, removes, between).await;
            (referred.unwrap(), removed, race.removal_waits)
        } else {
            let mut removed = None;
            let between = async { removed = Some(removes.await) };
            let by = function_of(&race.path);
            let referred = world.crossed(by, refers, between).await;
            (referred, removed.unwrap(), race.reference_waits)
        };
        world.settles().await;
        let found = world.violations(Moment::Rest).await;
        let mut wrong: Vec<String> = found.iter().map(ToString::to_string).collect();
        let is_done = |answered: &Answered| match answered.status {
            200..300 => Some(true),
            400..500 => Some(false),
            _ => None,
        };
        if is_done(&referred).zip(is_done(&removed)) != Some(expected) {
            wrong.push(format!("{}; {}", referred.body, removed.body));
        }
        if removed.status == 204 {
            let status = world.get(&race.removed).await.status;
            wrong.extend((status != 404).then(|| format!("what was removed answers {status}")));
        }
        // What refers to nothing is as good as before; a worker's channel is gone with the task channel.
        let shown = referred.text("url");
        let is_left = matches!(pair.rule(), Rule::Dangles(_)) && pair != Reference::WorkerChannel;
        if is_left && shown.starts_with("http") {
            let status = world.get(&shown).await.status;
            wrong.extend((status != 200).then(|| format!("what is left answers {status}")));
        }
        let (refers, removes) = (referred.status, removed.status);
        let what = format!("{pair:?}: {} {refers}, {} {removes}", race.path, race.removed);
        wrong.iter().map(|wrong| format!("{what}: {wrong}")).collect()
    }
}

/// Who has the races of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Group {
    Tasks,
    Parts,
    Configuration,
    Conversations,
}

/// The group of a pair; none if there is no race.
const fn group_of(pair: Reference) -> Option<Group> {
    match pair {
        Reference::PartWorkspace
        | Reference::TaskWorkspace
        | Reference::TaskWorkflow
        | Reference::TaskQueue
        | Reference::TaskChannel
        | Reference::TaskWorker => Some(Group::Tasks),
        Reference::WorkerActivity
        | Reference::WorkerChannel
        | Reference::QueueActivity
        | Reference::WorkflowQueue
        | Reference::WorkflowActivity
        | Reference::WorkflowWorker
        | Reference::WorkspaceActivity => Some(Group::Parts),
        Reference::FlowWorkflow
        | Reference::FlowChannel
        | Reference::FlowWorkspace
        | Reference::FlowAddress
        | Reference::AddressFlow
        | Reference::AddressService
        | Reference::ServiceAddress
        | Reference::SettingsService
        | Reference::SettingsMessagingService
        | Reference::NumberMessagingService
        | Reference::MessagingServiceNumber
        | Reference::ShortCodeMessagingService
        | Reference::MessagingServiceShortCode
        | Reference::ChannelSenderMessagingService
        | Reference::MessagingServiceChannelSender
        | Reference::SenderOfConnection
        | Reference::ConnectionOfSender => Some(Group::Configuration),
        Reference::ConversationService
        | Reference::UserService
        | Reference::ConversationMessagingService
        | Reference::ConversationFlow
        | Reference::MessageMessagingService
        | Reference::StickyMessagingService
        | Reference::MessageConversation
        | Reference::BindingConversation
        | Reference::GroupConversation
        | Reference::MembershipConversation
        | Reference::NameConversation
        | Reference::ConversationInteraction
        | Reference::InteractionConversation
        | Reference::InteractionWorkspace => Some(Group::Conversations),
        // The router's: a test of its own below.
        Reference::ReservationWorker
        // Interactions are never removed, and an invite is written with its task.
        | Reference::TaskInteraction
        | Reference::InteractionTask
        // A name is written, and removed, with its worker.
        | Reference::NameWorker
        // A customer's message names it when it comes, and no message is ever deleted.
        | Reference::MessageMessage
        // A page is written with its conversation, by the message that fills it.
        | Reference::PageConversation
        // An upload is written with the message that shows it, and goes after that has lost it.
        | Reference::MessageUpload
        | Reference::UploadMessage
        // Uploads of a service that is removed meanwhile find no conversation to be shown in.
        | Reference::UploadService => None,
    }
}

/// Runs every race of a group in both orders. `races` gives the ways in which a record of the first kind of a pair
/// comes to refer to one of the second, each time with new records.
async fn nothing_dangles(group: Group, races: impl AsyncFn(&Account, Reference) -> Vec<Race>) {
    let on = Account::open().await;
    let mut wrong = Vec::new();
    for pair in Reference::ALL.iter().copied().filter(|pair| group_of(*pair) == Some(group)) {
        for removal_waits in [true, false] {
            let races = races(&on, pair).await;
            assert!(!races.is_empty(), "{pair:?}");
            for race in races {
                wrong.extend(on.runs(pair, &race, removal_waits).await);
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_task_keeps_what_it_is_routed_by_or_is_given_up() {
    nothing_dangles(Group::Tasks, of_tasks).await;
}

#[tokio::test]
async fn what_is_in_a_workspace_stays_as_long_as_something_in_it_refers_to_it() {
    nothing_dangles(Group::Parts, of_parts).await;
}

#[tokio::test]
async fn what_operators_set_up_refers_to_what_is_there() {
    nothing_dangles(Group::Configuration, of_configuration).await;
}

#[tokio::test]
async fn a_conversation_is_found_by_what_refers_to_it_and_outlives_what_it_came_by() {
    nothing_dangles(Group::Conversations, of_conversations).await;
}

#[tokio::test]
async fn a_worker_who_is_offered_a_task_while_they_are_removed_stays() {
    let on = Account::open().await;
    let root = on.workspace().await;
    let activities = on.world.get(&format!("{root}/Activities")).await.expect(200);
    let all = activities["activities"].as_array().unwrap();
    let available = all.iter().find(|one| one["available"] == true).unwrap();
    let form = [("FriendlyName", "ann"), ("ActivitySid", available["sid"].as_str().unwrap())];
    let worker = on.make(&format!("{root}/Workers"), &form).await;
    on.world.settles().await;
    on.make(&format!("{root}/Tasks"), &[]).await;
    let offered = on.world.settles();
    let removal = on.world.crossed("taskrouter-api", on.world.delete(&worker), offered).await;
    let words = removal.refused(400, 20001);
    assert!(words.starts_with("The worker has an open reservation for task WT"), "{words}");
    assert_eq!(on.world.violations(Moment::Rest).await, []);
}
