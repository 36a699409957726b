//! How many events a second one router decides on, with everything around it: it reads the head and the tasks,
//! decides, commits under the head and sends what follows.
//!
//! `cargo bench -p switchboard-tests --bench router`, on the embedded tables and queues over the real clients. Times
//! are this machine's, which does the work of DynamoDB and SQS as well; what they are in the cloud is in
//! `infra/SCALE.md`. The stream of the table is off: the embedded engine looks through all of a stream's records at
//! every write, and seventy thousand workers are as many records.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark talks")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::StreamSpecification;
use serde_json::{Value, json};
use switchboard::{Deployment, Options};
use switchboard_domain::decision::Decision;
use switchboard_domain::effect::{RouterEvent, RouterSubject};
use switchboard_domain::head::{Head, PartSid};
use switchboard_domain::record::Record;
use switchboard_domain::sid::{ActivitySid, Sid, TaskQueueSid, WorkspaceSid};
use switchboard_domain::task::{Destination, NewTask, Task};
use switchboard_domain::timestamp::Timestamp;
use switchboard_domain::version::Version;
use switchboard_domain::workspace::{
    Activity, Capacity, QueueOrder, TaskChannel, TaskQueue, Worker, Workflow, Workspace,
};
use switchboard_runtime::Dependencies;
use switchboard_store::key;
use task_assignment::Routers;

const ROUNDS: usize = 100;
const QUEUES: usize = 100;
const CREATED: Timestamp = Timestamp(1_795_341_600_000);

#[tokio::main]
async fn main() {
    // `cargo test --benches` passes this; there is nothing to test then.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    for workers in [1_000, 7_500, 75_000] {
        let options = Options { is_driven: false, ..Options::default() };
        let deployment = Deployment::start(options).await.unwrap();
        without_stream(&deployment).await;
        let centre = Centre::open(&deployment, workers).await;
        println!("{workers} workers, {QUEUES} queues (median, 99th percentile, events a second)");
        centre.measure().await;
        deployment.stop().await;
    }
}

async fn without_stream(deployment: &Deployment) {
    let off = StreamSpecification::builder().stream_enabled(false).build().unwrap();
    let update = deployment.dynamodb("bench").update_table();
    let update = update.table_name(deployment.table_name("routing")).stream_specification(off);
    update.send().await.unwrap();
}

fn sid<S: Sid>(kind: &str, number: usize) -> S {
    S::derived(&[kind, &number.to_string()])
}

fn workspace_sid() -> WorkspaceSid {
    sid("WS", 0)
}

fn message(subject: &RouterSubject) -> Value {
    let event = RouterEvent { workspace: workspace_sid(), subject: *subject };
    json!({ "messageId": "bench", "body": serde_json::to_string(&event).unwrap() })
}

fn tell(what: &str, mut times: Vec<Duration>, events: usize) {
    let total: Duration = times.iter().sum();
    let rate = (times.len() * events) as f64 / total.as_secs_f64();
    times.sort_unstable();
    let (median, late) = (times[times.len() / 2], times[(times.len() - 1) * 99 / 100]);
    println!("  {what:<32} {median:>12.2?} {late:>12.2?} {rate:>8.0}");
}

/// A workspace with a queue for each skill; a task's skill leads it to its queue.
struct Centre {
    on: Dependencies,
    workflow: Workflow,
    channel: TaskChannel,
    workers: usize,
}

impl Centre {
    async fn open(deployment: &Deployment, workers: usize) -> Self {
        let on = deployment.dependencies("task-assignment").unwrap();
        let all = Self { on, workflow: workflow(), channel: channel(), workers };
        let mut records: Vec<Record> = vec![
            workspace().into(),
            Head::new(workspace_sid()).into(),
            all.workflow.clone().into(),
            all.channel.clone().into(),
            activity(0).into(),
            activity(1).into(),
        ];
        records.extend((0..QUEUES).map(|number| queue(number).into()));
        records.extend((0..workers).map(|number| worker(number).into()));
        all.write(records).await;
        all
    }

    async fn write(&self, records: Vec<Record>) {
        for some in records.chunks(100) {
            let decision = Decision { puts: some.to_vec(), ..Decision::default() };
            let _ = self.on.commit(&decision).await.unwrap();
        }
    }

    async fn measure(&self) {
        let routers = Routers::default();
        let first = self.timed(&routers, &[RouterSubject::Configuration]).await;
        println!("  {:<32} {first:>12.2?}", "picture built");
        let mut tasks = 0;
        for batch in [1, 10] {
            let mut times = Vec::new();
            for _ in 0..ROUNDS {
                let new: Vec<Task> =
                    (tasks..tasks + batch).map(|number| self.task(number)).collect();
                tasks += batch;
                let subjects: Vec<_> =
                    new.iter().map(|task| RouterSubject::Task(task.sid)).collect();
                self.write(new.into_iter().map(Record::from).collect()).await;
                times.push(self.timed(&routers, &subjects).await);
            }
            tell(&format!("tasks arrive, {batch} at a time"), times, batch);
        }
        let mut times = Vec::new();
        for number in 0..ROUNDS {
            let subject = self.leaves(number).await;
            times.push(self.timed(&routers, &[subject]).await);
        }
        tell("workers leave, 1 at a time", times, 1);
    }

