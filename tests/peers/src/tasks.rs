//! Tasks for idle workers: made by REST, offered by callback, accepted there, completed by REST.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::endpoint::{self, Told};
use crate::rest::Api;
use crate::{Outcome, sample};

/// So many requests are under way at once.
const AT_ONCE: usize = 8;
/// A task that no worker was told of after this time is lost.
const PATIENCE: Duration = Duration::from_secs(60);
/// A task that was told of before its acceptance was written cannot be completed yet; it is tried again after this.
const PAUSE: Duration = Duration::from_millis(5);

/// Makes the workspace, and says what it and its workflow are called.
pub(crate) fn set_up(api: &Api, workers: usize, skills: usize, callback: u16) -> Outcome<Value> {
    let name = ("FriendlyName", "Measured");
    let workspace = api.make("/taskrouter/v1/Workspaces", &[name])?;
    let root = format!("/taskrouter/v1/Workspaces/{workspace}");
    let activities = api.get(&format!("{root}/Activities"))?;
    let activities = activities["activities"].as_array().cloned().unwrap_or_default();
    let available = activities.iter().find(|one| one["available"] == true);
    let available = available.and_then(|one| one["sid"].as_str()).ok_or("no activity")?;
    let mut filters = Vec::new();
    for skill in 0..skills {
        let name = format!("skill {skill}");
        let target = format!("skills HAS 's{skill}'");
        let form = [("FriendlyName", &*name), ("TargetWorkers", &*target)];
        let queue = api.make(&format!("{root}/TaskQueues"), &form)?;
        let expression = format!("skill == 's{skill}'");
        filters.push(json!({ "expression": expression, "targets": [{ "queue": queue }] }));
    }
    let configuration = json!({ "task_routing": { "filters": filters } }).to_string();
    let url = format!("http://127.0.0.1:{callback}/assigned");
    let form = [
        ("FriendlyName", "By skill"),
        ("Configuration", &*configuration),
        ("AssignmentCallbackUrl", &*url),
    ];
    let workflow = api.make(&format!("{root}/Workflows"), &form)?;
    for worker in 0..workers {
        let name = format!("worker {worker}");
        let attributes = json!({ "skills": [format!("s{}", worker % skills)] }).to_string();
        let form =
            [("FriendlyName", &*name), ("Attributes", &*attributes), ("ActivitySid", available)];
        api.make(&format!("{root}/Workers"), &form)?;
    }
    Ok(json!({ "workspace": workspace, "workflow": workflow }))
}

/// Which tasks are made.
#[derive(Debug)]
pub(crate) struct Load {
    /// The workspace.
    pub(crate) workspace: String,
    /// The workflow.
    pub(crate) workflow: String,
    /// How many tasks.
    pub(crate) count: usize,
    /// How many skills they take turns in.
    pub(crate) skills: usize,
    /// How many are made each second; all at once without it.
    pub(crate) rate: Option<u32>,
    /// The port where the callbacks arrive.
    pub(crate) callback: u16,
}

impl Load {
    fn path(&self) -> String {
        format!("/taskrouter/v1/Workspaces/{}/Tasks", self.workspace)
    }
}

/// A task that was made.
#[derive(Debug)]
struct Made {
    sid: String,
    asked: Instant,
    acknowledged: Duration,
}

