//! The whole surface: every published operation is called, with the published requests, and every answer is held
//! against its schema and the published answers.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use switchboard_tests::Schema;

use super::{text, world};
use crate::world::World;

/// A published request that is refused: there are no voice calls here.
const REFUSED: (&str, u64) = ("Instruction=supervise", 20001);

/// A workspace in which something has happened, and one of everything that was made by published requests.
struct Walk {
    world: World,
    published: Schema,
    /// What stands for a parameter of a path, by its name or by what is listed there.
    names: BTreeMap<String, String>,
    walked: BTreeSet<(String, String)>,
}

/// The path with what stands for its parameters.
fn filled(path: &str, names: &BTreeMap<String, String>) -> String {
    let mut listed = "";
    let segments = path.split('/').map(|segment| {
        let name = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let found = match name {
            Some("Sid") => names.get(listed),
            Some(name) => names.get(name),
            None => None,
        };
        if name.is_none() {
            listed = segment;
        }
        found.map_or(segment, String::as_str)
    });
    segments.collect::<Vec<_>>().join("/").trim_start_matches("/v1/Workspaces").to_owned()
}

impl Walk {
    async fn begin(published: Schema) -> Self {
        let world = world().await;
        let url = world.workspace().await;
        let last = |url: &str| url.rsplit('/').next().unwrap().to_owned();
        let worker = text(&world.worker(&url, "Alice").await, "sid");
        let task = world.task(&url).await;
        world.settles().await;
        let other = world.task(&url).await;
        world.settles().await;
        let first = async |list: &str, key: &str| {
            text(&world.get(&format!("{url}/{list}")).await.expect(200)[key][0], "sid")
        };
        let names = BTreeMap::from([
            ("WorkspaceSid".to_owned(), last(&url)),
            ("WorkerSid".to_owned(), worker.clone()),
            ("TaskSid".to_owned(), last(&task)),
            ("TaskQueueSid".to_owned(), first("TaskQueues", "task_queues").await),
            ("WorkflowSid".to_owned(), first("Workflows", "workflows").await),
            ("ActivitySid".to_owned(), world.activity(&url, "Available").await),
            ("Events".to_owned(), first("Events", "events").await),
            ("Channels".to_owned(), first(&format!("Workers/{worker}/Channels"), "channels").await),
            (
                "Reservations".to_owned(),
                first(&format!("Tasks/{}/Reservations", last(&task)), "reservations").await,
            ),
            ("OtherReservation".to_owned(), last(&world.offer(&other, &worker).await)),
        ]);
        Self { world, published, names, walked: BTreeSet::new() }
    }

    /// A published form, with what exists here in the place of what stands for it.
    fn form(&self, path: &str, example: &Map<String, Value>) -> Vec<(String, String)> {
        let own = |value: &str| match value {
            "attributes" => Some(r#"{"skill":"en"}"#.to_owned()),
            "target_workers" => Some("1==1".to_owned()),
            "channel" => Some("default".to_owned()),
            "template" => Some("FIFO".to_owned()),
            "/example" | "http://example.com" => Some("https://example.org/called".to_owned()),
            "configuration" => {
                let queue = &self.names["TaskQueueSid"];
                Some(format!(r#"{{"task_routing":{{"default_filter":{{"queue":"{queue}"}}}}}}"#))
            }
            _ => None,
        };
        let sid = |value: &str| {
            let kind = value.strip_suffix(&"a".repeat(32))?;
            let name = match kind {
                "WA" if path == "/v1/Workspaces/{Sid}" => "ActivityOfWorkspaces",
                "WA" => "ActivitySid",
                "WK" => "WorkerSid",
                "WQ" => "TaskQueueSid",
                "WW" => "WorkflowSid",
                _ => return None,
            };
            self.names.get(name).cloned()
        };
        let value = |value: &Value| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            own(&text).or_else(|| sid(&text)).unwrap_or(text)
        };
        example.iter().map(|(name, example)| (name.clone(), value(example))).collect()
    }

    /// Calls an operation with each published request, or with none; the last answer.
    async fn call(&mut self, method: &str, path: &str, status: u16) -> Value {
        let url = filled(path, &self.names);
        let mut forms = self.published.requests(method, path);
        if forms.is_empty() {
            forms.push(Map::new());
        }
        let mut last = Value::Null;
        for form in forms {
            let form = self.form(path, &form);
            let mut form: Vec<(&str, &str)> =
                form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            // Some examples have parameters that the operation is not described with, nor has here.
            let declared = self.published.form(method, path);
            if form.iter().any(|(name, _)| !declared.contains(*name)) {
                self.world.post(&url, &form).await.refused(400, 20001);
                form.retain(|(name, _)| declared.contains(*name));
            }
            let answered = match method {
                "get" => self.world.get(&url).await,
                "post" => self.world.post(&url, &form).await,
                _ => self.world.delete(&url).await,
            };
            if form.iter().any(|(name, value)| format!("{name}={value}") == REFUSED.0) {
                answered.refused(400, REFUSED.1);
                continue;
            }
            last = answered.expect(status);
            if status != 204 {
                self.published.check(method, path, status, &last);
                self.published.check_examples(method, path, status, &last);
            }
        }
        self.walked.insert((method.to_owned(), path.to_owned()));
        last
    }
}

#[tokio::test]
async fn every_published_operation_does_what_its_examples_say() {
    let Some(published) = Schema::open("twilio_taskrouter_v1.json") else { return };
    let operations = published.operations();
    let mut walk = Walk::begin(published).await;
    let creates = |list: &str| {
        operations.iter().find(|(method, path, status)| {
            method == "post" && *status == 201 && path.ends_with(&format!("/{list}"))
        })
    };
    for list in
        ["Workspaces", "Activities", "TaskChannels", "TaskQueues", "Workflows", "Workers", "Tasks"]
    {
        let (method, path, status) = creates(list).unwrap();
        let made = walk.call(method, path, *status).await;
        walk.names.insert(list.to_owned(), text(&made, "sid"));
    }
    let activity = walk.world.activity(&format!("/{}", walk.names["Workspaces"]), "Offline").await;
    walk.names.insert("ActivityOfWorkspaces".to_owned(), activity);
    let others = |wanted: &str, status: u16| {
        let of_kind = move |one: &&(String, String, u16)| one.0 == wanted && one.2 == status;
        operations.iter().filter(of_kind).cloned().collect::<Vec<_>>()
    };
    for (method, path, status) in others("get", 200).into_iter().chain(others("post", 200)) {
        walk.call(&method, &path, status).await;
        if path.contains("/Tasks/{TaskSid}/Reservations/{Sid}") && method == "post" {
            let other = walk.names["OtherReservation"].clone();
            walk.names.insert("Reservations".to_owned(), other);
        }
    }
    for list in
        ["Tasks", "Workers", "Workflows", "TaskQueues", "TaskChannels", "Activities", "Workspaces"]
    {
        let gone = others("delete", 204);
        let (method, path, status) =
            gone.iter().find(|one| one.1.ends_with(&format!("/{list}/{{Sid}}"))).unwrap();
        walk.call(method, path, *status).await;
        let url = filled(path, &walk.names);
        walk.world.get(&url).await.refused(404, 20404);
    }
    let all: BTreeSet<(String, String)> =
        operations.into_iter().map(|(method, path, _)| (method, path)).collect();
    assert_eq!(walk.walked, all);
}
