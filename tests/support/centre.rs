//! Contact centres, set up by their own REST API: one way for all tests.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{ACCOUNT, Api};

/// Whatever can be asked by REST: a client over the network, or a function that is handed the event.
pub trait Rest {
    /// Creates something; the body of the answer.
    ///
    /// # Panics
    /// If it is refused.
    fn creates(&self, path: &str, form: &[(&str, &str)]) -> impl Future<Output = Value>;

    /// Fetches something; the body of the answer.
    ///
    /// # Panics
    /// If it is refused.
    fn reads(&self, path: &str) -> impl Future<Output = Value>;
}

impl Rest for Api {
    async fn creates(&self, path: &str, form: &[(&str, &str)]) -> Value {
        self.post(path, form).await.ok()
    }

    async fn reads(&self, path: &str) -> Value {
        self.get(path).await.ok()
    }
}

type Form = Vec<(String, String)>;

fn form(of: &[(&str, &str)]) -> Form {
    of.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// A worker, with the capacities that are not the usual ones.
struct Hire {
    name: String,
    attributes: Value,
    capacities: Form,
}

/// A queue; activities of the centre are named by their names.
struct Line {
    name: String,
    form: Form,
    activities: Form,
}

/// A number whose flow hands every customer to the workflow.
struct Desk {
    number: String,
    attributes: String,
}

type Routing = Box<dyn Fn(&Made) -> Value + Send>;

/// A contact centre that is to be: everything has a name by which [`Made::sid`] finds it. It is opened in one
/// order, whatever the order of the calls: workspace, workers, activities, queues, workflow, number, flow, address.
pub struct Centre {
    workspace: Form,
    workers: Vec<Hire>,
    activities: Vec<(String, bool)>,
    queues: Vec<Line>,
    workflow: Option<(Form, Routing)>,
    desk: Option<Desk>,
}

impl Centre {
    /// A workspace with these parameters beside its name, and nothing in it.
    #[must_use]
    pub fn new(name: &str, parameters: &[(&str, &str)]) -> Self {
        let mut workspace = form(&[("FriendlyName", name)]);
        workspace.extend(form(parameters));
        let (workers, activities, queues) = (Vec::new(), Vec::new(), Vec::new());
        Self { workspace, workers, activities, queues, workflow: None, desk: None }
    }

    /// A worker who is available.
    #[must_use]
    pub fn worker(mut self, name: &str, attributes: Value) -> Self {
        self.workers.push(Hire { name: name.to_owned(), attributes, capacities: Form::new() });
        self
    }

    /// The worker who was named last takes that many tasks of a channel at the same time.
    #[must_use]
    pub fn with_capacity(mut self, channel: &str, capacity: &str) -> Self {
        let worker = self.workers.last_mut().expect("a worker before the capacity");
        worker.capacities.push((channel.to_owned(), capacity.to_owned()));
        self
    }

    /// One more activity.
    #[must_use]
    pub fn activity(mut self, name: &str, is_available: bool) -> Self {
        self.activities.push((name.to_owned(), is_available));
        self
    }

    /// A queue of the workers of whom the expression holds, with these parameters besides.
    #[must_use]
    pub fn queue(mut self, name: &str, workers: &str, parameters: &[(&str, &str)]) -> Self {
        let mut with = form(&[("FriendlyName", name), ("TargetWorkers", workers)]);
        with.extend(form(parameters));
        self.queues.push(Line { name: name.to_owned(), form: with, activities: Form::new() });
        self
    }

    /// The queue that was named last moves its workers to these activities, which the centre has by name:
    /// `ReservationActivitySid`, `AssignmentActivitySid`.
    #[must_use]
    pub fn moving_to(mut self, activities: &[(&str, &str)]) -> Self {
        let queue = self.queues.last_mut().expect("a queue before its activities");
        queue.activities.extend(form(activities));
        self
    }

    /// The workflow, called `workflow`: the content of `task_routing`, worked out when the queues are there.
    #[must_use]
    pub fn workflow(
        mut self,
        parameters: &[(&str, &str)],
        routing: impl Fn(&Made) -> Value + Send + 'static,
    ) -> Self {
        self.workflow = Some((form(parameters), Box::new(routing)));
        self
    }

    /// A number that is in the pool of a messaging service, and a flow that hands every customer who writes to it to
    /// the workflow, with these attributes.
    #[must_use]
    pub fn number(mut self, number: &str, attributes: &str) -> Self {
        self.desk = Some(Desk { number: number.to_owned(), attributes: attributes.to_owned() });
        self
    }

    /// Makes all of it.
    pub async fn open(self, on: &impl Rest) -> Made {
        let mut made = Made::default();
        made.make(on, "workspace", "/taskrouter/v1/Workspaces", &self.workspace).await;
        let root = made.workspace();
        let all = on.reads(&format!("{root}/Activities?PageSize=50")).await;
        let all = all["activities"].as_array().cloned().unwrap_or_default();
        for one in &all {
            made.insert(one["friendly_name"].as_str().unwrap_or_default(), &one["sid"]);
        }
        for (name, is_available) in [("available", true), ("offline", false)] {
            let one = all.iter().find(|one| one["available"] == is_available);
            made.insert(name, &one.expect("such an activity")["sid"]);
        }
        for worker in &self.workers {
            made.hire(on, worker).await;
        }
        for (name, is_available) in &self.activities {
            let available = if *is_available { "true" } else { "false" };
            let form = form(&[("FriendlyName", name), ("Available", available)]);
            made.make(on, name, &format!("{root}/Activities"), &form).await;
        }
        for queue in &self.queues {
            let mut form = queue.form.clone();
            let activities = queue.activities.iter();
            form.extend(
                activities.map(|(name, activity)| (name.clone(), made.sid(activity).to_owned())),
            );
            made.make(on, &queue.name, &format!("{root}/TaskQueues"), &form).await;
        }
        if let Some((parameters, routing)) = &self.workflow {
            let configuration = json!({ "task_routing": routing(&made) }).to_string();
            let mut form = form(&[("FriendlyName", "workflow"), ("Configuration", &configuration)]);
            form.extend_from_slice(parameters);
            made.make(on, "workflow", &format!("{root}/Workflows"), &form).await;
        }
        if let Some(desk) = &self.desk {
            made.answer_for(on, desk).await;
        }
        made
    }
}

/// The sids of what was made, by name.
#[derive(Debug, Clone, Default)]
pub struct Made(BTreeMap<String, String>);

impl Made {
    /// What that is called.
    ///
    /// # Panics
    /// If nothing is.
    pub fn sid(&self, name: &str) -> &str {
        self.0.get(name).unwrap_or_else(|| panic!("nothing is called {name}"))
    }

    /// The workspace's path: `/taskrouter/v1/Workspaces/WS…`.
    pub fn workspace(&self) -> String {
        format!("/taskrouter/v1/Workspaces/{}", self.sid("workspace"))
    }

    fn insert(&mut self, name: &str, sid: &Value) {
        let sid = sid.as_str().unwrap_or_else(|| panic!("{name}: {sid} is no sid")).to_owned();
        self.0.insert(name.to_owned(), sid);
    }

    async fn make(&mut self, on: &impl Rest, name: &str, path: &str, form: &Form) {
        let form: Vec<(&str, &str)> =
            form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let made = on.creates(path, &form).await;
        self.insert(name, &made["sid"]);
    }

    async fn hire(&mut self, on: &impl Rest, worker: &Hire) {
        let path = format!("{}/Workers", self.workspace());
        let with = form(&[
            ("FriendlyName", &worker.name),
            ("Attributes", &worker.attributes.to_string()),
            ("ActivitySid", self.sid("available")),
        ]);
        self.make(on, &worker.name, &path, &with).await;
        for (channel, capacity) in &worker.capacities {
            let path = format!("{path}/{}/Channels/{channel}", self.sid(&worker.name));
            on.creates(&path, &[("Capacity", capacity)]).await;
        }
    }

    /// The number, its messaging service, its flow, its address.
    async fn answer_for(&mut self, on: &impl Rest, desk: &Desk) {
        let numbers = format!("/api/2010-04-01/Accounts/{ACCOUNT}/IncomingPhoneNumbers.json");
        self.make(on, "number", &numbers, &form(&[("PhoneNumber", &desk.number)])).await;
        let service = form(&[("FriendlyName", "centre")]);
        self.make(on, "messaging", "/messaging/v1/Services", &service).await;
        let pool = format!("/messaging/v1/Services/{}/PhoneNumbers", self.sid("messaging"));
        on.creates(&pool, &[("PhoneNumberSid", self.sid("number"))]).await;
        let definition = json!({
            "description": "Hands everybody to an agent",
            "initial_state": "Trigger",
            "states": [
                { "name": "Trigger", "type": "trigger", "properties": {}, "transitions": [
                    { "event": "incomingConversationMessage", "next": "agent" }] },
                { "name": "agent", "type": "send-to-flex", "transitions": [], "properties": {
                    "workflow": self.sid("workflow"), "channel": "sms",
                    "attributes": desk.attributes } },
            ],
        });
        let flow = form(&[
            ("FriendlyName", "flow"),
            ("Status", "published"),
            ("Definition", &definition.to_string()),
        ]);
        self.make(on, "flow", "/studio/v2/Flows", &flow).await;
        let address = form(&[
            ("Type", "sms"),
            ("Address", &desk.number),
            ("AutoCreation.Enabled", "true"),
            ("AutoCreation.Type", "studio"),
            ("AutoCreation.StudioFlowSid", self.sid("flow")),
        ]);
        self.make(on, "address", "/conversations/v1/Configuration/Addresses", &address).await;
    }
}