/// Makes them, has each accepted and completed, and says how long it took until the worker was told, and how many
/// were completed in a second.
pub(crate) fn run(api: &Api, load: &Load) -> Outcome<Value> {
    let (sender, told) = channel();
    endpoint::open(load.callback, sender)?;
    let requests: Vec<Vec<u8>> = (0..load.count).map(|number| request(api, load, number)).collect();
    let before = sample::own_seconds();
    let started = Instant::now();
    let (made, times, retried) = thread::scope(|scope| {
        let completer = scope.spawn(move || complete_all(api, load, &told));
        let made = make_all(api, load, &requests, started)?;
        let completed = completer.join().map_err(|_| "the completer panicked")?;
        let (times, retried) = completed?;
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>((made, times, retried))
    })?;
    let seconds = started.elapsed().as_secs_f64();
    let used = sample::own_seconds().zip(before).map(|(after, before)| after - before);
    let mut waited = Vec::new();
    for one in &made {
        let at = times.get(&one.sid).ok_or_else(|| format!("nobody was told of {}", one.sid))?;
        waited.push(at.saturating_duration_since(one.asked));
    }
    let each = |total: f64| total * 1000.0 / load.count as f64;
    Ok(json!({
        "tasks": made.len(),
        "completed_per_second": made.len() as f64 / seconds,
        "told_ms": sample::percentiles(waited),
        "ack_ms": sample::percentiles(made.iter().map(|one| one.acknowledged).collect()),
        "completions_retried": retried,
        "driver_cpu_ms": used.map(each),
    }))
}

fn request(api: &Api, load: &Load, number: usize) -> Vec<u8> {
    let attributes = json!({ "skill": format!("s{}", number % load.skills) }).to_string();
    let form = [("WorkflowSid", load.workflow.as_str()), ("Attributes", attributes.as_str())];
    api.written("POST", &load.path(), &form)
}

/// Makes all tasks, each at its time.
fn make_all(api: &Api, load: &Load, requests: &[Vec<u8>], started: Instant) -> Outcome<Vec<Made>> {
    let next = AtomicUsize::new(0);
    let make = || -> Outcome<Vec<Made>> {
        let mut all = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(request) = requests.get(number) else { return Ok(all) };
            if let Some(rate) = load.rate {
                let due = Duration::from_secs_f64(number as f64 / f64::from(rate));
                thread::sleep(due.saturating_sub(started.elapsed()));
            }
            let asked = Instant::now();
            let answer = api.exchange(request)?;
            let acknowledged = asked.elapsed();
            let made: Value = serde_json::from_slice(&answer.body)?;
            let sid = made["sid"].as_str().ok_or_else(|| format!("no task: {made}"))?.to_owned();
            all.push(Made { sid, asked, acknowledged });
        }
    };
    thread::scope(|scope| {
        let makers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(make)).collect();
        let mut all = Vec::new();
        for maker in makers {
            all.extend(maker.join().map_err(|_| "a maker panicked")??);
        }
        Ok(all)
    })
}

/// Completes each task that a worker was told of, until all are: when each was told of, and how often one was asked
/// for too early.
fn complete_all(
    api: &Api,
    load: &Load,
    told: &Receiver<Told>,
) -> Outcome<(BTreeMap<String, Instant>, usize)> {
    let retried = AtomicUsize::new(0);
    let complete = |task: String| -> Outcome<()> {
        let form = [("AssignmentStatus", "completed"), ("Reason", "done")];
        let request = api.written("POST", &format!("{}/{task}", load.path()), &form);
        let until = Instant::now() + PATIENCE;
        loop {
            let answer = api.exchange(&request)?;
            match answer.status {
                200 => return Ok(()),
                400 if Instant::now() < until => {
                    retried.fetch_add(1, Ordering::Relaxed);
                    thread::sleep(PAUSE);
                }
                status => {
                    let body = String::from_utf8_lossy(&answer.body);
                    return Err(format!("{task} is not completed: {status} {body}").into());
                }
            }
        }
    };
    let (sender, work) = channel::<String>();
    let work = Mutex::new(work);
    let work_off = || -> Outcome<()> {
        while let Some(task) = work.lock().ok().and_then(|work| work.recv().ok()) {
            complete(task)?;
        }
        Ok(())
    };
    let mut times = BTreeMap::new();
    thread::scope(|scope| {
        let sender = sender;
        let completers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work_off)).collect();
        while times.len() < load.count {
            let Told { task, at } = told.recv_timeout(PATIENCE)?;
            if times.insert(task.clone(), at).is_none() {
                sender.send(task)?;
            }
        }
        drop(sender);
        for completer in completers {
            completer.join().map_err(|_| "a completer panicked")??;
        }
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
    })?;
    Ok((times, retried.into_inner()))
}
