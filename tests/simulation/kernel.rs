//! The kernel: it plays the event source mappings, decides whose request is next, and lets time pass.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use switchboard::driver::Waking;
use switchboard::template::Source;
use switchboard::{Deployment, FunctionError, Options, Road, schedule_event};
use switchboard_domain::record::Record;
use switchboard_domain::webhook::WebhookAttempt;
use switchboard_runtime::dependencies::Entropy;
use switchboard_tests::Made;
use tokio::task::JoinHandle;

use crate::carrier::{Post, Posted, Simulated, Written};
use crate::clients::Key;
use crate::endpoints::Endpoints;
use crate::files::Uploads;
use crate::names::Person;
use crate::plan::Plan;
use crate::random::{Concern, Random, Streams};
use crate::setup::{self, CAPS, PUBLIC_URL, RATES, Setting};
use crate::sometimes::{Sometimes, meet};
use crate::speakers;
use crate::wish::Wish;
use crate::world::{Violation, World};

/// Half the seeds take the short road, which no client of the SDK is on. Each single fault is met on the SDK's.
fn road(plan: &Plan, random: &mut Random) -> Road {
    match plan {
        Plan::Random(..) if random.chance(500) => Road::Near,
        Plan::Random(..) | Plan::Quiet | Plan::Single(_) | Plan::Each(_) => Road::Sdk,
    }
}

/// A world that is not at rest after this many steps never will be.
const STEPS_TO_REST: usize = 6000;
/// No invocation is polled more often: a request takes three polls, and the longest batch makes some hundred requests.
const POLLS_MAX: u64 = 20_000;
/// The minute's tick.
const MINUTE_MS: i64 = 60_000;

/// Something of the template that delivers.
pub(crate) struct Waker {
    pub(crate) waking: Waking,
    /// What was delivered of a stream until now.
    position: Option<String>,
    written: u64,
    /// Until this step nothing is delivered.
    pub(crate) stalled: usize,
}

impl Waker {
    /// Delivers a stream from its beginning.
    pub(crate) fn replay(&mut self) {
        (self.position, self.written) = (None, 0);
    }
}

/// An invocation under way.
struct Running {
    what: What,
    name: String,
    handle: JoinHandle<Result<Value, FunctionError>>,
}

/// What an invocation is for.
enum What {
    Queue {
        place: usize,
        messages: Vec<Value>,
        is_forgotten: bool,
    },
    /// The records that wake the function, and up to where the stream was read for them.
    Stream {
        place: usize,
        records: Vec<Value>,
        last: String,
    },
    Tick,
    Post(Box<Post>),
    Api {
        name: String,
        number: u64,
    },
}

/// What the outside has been promised.
#[derive(Default)]
pub(crate) struct Facts {
    /// Messages of customers that were answered with success, by their carrier's id.
    pub(crate) acknowledged: BTreeMap<String, Written>,
    /// Receipts that were answered with success.
    pub(crate) reported: Vec<Posted>,
    /// Requests that were answered, by status.
    pub(crate) answers: BTreeMap<u64, usize>,
    /// The status and the body of the last answer.
    pub(crate) last: Option<(u64, Value)>,
    /// What people have done with uploads.
    pub(crate) uploads: Uploads,
}

/// One simulation.
pub(crate) struct Kernel {
    pub(crate) deployment: Deployment,
    pub(crate) world: Arc<World>,
    pub(crate) streams: Streams,
    pub(crate) centre: Made,
    pub(crate) setting: Setting,
    pub(crate) plan: Plan,
    pub(crate) road: Road,
    pub(crate) facts: Facts,
    /// Customers whose names change.
    pub(crate) people: Vec<Person>,
    /// What vouches for whoever is in a browser, where somebody is.
    pub(crate) key: Option<Key>,
    pub(crate) wakers: Vec<Waker>,
    running: Vec<Running>,
    ticked: i64,
    pub(crate) step: usize,
    pub(crate) messages: usize,
}

