//! Asked once, there once: an operator creates one of everything that can be created, and each write of the way meets
//! a fault that the client or we ourselves are to mend by trying again. Whatever was asked for is made, and its list has
//! one more.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::journey::Step;
use crate::kernel::Kernel;
use crate::plan::{Each, Plan};
use crate::runs::simulated;
use crate::setup::{ACCOUNT, Setting, body, request};
use crate::side_by_side;
use crate::world::faults_of;

/// Nobody waits longer for anything.
const PATIENCE_MS: i64 = 5_000;
/// At least so many writes are on the way: one for each kind of thing that can be created.
const CREATED_MIN: usize = 24;

/// Whoever joins a conversation is one more.
const USERS: &str = "/conversations/v1/Users";
const CONVERSATIONS: &str = "/conversations/v1/Conversations";
const CUSTOMER: &str = "+14155550177";
const DESK: &str = "+18005550177";

/// The operator's way, and what the lists must show in the end.
struct Operator {
    on: Kernel,
    /// How many each list has to have.
    lists: BTreeMap<String, usize>,
}

/// Goes the whole way; then everything comes to rest and is looked at.
async fn operator(plan: Plan) -> Kernel {
    let on = Kernel::start(7, plan, Setting::default()).await;
    let mut operator = Operator { on, lists: BTreeMap::new() };
    let _ = operator.sets_up().await;
    operator.on.all_is_well().await;
    let lists = std::mem::take(&mut operator.lists);
    for (list, expected) in lists {
        let found = operator.count(&list).await;
        if found != expected {
            let detail = format!("{list}: {found} of {expected}");
            operator.on.world.violated("what was asked for once is there once", detail);
        }
    }
    operator.on
}

impl Operator {
    async fn sets_up(&mut self) -> Step {
        self.messaging().await?;
        self.workspace().await?;
        self.conversations().await?;
        self.interaction().await
    }

    /// Numbers, services, keys and a message outside of conversations.
    async fn messaging(&mut self) -> Step {
        let account = format!("/api/2010-04-01/Accounts/{ACCOUNT}");
        let numbers = format!("{account}/IncomingPhoneNumbers.json");
        let number = self.creates(&numbers, &[("PhoneNumber", DESK)]).await?;
        let service = self.creates("/messaging/v1/Services", &[("FriendlyName", "mine")]).await?;
        let pool = format!("/messaging/v1/Services/{service}");
        self.creates(&format!("{pool}/PhoneNumbers"), &[("PhoneNumberSid", &number)]).await?;
        self.creates(&format!("{pool}/AlphaSenders"), &[("AlphaSender", "ACME")]).await?;
        self.creates(&format!("{account}/Keys.json"), &[("FriendlyName", "mine")]).await?;
        let form = [("To", CUSTOMER), ("MessagingServiceSid", &service), ("Body", "once")];
        self.creates(&format!("{account}/Messages.json"), &form).await?;
        Some(())
    }

    /// A workspace, what it contains, and a task.
    async fn workspace(&mut self) -> Step {
        let workspaces = "/taskrouter/v1/Workspaces";
        let workspace = self.creates(workspaces, &[("FriendlyName", "mine")]).await?;
        let root = format!("{workspaces}/{workspace}");
        let named = [("FriendlyName", "mine"), ("UniqueName", "mine")];
        self.creates(&format!("{root}/Activities"), &named[..1]).await?;
        self.creates(&format!("{root}/TaskChannels"), &named).await?;
        let queue = self.creates(&format!("{root}/TaskQueues"), &named[..1]).await?;
        let routing = json!({ "task_routing": { "default_filter": { "queue": queue } } });
        let form = [("FriendlyName", "mine"), ("Configuration", &*routing.to_string())];
        let workflow = self.creates(&format!("{root}/Workflows"), &form).await?;
        self.creates(&format!("{root}/Workers"), &named[..1]).await?;
        let form = [("WorkflowSid", &*workflow), ("Attributes", "{}")];
        self.creates(&format!("{root}/Tasks"), &form).await?;
        Some(())
    }

    /// A flow, an address, a service, a conversation and what is in it.
    async fn conversations(&mut self) -> Step {
        let states =
            json!([{ "name": "Trigger", "type": "trigger", "properties": {}, "transitions": [] }]);
        let flow = json!({ "description": "", "initial_state": "Trigger", "states": states });
        let flow = flow.to_string();
        let form = [("FriendlyName", "mine"), ("Status", "draft"), ("Definition", &*flow)];
        self.creates("/studio/v2/Flows", &form).await?;
        let form = [("Type", "sms"), ("Address", DESK)];
        self.creates("/conversations/v1/Configuration/Addresses", &form).await?;
        self.creates("/conversations/v1/Services", &[("FriendlyName", "mine")]).await?;
        let form = [("FriendlyName", "mine"), ("UniqueName", "mine")];
        let conversation = self.creates(CONVERSATIONS, &form).await?;
        let inside = format!("{CONVERSATIONS}/{conversation}");
        let form = [
            ("Target", "webhook"),
            ("Configuration.Url", "https://10.0.0.1/hook"),
            ("Configuration.Filters", "onConversationUpdated"),
        ];
        self.creates(&format!("{inside}/Webhooks"), &form).await?;
        self.creates(USERS, &[("Identity", "ann")]).await?;
        let role =
            [("FriendlyName", "mine"), ("Type", "service"), ("Permission", "joinConversation")];
        self.creates("/conversations/v1/Roles", &role).await?;
        let participants = format!("{inside}/Participants");
        let form = [("Identity", "somebody")];
        self.creates_in(&[&participants, USERS], &participants, &form).await?;
        let form = [("Author", "somebody"), ("Body", "once")];
        self.creates(&format!("{inside}/Messages"), &form).await?;
        let pair = json!({ "messaging_binding": { "address": CUSTOMER, "proxy_address": DESK } });
        let form = [("Participant", &*pair.to_string())];
        let path = "/conversations/v1/ConversationWithParticipants";
        self.creates_in(&[CONVERSATIONS], path, &form).await?;
        Some(())
    }

