//! What grows with what is there already: workers that are made one after another, and a queue where many tasks wait.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::rest::Api;
use crate::{Outcome, sample};

/// So many requests are under way at once.
const AT_ONCE: usize = 8;
/// The first and the last workers that are compared.
const COMPARED: usize = 200;
/// How often statistics are asked for.
const LOOKS: usize = 9;

/// How much there is.
#[derive(Debug)]
pub(crate) struct Load {
    /// Workers, none of whom is available.
    pub(crate) workers: usize,
    /// Tasks that wait for one of them.
    pub(crate) tasks: usize,
}

/// Makes a workspace with so much in it, and says how long the first and the last workers took, the queue's real-time
/// statistics, and a workflow's order to place all waiting tasks anew.
pub(crate) fn measure(api: &Api, load: &Load) -> Outcome<Value> {
    let workspace = api.make("/taskrouter/v1/Workspaces", &[("FriendlyName", "Crowded")])?;
    let root = format!("/taskrouter/v1/Workspaces/{workspace}");
    let everyone = [("FriendlyName", "Everyone"), ("TargetWorkers", "1==1")];
    let queue = api.make(&format!("{root}/TaskQueues"), &everyone)?;
    let filter = json!({ "task_routing": { "default_filter": { "queue": queue } } }).to_string();
    let form = [("FriendlyName", "All to one"), ("Configuration", &*filter)];
    let workflow = api.make(&format!("{root}/Workflows"), &form)?;
    let workers = make_workers(api, &root, load.workers)?;
    let seconds = make_tasks(api, &root, &workflow, load.tasks)?;
    let waiting = until_all_wait(api, &root, &queue, load.tasks)?;
    let statistics = timed(LOOKS, || api.get(&statistics_of(&root, &queue)))?;
    let path = format!("{root}/Workflows/{workflow}");
    let placed = timed(1, || api.post(&path, &[("ReEvaluateTasks", "true")]))?;
    let compared = COMPARED.min(workers.len());
    let first = workers[..compared].to_vec();
    let last = workers[workers.len() - compared..].to_vec();
    Ok(json!({
        "first_workers_ms": sample::percentiles(first),
        "last_workers_ms": sample::percentiles(last),
        "tasks_made_per_second": load.tasks as f64 / seconds,
        "tasks_waiting": waiting,
        "statistics_ms": sample::percentiles(statistics),
        "placed_anew_answered_ms": sample::percentiles(placed),
    }))
}

fn statistics_of(root: &str, queue: &str) -> String {
    format!("{root}/TaskQueues/{queue}/RealTimeStatistics")
}

fn timed<T>(times: usize, call: impl Fn() -> Outcome<T>) -> Outcome<Vec<Duration>> {
    let once = |_| {
        let started = Instant::now();
        call()?;
        Ok(started.elapsed())
    };
    (0..times).map(once).collect()
}

/// Workers one after another, and how long each took.
fn make_workers(api: &Api, root: &str, workers: usize) -> Outcome<Vec<Duration>> {
    let path = format!("{root}/Workers");
    let one = |number| {
        let name = format!("worker {number}");
        let started = Instant::now();
        api.make(&path, &[("FriendlyName", &*name), ("Attributes", "{}")])?;
        Ok(started.elapsed())
    };
    (0..workers).map(one).collect()
}

/// Tasks, several at once, and the seconds they took.
fn make_tasks(api: &Api, root: &str, workflow: &str, tasks: usize) -> Outcome<f64> {
    let form = [("WorkflowSid", workflow), ("Attributes", "{}"), ("Timeout", "86400")];
    let request = api.written("POST", &format!("{root}/Tasks"), &form);
    let next = AtomicUsize::new(0);
    let make = || -> Outcome<()> {
        while next.fetch_add(1, Ordering::Relaxed) < tasks {
            let answer = api.exchange(&request)?;
            if answer.status != 201 {
                let body = String::from_utf8_lossy(&answer.body);
                return Err(format!("a task is not made: {} {body}", answer.status).into());
            }
        }
        Ok(())
    };
    let started = Instant::now();
    thread::scope(|scope| {
        let makers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(make)).collect();
        for maker in makers {
            maker.join().map_err(|_| "a maker panicked")??;
        }
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
    })?;
    Ok(started.elapsed().as_secs_f64())
}

/// Waits until the router has led all of them into the queue, and says how many wait.
fn until_all_wait(api: &Api, root: &str, queue: &str, tasks: usize) -> Outcome<u64> {
    let until = Instant::now() + Duration::from_secs(120);
    loop {
        let found = api.get(&statistics_of(root, queue))?;
        let waiting = found["tasks_by_status"]["pending"].as_u64().unwrap_or_default();
        if waiting == tasks as u64 {
            return Ok(waiting);
        }
        if Instant::now() > until {
            return Err(format!("{waiting} of {tasks} tasks wait in the queue: {found}").into());
        }
        thread::sleep(Duration::from_millis(250));
    }
}