impl Kernel {
    /// A world with a contact centre in it, at rest.
    pub(crate) async fn start(seed: u64, plan: Plan, setting: Setting) -> Self {
        let world = World::new();
        let mut streams = Streams::of(seed);
        let entropy = entropy(streams.decision(Concern::Ids).next());
        let salt = streams.decision(Concern::Endpoints).next();
        let road = road(&plan, &mut streams.decision(Concern::Road));
        let options = Options {
            is_driven: false,
            road,
            clock: Some(world.clock()),
            entropy: Some(entropy),
            faults: Some(Arc::clone(&world) as _),
            transport: Some(Arc::new(Simulated::new(Arc::clone(&world)))),
            endpoints: Some(Arc::new(Endpoints::new(Arc::clone(&world), salt))),
            public_url: Some(PUBLIC_URL.to_owned()),
            rate_cards: setting.is_capped.then(|| RATES.to_owned()),
            spend_caps: setting.is_capped.then(|| CAPS.to_owned()),
            carrier_base_url: Some("http://127.0.0.1:9".to_owned()),
            polls_max: Some(POLLS_MAX),
            // The harder case: what knows its end leaves off in order.
            tells_end: false,
            ..Options::default()
        };
        let deployment = Deployment::start(options).await.expect("the bundle starts");
        let centre = setup::centre(&deployment, &setting).await;
        let key = match setting.has_clients {
            true => Some(Key::of(&deployment).await),
            false => None,
        };
        let wakers = deployment.wakings().into_iter().map(|waking| Waker {
            waking,
            position: None,
            written: 0,
            stalled: 0,
        });
        let wakers = wakers.collect();
        world.state().is_closed = true;
        world.state().book.beforehand.is_asked = setting.asks_beforehand;
        let ticked = world.now().0 / MINUTE_MS;
        let (running, facts) = (Vec::new(), Facts::default());
        let (step, messages) = (0, 0);
        let mut kernel = Self {
            deployment,
            world,
            streams,
            centre,
            setting,
            plan,
            road,
            facts,
            people: Person::all(),
            key,
            wakers,
            running,
            ticked,
            step,
            messages,
        };
        kernel.rest().await;
        kernel.plan.begin(&kernel.world, &mut kernel.streams.decision(Concern::Clocks));
        kernel
    }

    /// Lets everybody run until nobody can.
    pub(crate) async fn settle(&mut self) {
        // Time stands still as long as anybody can run.
        tokio::time::sleep(Duration::from_millis(1)).await;
        self.world.forget_gone();
        let mut place = 0;
        while place < self.running.len() {
            if self.running[place].handle.is_finished() {
                let running = self.running.remove(place);
                self.ended(running).await;
            } else {
                place += 1;
            }
        }
    }

    /// Lets time pass.
    pub(crate) async fn pass(&mut self, milliseconds: i64) {
        let milliseconds = u64::try_from(milliseconds.max(1)).unwrap_or(1);
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        self.settle().await;
        self.tick_if_due().await;
    }

    async fn tick_if_due(&mut self) {
        let minute = self.world.now().0 / MINUTE_MS;
        if minute > self.ticked {
            self.ticked = minute;
            self.tick().await;
        }
    }

    /// The minute's tick.
    pub(crate) async fn tick(&mut self) {
        let event = schedule_event(self.world.now());
        self.invoke("timer", event, What::Tick).await;
    }

    async fn invoke(&mut self, function: &str, event: Value, what: What) {
        let name = match &what {
            What::Queue { place, messages, .. } => {
                format!("{function} ← {} ×{}", self.queue(*place), messages.len())
            }
            What::Stream { records, .. } => format!("{function} ← stream ×{}", records.len()),
            What::Tick => "timer ← tick".to_owned(),
            What::Post(post) => format!("carrier posts {:?}", post.what),
            What::Api { name, .. } => name.clone(),
        };
        self.world.log(&format!("▶ {name}"));
        let handle = tokio::spawn(self.deployment.invocation_of(function, event));
        self.running.push(Running { what, name, handle });
        self.settle_quick().await;
    }

    async fn settle_quick(&self) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    fn queue(&self, place: usize) -> &str {
        match &self.wakers[place].waking.source {
            Source::Queue { queue, .. } => queue,
            _ => "",
        }
    }