    /// An interaction of the customer's conversation, one more invite and one more seat.
    async fn interaction(&mut self) -> Step {
        let conversations = self.listed(CONVERSATIONS).await;
        let mine = conversations.iter().find(|one| one["unique_name"].is_null())?;
        let properties = json!({ "media_channel_sid": mine["sid"] });
        let channel =
            json!({ "type": "sms", "initiated_by": "customer", "properties": properties });
        let workspace = self.on.centre.sid("workspace").to_owned();
        let routing = json!({ "properties": {
            "workspace_sid": workspace,
            "workflow_sid": self.on.centre.sid("workflow"),
            "task_channel_unique_name": "sms",
        }})
        .to_string();
        let tasks = format!("/taskrouter/v1/Workspaces/{workspace}/Tasks");
        let form = [("Channel", &*channel.to_string()), ("Routing", &routing)];
        let interactions = "/flex-api/v1/Interactions";
        let interaction = self.creates_in(&[&tasks], interactions, &form).await?;
        let digits = &interaction[2..];
        let channel = format!("{interactions}/{interaction}/Channels/UO{digits}");
        let invites = format!("{channel}/Invites");
        self.creates_in(&[&invites, &tasks], &invites, &[("Routing", &routing)]).await?;
        let form = [("Type", "supervisor"), ("MediaProperties", r#"{"identity":"boss"}"#)];
        let seats = format!("{channel}/Participants");
        self.creates_in(&[&seats, USERS], &seats, &form).await?;
        Some(())
    }

    /// Creates by a request to the list itself; the new sid.
    async fn creates(&mut self, list: &str, form: &[(&str, &str)]) -> Step<String> {
        self.creates_in(&[list], list, form).await
    }

    /// Creates what is one more in each of these lists.
    async fn creates_in(
        &mut self,
        lists: &[&str],
        path: &str,
        form: &[(&str, &str)],
    ) -> Step<String> {
        for list in lists {
            let count = self.count(list).await;
            self.lists.entry((*list).to_owned()).or_insert(count);
        }
        self.on.facts.last = None;
        self.on.ask_knowing("POST", path, form).await;
        self.on.drain(PATIENCE_MS).await;
        let (status, answer) = self.on.facts.last.take().unwrap_or_default();
        if !(200..300).contains(&status) {
            let detail = format!("{path}: {status} {answer}");
            self.on.world.violated("what is new is made", detail);
        }
        for list in lists {
            *self.lists.get_mut(*list)? += 1;
        }
        self.on.goes_on()?;
        answer["sid"].as_str().map(str::to_owned)
    }

    async fn count(&self, list: &str) -> usize {
        self.listed(list).await.len()
    }

    /// The members of a list, past every gate.
    async fn listed(&self, list: &str) -> Vec<Value> {
        let (function, event) = request("GET", list, &[]);
        self.on.world.state().is_closed = false;
        let answer = self.on.deployment.invoke(function, event).await;
        self.on.world.state().is_closed = true;
        let page = body(&answer.expect("nothing disturbs this"));
        let members = page.as_object().into_iter().flat_map(|page| page.values());
        members.filter_map(Value::as_array).next().cloned().unwrap_or_default()
    }
}

/// The faults after which a client tries again.
const MENDED: [&str; 5] = ["lost reply", "never sent", "throttled", "failed", "conflict"];

#[test]
fn what_is_asked_for_once_is_there_once_though_every_write_has_to_be_repeated() {
    let faults: Vec<_> = faults_of("tables", true).into_iter().collect();
    let faults: Vec<_> = faults.into_iter().filter(|(name, _)| MENDED.contains(name)).collect();
    assert_eq!(faults.len(), MENDED.len());
    let outcomes = side_by_side(faults.len(), |job| {
        simulated(async {
            let each = Each { passage: faults[job].1, met: BTreeSet::new() };
            let kernel = operator(Plan::Each(each)).await;
            let Plan::Each(each) = &kernel.plan else { unreachable!("the plan stays") };
            (each.met.len(), kernel.outcome(0))
        })
    });
    for ((name, _), (met, outcome)) in faults.iter().zip(&outcomes) {
        assert!(outcome.violations.is_empty(), "{name}: {outcome}");
        assert!(*met >= CREATED_MIN, "{name} met {met} writes");
    }
}