    /// How long it takes to handle a batch.
    async fn timed(&self, routers: &Routers, subjects: &[RouterSubject]) -> Duration {
        let records: Vec<Value> = subjects.iter().map(message).collect();
        let batch = serde_json::from_value(json!({ "Records": records })).unwrap();
        let begun = Instant::now();
        let answer = task_assignment::handle(&self.on, routers, batch).await;
        let time = begun.elapsed();
        assert!(answer.batch_item_failures.is_empty());
        time
    }

    /// A worker goes to another activity, as the API lets them.
    async fn leaves(&self, number: usize) -> RouterSubject {
        let key = key::worker(workspace_sid(), sid("WK", number));
        let mut worker: Worker = self.on.store.get(key).await.unwrap().unwrap();
        let mut head: Head = self.on.store.get(key::head(workspace_sid())).await.unwrap().unwrap();
        worker.change_activity(sid("WA", 0), self.on.now());
        head.note(PartSid::Worker(worker.sid));
        let subject = RouterSubject::Worker(worker.sid);
        let _ = self.on.commit(&Decision::put(head).and(worker)).await.unwrap();
        subject
    }

    fn task(&self, number: usize) -> Task {
        let now = self.on.now();
        let skill = format!("s{}", number % QUEUES);
        let attributes = json!({ "skill": skill, "customer": "+14155550100" });
        Task::create(NewTask {
            sid: sid(&format!("WT of {}", self.workers), number),
            workflow: &self.workflow,
            channel: &self.channel,
            attributes: attributes.to_string(),
            priority: 0,
            timeout_seconds: 86_400,
            start: now,
            interaction: None,
            destination: Destination::Workflow,
            now,
        })
    }
}

fn workspace() -> Workspace {
    Workspace {
        sid: workspace_sid(),
        friendly_name: "bench".to_owned(),
        event_callback_url: None,
        events_filter: None,
        multi_task_enabled: true,
        prioritize_queue_order: QueueOrder::Fifo,
        default_activity: sid("WA", 0),
        timeout_activity: sid("WA", 0),
        created: CREATED,
        updated: CREATED,
        version: Version::NEW,
    }
}

fn activity(number: usize) -> Activity {
    Activity {
        workspace: workspace_sid(),
        sid: sid("WA", number),
        friendly_name: number.to_string(),
        available: number > 0,
        created: CREATED,
        updated: CREATED,
        version: Version::NEW,
    }
}

fn channel() -> TaskChannel {
    TaskChannel {
        workspace: workspace_sid(),
        sid: sid("TC", 0),
        unique_name: "chat".to_owned(),
        friendly_name: "Chat".to_owned(),
        channel_optimized_routing: false,
        created: CREATED,
        updated: CREATED,
        version: Version::NEW,
    }
}

fn workflow() -> Workflow {
    let filter = |number| {
        let queue: TaskQueueSid = sid("WQ", number);
        json!({ "expression": format!("skill == 's{number}'"), "targets": [{ "queue": queue }] })
    };
    let filters: Vec<Value> = (0..QUEUES).map(filter).collect();
    Workflow {
        workspace: workspace_sid(),
        sid: sid("WW", 0),
        friendly_name: "flow".to_owned(),
        configuration: json!({ "task_routing": { "filters": filters } }).to_string(),
        assignment_callback_url: None,
        fallback_assignment_callback_url: None,
        task_reservation_timeout_seconds: 86_400,
        evaluation: 0,
        tests: Vec::new(),
        created: CREATED,
        updated: CREATED,
        version: Version::NEW,
    }
}

fn queue(number: usize) -> TaskQueue {
    TaskQueue {
        workspace: workspace_sid(),
        sid: sid("WQ", number),
        friendly_name: number.to_string(),
        target_workers: format!("skills HAS 's{number}'"),
        max_reserved_workers: 1,
        order: QueueOrder::Fifo,
        reservation_activity: None,
        assignment_activity: None,
        ageing_bound_seconds: None,
        created: CREATED,
        updated: CREATED,
        version: Version::NEW,
    }
}

fn worker(number: usize) -> Worker {
    let skills = (0..3).map(|n| format!("s{}", (number * 31 + n * 17) % QUEUES));
    let attributes = json!({
        "skills": skills.collect::<Vec<_>>(),
        "region": if number.is_multiple_of(2) { "eu" } else { "us" },
        "contact_uri": format!("client:agent{number}"),
    });
    let available: ActivitySid = sid("WA", 1);
    let room = Capacity { capacity: 50, available: true };
    Worker {
        workspace: workspace_sid(),
        sid: sid("WK", number),
        friendly_name: format!("agent{number}"),
        attributes: attributes.to_string(),
        activity: available,
        activity_since: CREATED,
        occupation: None,
        channels: BTreeMap::from([(sid("TC", 0), room)]),
        created: CREATED,
        updated: CREATED,
        version: Version::NEW,
    }
}