    /// Does with an answer what the mapping, the carrier or the caller does with it.
    async fn ended(&mut self, running: Running) {
        let answer = running.handle.await.unwrap_or_else(|error| {
            Err(FunctionError::Failed(format!("the simulation itself failed: {error}")))
        });
        let short = match &answer {
            Ok(answer) => match answer["statusCode"].as_u64() {
                Some(status) => status.to_string(),
                None => answer["batchItemFailures"].as_array().map_or(0, Vec::len).to_string(),
            },
            Err(error) => error.to_string(),
        };
        self.world.log(&format!("◀ {}: {short}", running.name));
        if let Err(FunctionError::Failed(reason)) = &answer
            && reason.contains("panicked")
        {
            self.world.violated("nobody panics", format!("{}: {reason}", running.name));
        }
        if let Err(FunctionError::Spun(polls)) = &answer {
            let detail = format!("{}: polled {polls} times", running.name);
            self.world.violated("every function comes to its end", detail);
        }
        if let Err(FunctionError::TimedOut(_)) = &answer {
            meet(&mut self.world.state().met, Sometimes::OutOfTime);
        }
        match running.what {
            What::Queue { place, messages, is_forgotten } => {
                let Ok(answer) = &answer else { return };
                let done = Deployment::succeeded(&messages, answer);
                if !done.is_empty() && !is_forgotten {
                    let queue = self.queue(place).to_owned();
                    self.deployment.delete(&queue, &done).await.expect("the queue deletes");
                }
            }
            What::Stream { place, records, last } => {
                let Ok(answer) = &answer else { return };
                let done = Deployment::consumed(&records, answer);
                if done == records.len() {
                    self.wakers[place].position = Some(last);
                } else if done > 0 {
                    let last = Deployment::sequence_number(&records[done - 1]).to_owned();
                    self.wakers[place].position = Some(last);
                }
            }
            What::Tick => {}
            What::Post(post) => self.posted(*post, &answer),
            What::Api { name, number } => self.served(&name, number, &answer),
        }
    }

    fn posted(&mut self, mut post: Post, answer: &Result<Value, FunctionError>) {
        let status = answer.as_ref().ok().and_then(|answer| answer["statusCode"].as_u64());
        match (status, &post.what) {
            (Some(200..=299), Posted::Messages(all)) => {
                self.facts.acknowledged.extend(all.iter().cloned());
            }
            (Some(200..=299), Posted::Receipt { .. }) => self.facts.reported.push(post.what),
            _ => {
                post.has_failed = true;
                self.world.state().posts.push(post);
            }
        }
    }

    /// An answer is the predicted one, or something went wrong on the way to it.
    fn served(&mut self, name: &str, number: u64, answer: &Result<Value, FunctionError>) {
        let asked = self.world.state().asking.remove(&number);
        let Ok(answer) = answer else { return };
        let status = answer["statusCode"].as_u64().unwrap_or_default();
        *self.facts.answers.entry(status).or_default() += 1;
        let body = setup::body(answer);
        if status == 201 {
            self.facts.uploads.hear(name, &body);
        }
        self.look_at_answer(name, number, status, &body);
        self.facts.last = Some((status, body));
        if status == 500 {
            self.world.violated("no defect is served", format!("{name}: {}", answer["body"]));
            return;
        }
        let Some(asked) = asked else { return };
        let code = match status {
            200..=299 => 0,
            _ => setup::body(answer)["code"].as_u64().unwrap_or_default(),
        };
        let is_excused = status == 503 && asked.is_troubled();
        if !asked.allowed.contains(&(status, code)) && !is_excused {
            let detail = format!("{name}: {} instead of {:?}", answer["body"], asked.allowed);
            self.world.violated("people hear what the rules say", format!("{status} {detail}"));
        } else if (400..500).contains(&status) {
            let mut state = self.world.state();
            meet(&mut state.met, Sometimes::RefusedByRule);
            if speakers::was_overtaken(asked.allowed, (status, code)) {
                meet(&mut state.met, Sometimes::SpokeTooLate);
            }
        }
    }

