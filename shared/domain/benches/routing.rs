//! What routing costs: expressions, steps, building a picture, changing one thing in a large one.
//!
//! `cargo bench -p switchboard-domain`. Times are this machine's; the build is the one that is deployed, which
//! is made to be small. The plain search beside the router does what the product's documents say, task
//! by task and worker by worker, with expressions that were parsed before.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark talks")]
#![allow(clippy::disallowed_methods, reason = "a benchmark needs a clock")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use switchboard_domain::record::Record;
use switchboard_domain::routing::expression::{Attributes, Expression};
use switchboard_domain::routing::router::Router;
use switchboard_domain::sid::{Sid, TaskQueueSid, TaskSid, WorkerSid};
use switchboard_domain::task::{self, Command, Destination, NewTask, Source, Task, TaskStatus};
use switchboard_domain::timestamp::{Millis, Timestamp};
use switchboard_domain::workspace::{
    Activity, QueueOrder, TaskChannel, TaskQueue, Worker, Workflow, Workspace,
};

/// Each worker has this many of the skills, each of which a queue asks for.
const SKILLS_EACH: usize = 3;
const START: Timestamp = Timestamp(1_795_341_600_000);

fn main() {
    // `cargo test --benches` passes this; there is nothing to test then.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    // First, while nothing else was in memory.
    large(75_000, 5_000, 500_000);
    expressions();
    println!("\nsteps, one event each (median, 99th percentile), and the plain search");
    for (workers, queues) in [(1_000, 100), (7_500, 500), (75_000, 500)] {
        steps(workers, queues);
    }
    println!(
        "\nthe same steps where targets name a worker's channels, and where they do not, in turn"
    );
    for (workers, queues) in [(1_000, 100), (7_500, 500)] {
        naming_channels(workers, queues);
    }
    drain(10_000, 20_000);
}

fn sid<S: Sid>(kind: &str, number: usize) -> S {
    S::derived(&[kind, &number.to_string()])
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let begun = Instant::now();
    let done = work();
    (begun.elapsed(), done)
}

fn spread(mut times: Vec<Duration>) -> (Duration, Duration) {
    times.sort_unstable();
    (times[times.len() / 2], times[(times.len() - 1) * 99 / 100])
}

/// The bytes of this process in memory.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    pages.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0) * 4096
}

fn expressions() {
    let worker = attributes(7, 100);
    println!("\nexpressions, evaluated against one worker");
    for text in [
        "1==1",
        "skills HAS 's7'",
        "level >= 3 AND skills HAS 's8'",
        "(region == 'eu' OR region IN ['us', 'apac']) AND level > 1 AND NOT (skills HAS 'x')",
        "team.name == 'blue' AND team.leads[0] != null",
    ] {
        let expression = Expression::parse(text).unwrap();
        let rounds = 200_000;
        let (time, hits) = timed(|| {
            let on = Attributes(std::hint::black_box(&worker));
            (0..rounds).filter(|_| std::hint::black_box(&expression).matches(&on)).count()
        });
        assert!(hits == 0 || hits == rounds);
        println!("  {:>4} ns  {text}", time.as_nanos() / u128::try_from(rounds).unwrap());
    }
    let text = "(region == 'eu' OR region IN ['us', 'apac']) AND level > 1";
    let (time, _) = timed(|| (0..20_000).filter(|_| Expression::parse(text).is_ok()).count());
    println!("  {:>4} ns  to read one of 60 characters", time.as_nanos() / 20_000);
}

fn attributes(number: usize, skills: usize) -> Value {
    let skills_of_one = (0..SKILLS_EACH).map(|n| format!("s{}", (number * 31 + n * 17) % skills));
    json!({
        "skills": skills_of_one.collect::<Vec<_>>(),
        "level": number % 7,
        "region": if number.is_multiple_of(2) { "eu" } else { "us" },
        "team": { "name": "blue", "leads": ["ann"] },
        "contact_uri": format!("client:agent{number}"),
    })
}

/// A workspace with a queue for each skill; a task's skill leads it to its queue.
struct Centre {
    router: Router,
    table: BTreeMap<TaskSid, Task>,
    workflow: Workflow,
    channel: TaskChannel,
    queues: usize,
    now: Timestamp,
}