    /// A client asks the API.
    pub(crate) async fn ask(&mut self, who: &str, method: &str, path: &str, form: &[(&str, &str)]) {
        let (function, event) = setup::request(method, path, form);
        let name = format!("{who}: {method} {path} {form:?}");
        let number = self.deployment.next_invocation();
        self.world.asks(number, Wish::of(method, path, form));
        self.invoke(function, event, What::Api { name, number }).await;
    }

    /// The same, by one who knows for themselves what has to be answered.
    pub(crate) async fn ask_knowing(&mut self, method: &str, path: &str, form: &[(&str, &str)]) {
        let (function, event) = setup::request(method, path, form);
        let name = format!("operator: {method} {path} {form:?}");
        let number = self.deployment.next_invocation();
        self.invoke(function, event, What::Api { name, number }).await;
    }

    /// A request of its own kind; what is answered is not predicted.
    pub(crate) async fn ask_with(&mut self, function: &str, name: String, event: Value) {
        let number = self.deployment.next_invocation();
        self.invoke(function, event, What::Api { name, number }).await;
    }

    /// The carrier posts.
    pub(crate) async fn post(&mut self, post: Post) {
        let event = post.event();
        self.world.meets_post(&post);
        self.invoke("inbound-webhook", event, What::Post(Box::new(post))).await;
    }

    /// How many invocations of the API or for the carrier are under way.
    pub(crate) fn guests(&self) -> usize {
        self.running
            .iter()
            .filter(|one| matches!(one.what, What::Api { .. } | What::Post(_)))
            .count()
    }

    /// Delivers one batch, if there is one; `copies` of it at once.
    pub(crate) async fn deliver(&mut self, place: usize, most: usize, copies: usize) -> bool {
        let (function, source) =
            (self.wakers[place].waking.function.clone(), self.wakers[place].waking.source.clone());
        match source {
            Source::Queue { queue, batching, concurrency_max } => {
                let mine =
                    |one: &&Running| matches!(one.what, What::Queue { place: p, .. } if p == place);
                if self.running.iter().filter(mine).count() >= concurrency_max.min(3) {
                    return false;
                }
                let size = batching.size.min(most);
                let messages = self.deployment.receive(&queue, size).await.expect("a batch");
                if messages.is_empty() {
                    return false;
                }
                let is_forgotten = self.plan.forgets(&mut self.streams.decision(Concern::Faults));
                self.meets_batch(&queue, &function, &messages, is_forgotten);
                for _ in 0..copies {
                    let event = self.deployment.queue_event(&queue, &messages);
                    let messages = messages.clone();
                    let what = What::Queue { place, messages, is_forgotten };
                    self.invoke(&function, event, what).await;
                }
                true
            }
            Source::Stream { table, batching, filters, .. } => {
                let mine =
                    |one: &Running| matches!(one.what, What::Stream { place: p, .. } if p == place);
                let written = self.deployment.writes(&table).expect("a stream");
                if self.running.iter().any(mine) || self.wakers[place].written == written {
                    return false;
                }
                let after = self.wakers[place].position.clone();
                let size = batching.size.min(most);
                let records = self.deployment.changes(&table, after.as_deref(), size).await;
                let records = records.expect("records");
                if records.is_empty() {
                    self.wakers[place].written = written;
                    return false;
                }
                let wanted = filters.wanted(&records);
                let last = records.last().map(Deployment::sequence_number);
                let last = last.unwrap_or_default().to_owned();
                if wanted.is_empty() {
                    self.wakers[place].position = Some(last);
                    return true;
                }
                let event = self.deployment.stream_event(&table, &wanted);
                let what = What::Stream { place, records: wanted, last };
                self.invoke(&function, event, what).await;
                true
            }
            Source::Schedule { .. } => false,
        }
    }