impl Centre {
    fn new(queues: usize) -> Self {
        Self::asking(queues, None)
    }

    /// With targets that ask for something of their workers.
    fn asking(queues: usize, expression: Option<&str>) -> Self {
        let (created, updated) = (START, START);
        let workspace = Workspace {
            sid: sid("WS", 0),
            friendly_name: "bench".to_owned(),
            event_callback_url: None,
            events_filter: None,
            multi_task_enabled: true,
            prioritize_queue_order: QueueOrder::Fifo,
            default_activity: sid("WA", 0),
            timeout_activity: sid("WA", 0),
            created,
            updated,
            version: 1.into(),
        };
        let channel = TaskChannel {
            workspace: workspace.sid,
            sid: sid("TC", 0),
            unique_name: "chat".to_owned(),
            friendly_name: "Chat".to_owned(),
            channel_optimized_routing: false,
            created,
            updated,
            version: 1.into(),
        };
        // Two thousand queues are led to: a workflow has its size.
        let filters: Vec<Value> = (0..queues.min(2_000))
            .map(|n| {
                let mut target = json!({ "queue": sid::<TaskQueueSid>("WQ", n) });
                if let Some(expression) = expression {
                    target["expression"] = json!(expression);
                }
                json!({ "expression": format!("skill == 's{n}'"), "targets": [target] })
            })
            .collect();
        let workflow = Workflow {
            workspace: workspace.sid,
            sid: sid("WW", 0),
            friendly_name: "flow".to_owned(),
            configuration: json!({ "task_routing": { "filters": filters } }).to_string(),
            assignment_callback_url: None,
            fallback_assignment_callback_url: None,
            task_reservation_timeout_seconds: 86_400,
            evaluation: 0,
            tests: Vec::new(),
            created,
            updated,
            version: 1.into(),
        };
        let mut router = Router::new(workspace);
        for (number, available) in [false, true].into_iter().enumerate() {
            router.learn(
                Activity {
                    workspace: sid("WS", 0),
                    sid: sid("WA", number),
                    friendly_name: number.to_string(),
                    available,
                    created,
                    updated,
                    version: 1.into(),
                }
                .into(),
            );
        }
        router.learn(channel.clone().into());
        router.learn(workflow.clone().into());
        let table = BTreeMap::new();
        Self { router, table, workflow, channel, queues, now: START }
    }

    fn queue(&self, number: usize, version: u64, target_workers: String) -> Record {
        TaskQueue {
            workspace: sid("WS", 0),
            sid: sid("WQ", number),
            friendly_name: number.to_string(),
            target_workers,
            max_reserved_workers: 1,
            order: QueueOrder::Fifo,
            reservation_activity: None,
            assignment_activity: None,
            ageing_bound_seconds: None,
            created: START,
            updated: START,
            version: version.into(),
        }
        .into()
    }

    fn worker(&self, number: usize, version: u64, like: usize, available: bool) -> Record {
        Worker {
            workspace: sid("WS", 0),
            sid: sid("WK", number),
            friendly_name: format!("agent{number}"),
            attributes: attributes(like, self.queues).to_string(),
            activity: sid("WA", usize::from(available)),
            activity_since: Timestamp(START.0 + i64::try_from(number).unwrap()),
            occupation: None,
            channels: BTreeMap::new(),
            created: START,
            updated: START,
            version: version.into(),
        }
        .into()
    }

    fn task(&self, number: usize) -> Task {
        let skill = number % self.queues.min(2_000);
        let mut task = Task::create(NewTask {
            sid: sid("WT", number),
            workflow: &self.workflow,
            channel: &self.channel,
            attributes: json!({ "skill": format!("s{skill}"), "customer": "+14155550100" })
                .to_string(),
            priority: i64::try_from(number % 3).unwrap(),
            timeout_seconds: 1_209_600,
            start: self.now,
            interaction: None,
            destination: Destination::Workflow,
            now: self.now,
        });
        task.version = 1.into();
        task
    }

    /// With queues and workers, and how long the router took to learn them.
    fn staffed(workers: usize, queues: usize, available: bool) -> (Duration, Self) {
        Self::new(queues).staffed_by(workers, available)
    }