    /// Notes what is special about a batch.
    fn meets_batch(&self, queue: &str, function: &str, messages: &[Value], is_forgotten: bool) {
        let prefix = format!("{function} ←");
        let is_second = self.running.iter().any(|one| one.name.starts_with(&prefix));
        let mut state = self.world.state();
        let again = |one: &Value| {
            let count = one["Attributes"]["ApproximateReceiveCount"].as_str();
            count.is_some_and(|count| count != "1")
        };
        if queue.ends_with("inbound.fifo") && messages.iter().any(again) {
            meet(&mut state.met, Sometimes::RedeliveredInbound);
        }
        if function == "task-assignment" && is_second {
            meet(&mut state.met, Sometimes::TwoRouters);
        }
        if is_forgotten {
            meet(&mut state.met, Sometimes::BatchForgotten);
        }
    }

    /// When time alone makes something receivable.
    fn next_due(&self) -> Option<i64> {
        let queues = self.wakers.iter().filter_map(|waker| match &waker.waking.source {
            Source::Queue { queue, .. } => self.deployment.next_due(queue),
            _ => None,
        });
        queues.min()
    }

    /// The first tick at which a call that failed is sent for again.
    fn next_call(&self) -> Option<i64> {
        let state = self.world.state();
        let calls = state.mirror.records().filter_map(Record::get::<WebhookAttempt>);
        let due = calls.filter_map(|call| call.due).min()?;
        Some((due.0.max(self.world.now().0) / MINUTE_MS + 1) * MINUTE_MS)
    }

    /// Lets everything come to its end in order.
    pub(crate) async fn rest(&mut self) {
        self.drain(i64::MAX).await;
    }

    /// The same, without waiting longer than this many milliseconds for anything.
    pub(crate) async fn drain(&mut self, patience: i64) {
        for _ in 0..STEPS_TO_REST {
            self.step += 1;
            if !self.world.state().violations.is_empty() {
                return;
            }
            self.settle().await;
            if !self.world.state().pending.is_empty() {
                let faults = &mut self.streams.decision(Concern::Faults);
                let passage = self.plan.passage(&self.world, 0, faults);
                self.world.let_through(0, passage);
                continue;
            }
            if !self.running.is_empty() {
                self.pass(100).await;
                continue;
            }
            let post = {
                let mut state = self.world.state();
                (!state.posts.is_empty()).then(|| state.posts.remove(0))
            };
            if let Some(post) = post {
                self.post(post).await;
                continue;
            }
            let mut delivered = false;
            for place in 0..self.wakers.len() {
                delivered |= self.deliver(place, 10, 1).await;
            }
            if delivered {
                continue;
            }
            let now = self.world.now().0;
            match (self.next_due(), self.next_call()) {
                (None, None) => return,
                (Some(due), call) if call.is_none_or(|call| due <= call) => {
                    if due - now > patience {
                        return;
                    }
                    self.pass((due - now).clamp(1, MINUTE_MS)).await;
                }
                // Nothing happens until then.
                (_, Some(call)) if call - now <= patience => self.pass(call - now).await,
                _ => return,
            }
        }
        let depths = self.deployment.depths().await;
        self.world.violated("everything comes to rest", format!("{depths:?}"));
    }

    /// Takes the first thing that was found wrong.
    pub(crate) fn violation(&self) -> Option<Violation> {
        self.world.state().violations.first().cloned()
    }
}

/// Bytes that depend on a seed alone.
fn entropy(seed: u64) -> Entropy {
    let random = std::sync::Mutex::new(Random::new(seed));
    Arc::new(move || {
        let mut random = random.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&random.next().to_be_bytes());
        bytes[8..].copy_from_slice(&random.next().to_be_bytes());
        bytes
    })
}

/// The routing of a further invite.
pub(crate) fn further_invite(centre: &Made, worker: Option<&str>) -> String {
    let mut properties = json!({
        "workspace_sid": centre.sid("workspace"), "workflow_sid": centre.sid("workflow"),
        "queue_sid": centre.sid("anybody"), "task_channel_unique_name": "sms",
        "attributes": { "topic": "second opinion" },
    });
    if let Some(worker) = worker {
        properties["worker_sid"] = json!(worker);
    }
    json!({ "properties": properties }).to_string()
}