    fn staffed_by(mut self, workers: usize, available: bool) -> (Duration, Self) {
        let all = &mut self;
        let queues = all.queues;
        let mut time = Duration::ZERO;
        for n in 0..queues {
            let queue = all.queue(n, 1, format!("skills HAS 's{n}'"));
            time += timed(|| all.router.learn(queue)).0;
        }
        for n in 0..workers {
            let worker = all.worker(n, 1, n, available);
            time += timed(|| all.router.learn(worker)).0;
        }
        (time, self)
    }

    /// Waiting tasks, and how long the router took to learn them.
    fn visited(&mut self, tasks: usize) -> Duration {
        let learn = |n| {
            let task = self.task(n);
            timed(|| self.router.learn(task.into())).0
        };
        (0..tasks).map(learn).sum()
    }

    /// Steps until there is no more to decide; how many turns that took, and how many were reserved.
    fn step(&mut self) -> (usize, usize) {
        let (mut turns, mut reserved) = (0, 0);
        loop {
            let turn = self.router.step(self.now);
            for record in &turn.decision.puts {
                if let Record::Task(task) = record {
                    let mut task = Task::clone(task);
                    task.version += 1;
                    reserved += usize::from(task.status == TaskStatus::Reserved);
                    self.table.insert(task.sid, task);
                }
            }
            self.router.committed(&turn.decision);
            turns += 1;
            if !turn.more {
                return (turns, reserved);
            }
        }
    }

    fn later(&mut self) {
        self.now = self.now + Millis(10);
    }
}

fn steps(workers: usize, queues: usize) {
    let (build, mut all) = Centre::staffed(workers, queues, true);
    let warm = all.task(0);
    all.router.learn(warm.into());
    let _ = all.step();
    let rounds = 2_000.min(workers / 2);
    let arrivals = (1..=rounds)
        .map(|n| {
            all.later();
            let task = all.task(n);
            timed(|| {
                all.router.learn(task.into());
                assert_eq!(all.step().1, 1);
            })
            .0
        })
        .collect();
    // Everybody is away, and tasks pile up in every queue; then one after the other comes free.
    let (_, mut busy) = Centre::staffed(workers, queues, false);
    busy.visited(10_000);
    assert_eq!(busy.step().1, 0);
    let frees = (0..rounds)
        .map(|n| {
            busy.later();
            let worker = busy.worker(n, 2, n, true);
            timed(|| {
                busy.router.learn(worker);
                assert_eq!(busy.step().1, 1);
            })
            .0
        })
        .collect();
    let (arrives, frees) = (spread(arrivals), spread(frees));
    let plain = plain(workers.min(7_500), queues);
    println!(
        "  {workers:>6} workers, {queues:>4} queues: built in {build:?}; a task arrives {:?}, {:?}; \
         a worker frees, 10,000 wait {:?}, {:?}; plain search of {} workers for one task {plain:?}",
        arrives.0,
        arrives.1,
        frees.0,
        frees.1,
        workers.min(7_500)
    );
}

/// Arrivals and workers who come free, with targets that name a worker's channels and with ones that do not. Both centres have
/// the same turns, one after the other, so that what disturbs one disturbs the other.
fn naming_channels(workers: usize, queues: usize) {
    const NAMED: &str = "worker.channel.chat.assigned_tasks == 0 AND \
        worker.channel.chat.available_capacity_percentage == 100";
    let centres = |available| {
        [None, Some(NAMED)]
            .map(|expression| Centre::asking(queues, expression).staffed_by(workers, available).1)
    };
    let rounds = 2_000.min(workers / 2);
    let (mut ready, mut busy) = (centres(true), centres(false));
    for centre in &mut busy {
        centre.visited(10_000);
        assert_eq!(centre.step().1, 0);
    }
    let (mut arrivals, mut frees) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    for n in 0..rounds {
        for (centre, times) in ready.iter_mut().zip(&mut arrivals) {
            centre.later();
            let task = centre.task(n);
            let arrives = || {
                centre.router.learn(task.into());
                assert_eq!(centre.step().1, 1);
            };
            times.push(timed(arrives).0);
        }
        for (centre, times) in busy.iter_mut().zip(&mut frees) {
            centre.later();
            let worker = centre.worker(n, 2, n, true);
            let comes_free = || {
                centre.router.learn(worker);
                assert_eq!(centre.step().1, 1);
            };
            times.push(timed(comes_free).0);
        }
    }
    let told = |[without, with]: [Vec<Duration>; 2]| {
        let (without, with) = (spread(without).0, spread(with).0);
        format!("{without:?}, {with:?} ({:.2} times)", with.as_secs_f64() / without.as_secs_f64())
    };
    println!(
        "  {workers:>6} workers, {queues:>4} queues: a task arrives {}; a worker frees, 10,000 wait {}",
        told(arrivals),
        told(frees)
    );
}

/// One task, by going through all workers: who is in the queue, free, and idle for longest.
fn plain(workers: usize, queues: usize) -> Duration {
    let all: Vec<(WorkerSid, Value, i64)> = (0..workers)
        .map(|n| (sid("WK", n), attributes(n, queues), i64::try_from(n).unwrap()))
        .collect();
    let times = (0..50)
        .map(|n| {
            let expression = Expression::parse(&format!("skills HAS 's{}'", n % queues)).unwrap();
            timed(|| {
                let takes = |one: &&(WorkerSid, Value, i64)| {
                    expression.matches(&Attributes(std::hint::black_box(&one.1)))
                };
                all.iter().filter(takes).min_by_key(|one| one.2).map(|one| one.0)
            })
            .0
        })
        .collect();
    spread(times).0
}

/// A router starts anew on a full house: everybody is free and everything waits.
fn drain(workers: usize, tasks: usize) {
    let (_, mut all) = Centre::staffed(workers, 100, true);
    all.visited(tasks);
    let (time, (turns, reserved)) = timed(|| all.step());
    println!("\na router that starts with {tasks} tasks and {workers} free workers");
    println!("  {reserved} reservations in {turns} turns: {time:?}");
    // All of them end, and everything else is offered.
    let open: Vec<Task> =
        all.table.values().filter(|task| task.status == TaskStatus::Reserved).cloned().collect();
    all.later();
    for task in open {
        let cancel = Command::Cancel { reason: None };
        let mut canceled = task::decide(&task, cancel, Source::Api, all.now).unwrap().task;
        canceled.version += 1;
        all.router.learn(canceled.into());
    }
    let (time, (turns, reserved)) = timed(|| all.step());
    println!("  all are canceled: {reserved} reservations in {turns} turns: {time:?}");
}

fn large(workers: usize, queues: usize, tasks: usize) {
    println!("{workers} workers, {queues} queues, {tasks} waiting tasks");
    let before = resident();
    let (time, mut all) = Centre::staffed(workers, queues, false);
    let staff = resident();
    println!("  queues and workers: {time:?}, {} MB", staff.saturating_sub(before) / 1_000_000);
    let time = all.visited(tasks);
    let full = resident();
    println!("  tasks: {time:?}, {} MB", full.saturating_sub(staff) / 1_000_000);
    let first = timed(|| all.router.step(all.now));
    println!("  first turn: {:?}, more: {}", first.0, first.1.more);
    all.router.committed(&first.1.decision);
    let (time, (turns, _)) = timed(|| all.step());
    println!("  all into their queues: {time:?}, {turns} turns");
    let changes = (0..200)
        .map(|n| {
            let worker = all.worker(n, 2, n + 1, false);
            timed(|| all.router.learn(worker)).0
        })
        .collect();
    println!("  the attributes of a worker change: {:?}", spread(changes));
    let changes = (0..20)
        .map(|n| {
            let queue = all.queue(n, 2, format!("skills HAS 's{}'", n + 1));
            timed(|| all.router.learn(queue)).0
        })
        .collect();
    println!("  the expression of a queue changes: {:?}", spread(changes));
    let frees = (0..200)
        .map(|n| {
            all.later();
            let worker = all.worker(n + 1_000, 2, n, true);
            timed(|| {
                all.router.learn(worker);
                let _ = all.step();
            })
            .0
        })
        .collect();
    println!("  a worker frees: {:?}", spread(frees));
}
