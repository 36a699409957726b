//! Random days in random workspaces, held against the plain matcher and against routers built anew.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::naive::Naive;
use super::world::{World, sid, target};
use super::*;
use crate::task::{PAST_RESERVATIONS_MAX, Reservation, ReservationStatus};
use crate::timestamp::Millis;
use crate::workspace::QueueOrder;

const WORKERS: usize = 5;
const ACTIVITIES: [&str; 3] = ["on", "also on", "off"];
const CHANNELS: [&str; 2] = ["chat", "voice"];
const EXPRESSIONS: [&str; 5] = ["1==1", "skill == 1", "skill >= 1", "1==2", "not an expression"];

#[derive(Debug, Clone)]
enum Event {
    Arrives {
        skill: i64,
        priority: i64,
        channel: usize,
        ttl: i64,
        direct: Option<usize>,
        early: i64,
        special: Special,
    },
    Answers {
        task: usize,
        how: usize,
    },
    Activity {
        worker: usize,
        activity: usize,
    },
    Attributes {
        worker: usize,
        attributes: Value,
    },
    Capacity {
        worker: usize,
        channel: usize,
        capacity: u32,
        available: bool,
    },
    Queue {
        queue: usize,
        expression: usize,
        lifo: bool,
        max: u32,
        moves: [Option<usize>; 2],
        ageing: Option<u32>,
    },
    Workflow(Value),
    Mode {
        multi: bool,
        lifo_first: bool,
    },
    Time(i64),
    Step,
    /// The router decides, but another writer comes before it.
    Lost {
        /// This many turns are written first.
        turns: usize,
        other: Box<Event>,
    },
}

/// What few tasks are.
#[derive(Debug, Clone, Copy)]
struct Special {
    /// Whether the worker of a direct one is asked whatever they do.
    anyhow: bool,
    /// Whether it is made for a queue.
    bound: bool,
    rejections: u32,
    /// The worker who handed it on.
    handed_on_by: Option<usize>,
}

fn worker_name(worker: usize) -> String {
    format!("Worker {worker}")
}

fn queue_name(queue: usize) -> String {
    format!("q{queue}")
}

fn some_target() -> impl Strategy<Value = Value> {
    let rules = vec![
        json!({}),
        json!({}),
        json!({ "expression": "task.skill == worker.skill" }),
        json!({ "order_by": "worker.level DESC, worker.skill ASC" }),
        json!({ "known_worker_sid": "task.agent" }),
        json!({ "known_worker_friendly_name": "task.agent_name" }),
        json!({ "expression": "worker.channel.voice.assigned_tasks == 0" }),
        json!({ "expression": "worker.channel.chat.available_capacity_percentage >= 50" }),
        json!({ "expression": "worker.channel.chat.assigned_tasks > 0 OR worker.skill == 1" }),
        json!({ "expression": "worker.channel.voice.available_capacity_percentage != 100" }),
    ];
    let skips = vec![
        json!({}),
        json!({}),
        json!({ "skip_if": "1==1" }),
        json!({ "skip_if": "workers.available == 0" }),
    ];
    let more = (prop::sample::select(rules), prop::sample::select(skips));
    let times = prop::option::of(prop::sample::select(vec![1, 10, 30]));
    (0..3_usize, more, times, prop::option::of(0..3)).prop_map(
        |(queue, (rules, skip), timeout, priority)| {
            let mut all = target(&queue_name(queue), rules);
            let object = all.as_object_mut().unwrap();
            object.extend(skip.as_object().unwrap().clone());
            object.extend(timeout.map(|timeout| ("timeout".to_owned(), json!(timeout))));
            object.extend(priority.map(|priority| ("priority".to_owned(), json!(priority))));
            all
        },
    )
}

fn workflow() -> impl Strategy<Value = Value> {
    let conditions = vec!["1==1", "skill == 1", "skill != 2"];
    let filter = (prop::sample::select(conditions), prop::collection::vec(some_target(), 1..4));
    let filter = filter
        .prop_map(|(expression, targets)| json!({ "expression": expression, "targets": targets }));
    let filters = prop::collection::vec(filter, 0..3);
    (filters, prop::option::of(0..3_usize)).prop_map(|(filters, default)| match default {
        Some(queue) => {
            json!({ "filters": filters, "default_filter": target(&queue_name(queue), json!({})) })
        }
        None => json!({ "filters": filters }),
    })
}

fn attributes() -> impl Strategy<Value = Value> {
    let levels = vec![Value::Null, json!(1), json!(2), json!("high")];
    (0..3, prop::sample::select(levels))
        .prop_map(|(skill, level)| json!({ "skill": skill, "level": level }))
}

fn event() -> impl Strategy<Value = Event> {
    let lost = (0..3_usize, event_of_others())
        .prop_map(|(turns, other)| Event::Lost { turns, other: Box::new(other) });
    prop_oneof![30 => event_of_others(), 8 => Just(Event::Step), 4 => lost]
}

fn event_of_others() -> impl Strategy<Value = Event> {
    let ttl = prop::sample::select(vec![20, 3600]);
    let direct = prop::option::weighted(0.1, 0..WORKERS);
    let early = prop::sample::select(vec![0, 0, 5]);
    let rejections = prop::sample::select(vec![0, 0, 0, task::REJECTIONS_MAX - 1]);
    let handed_on_by = prop::option::weighted(0.1, 0..WORKERS);
    let special = (any::<bool>(), prop::bool::weighted(0.1), rejections, handed_on_by).prop_map(
        |(anyhow, bound, rejections, handed_on_by)| Special {
            anyhow,
            bound,
            rejections,
            handed_on_by,
        },
    );
    let moves = || prop::option::weighted(0.3, 0..3_usize);
    let ageing = prop::sample::select(vec![None, None, Some(1), Some(10), Some(30)]);
    prop_oneof![
        6 => (0..3_i64, 0..3_i64, 0..2_usize, ttl, direct, early, special).prop_map(
            |(skill, priority, channel, ttl, direct, early, special)| {
                Event::Arrives { skill, priority, channel, ttl, direct, early, special }
            }
        ),
        8 => (any::<usize>(), 0..6_usize).prop_map(|(task, how)| Event::Answers { task, how }),
        3 => (0..WORKERS, 0..3_usize).prop_map(|(worker, activity)| Event::Activity { worker, activity }),
        1 => (0..WORKERS, attributes()).prop_map(|(worker, attributes)| Event::Attributes { worker, attributes }),
        2 => (0..WORKERS, 0..2_usize, 0..4_u32, prop::bool::weighted(0.8)).prop_map(
            |(worker, channel, capacity, available)| Event::Capacity { worker, channel, capacity, available }
        ),
        3 => (0..3_usize, 0..EXPRESSIONS.len(), any::<bool>(), 1..4_u32, [moves(), moves()], ageing).prop_map(
            |(queue, expression, lifo, max, moves, ageing)| {
                Event::Queue { queue, expression, lifo, max, moves, ageing }
            }
        ),
        1 => workflow().prop_map(Event::Workflow),
        1 => (any::<bool>(), any::<bool>()).prop_map(|(multi, lifo_first)| Event::Mode { multi, lifo_first }),
        3 => prop::sample::select(vec![1, 1, 5, 10, 60, 86_400]).prop_map(Event::Time),
    ]
}

fn order(lifo: bool) -> QueueOrder {
    if lifo { QueueOrder::Lifo } else { QueueOrder::Fifo }
}

impl World {
    fn random(workers: Vec<Value>, queues: [usize; 3], alone: bool, workflow: Value) -> Self {
        let mut world = Self::new();
        world.channel("voice", alone);
        for (queue, expression) in queues.into_iter().enumerate() {
            world.queue(&queue_name(queue), EXPRESSIONS[expression], |_| {});
        }
        world.workflow(workflow);
        for (worker, attributes) in workers.into_iter().enumerate() {
            world.worker(&worker_name(worker), attributes, 100);
        }
        world
    }

    fn happens(&mut self, event: Event, number: usize) {
        match event {
            Event::Arrives { skill, priority, channel, ttl, direct, early, special } => {
                let agent = worker_name(number % (WORKERS + 1));
                let attributes = json!({
                    "skill": skill,
                    "agent": sid::<WorkerSid>(&agent),
                    "agent_name": agent.to_uppercase(),
                });
                self.task(&format!("t{number}"), attributes, |task| {
                    task.priority = priority;
                    task.channel = sid(CHANNELS[channel]);
                    task.timeout_seconds = ttl;
                    task.start = Timestamp(task.start.0 - early * 1000);
                    task.worker = direct.map(|worker| sid(&worker_name(worker)));
                    task.queue = direct.map(|_| sid("q1"));
                    task.ignores_capacity = direct.is_some() && special.anyhow;
                    if direct.is_none() && special.bound {
                        task.bound_to_queue = true;
                        task.queue = Some(sid("q2"));
                        task.queue_entered = Some(task.created);
                    }
                    task.rejections = special.rejections;
                    task.handed_on_by = special.handed_on_by.map(|it| sid(&worker_name(it)));
                });
            }
            Event::Answers { task, how } => self.answer(task, how),
            Event::Activity { worker, activity } => {
                self.activity(&worker_name(worker), ACTIVITIES[activity]);
            }
            Event::Attributes { worker, attributes } => {
                self.change_worker(&worker_name(worker), |one| {
                    one.attributes = attributes.to_string()
                });
            }
            Event::Capacity { worker, channel, capacity, available } => {
                let capacity = crate::workspace::Capacity { capacity, available };
                self.change_worker(&worker_name(worker), |one| {
                    one.channels.insert(sid(CHANNELS[channel]), capacity);
                });
            }
            Event::Queue { queue, expression, lifo, max, moves, ageing } => {
                self.queue(&queue_name(queue), EXPRESSIONS[expression], |queue| {
                    queue.order = order(lifo);
                    queue.max_reserved_workers = max;
                    let [reservation, assignment] =
                        moves.map(|activity| activity.map(|activity| sid(ACTIVITIES[activity])));
                    queue.reservation_activity = reservation;
                    queue.assignment_activity = assignment;
                    queue.ageing_bound_seconds = ageing;
                });
            }
            Event::Workflow(routing) => self.workflow(routing),
            Event::Mode { multi, lifo_first } => {
                let mut workspace = self.router.picture.workspace().clone();
                workspace.multi_task_enabled = multi;
                workspace.prioritize_queue_order = order(lifo_first);
                self.put(workspace);
            }
            Event::Time(seconds) => self.now = self.now + Millis::seconds(seconds),
            Event::Step => self.checked_step(),
            Event::Lost { turns, other } => {
                self.step_losing(turns, |world| world.happens(*other, number));
                self.checked_step();
            }
        }
    }

    /// A worker or the interface answers something that can be answered.
    fn answer(&mut self, task: usize, how: usize) {
        let held: Vec<TaskSid> = self.router.picture.tasks().map(|task| task.sid).collect();
        let Some(sid) = held.get(task % held.len().max(1)).copied() else {
            return;
        };
        let Some(Record::Task(task)) = self.table.get(&("Task", sid.to_string())).cloned() else {
            return;
        };
        // What a task forgets of its past is lost to a router that is built anew.
        let many = task.reservations.len() >= PAST_RESERVATIONS_MAX;
        let asked = |one: &&Reservation| one.status == ReservationStatus::Pending;
        let reservation = task.reservations.iter().find(asked).map(|one| task.reservation_sid(one));
        let command = match (how, reservation) {
            (0 | 1, Some(reservation)) => Command::Accept(reservation),
            (2 | 3, Some(reservation)) if !many => Command::Reject(reservation),
            (4, _) if many || task.priority == 1 => Command::Cancel { reason: None },
            (4, _) => Command::Wrap { reason: None },
            _ => Command::Complete { reason: None },
        };
        if let Ok(change) = task::decide(&task, command, Source::Api, self.now) {
            self.put(change.task);
        }
    }

    fn checked_step(&mut self) {
        let expected = Naive::of(self).step();
        let mut rebuilt = self.rebuilt();
        let mut crashing = self.clone();
        let turns = self.step();
        let forgetful = |task: &Task| task.next_number as usize > PAST_RESERVATIONS_MAX;
        if !expected.tasks.values().any(forgetful) {
            let anew = rebuilt.step(self.now);
            // Small steps can be cut at other places, but come to the same in the end.
            if self.router.puts_max == PUTS_MAX {
                assert_eq!(turns[0], anew);
            }
            // A router that dies lets tasks walk anew that were on their way through targets. By then workers have got something
            // to do, which can make them suit where they did not before.
            if self.router.puts_max == PUTS_MAX || !self.router.picture.busier_can_suit() {
                crashing.step_crashing();
                assert_same(&Naive::of(&crashing), &expected);
            }
        }
        let now = Naive::of(self);
        assert_same(&now, &expected);
        assert_eq!(now.missed(), [], "somebody waits while somebody is free");
        self.check_capacity();
        assert!(self.router.step(self.now).decision.is_unchanged(), "a step too many");
        assert!(self.router.next_deadline().is_none_or(|at| at > self.now));
    }

    /// The load that the router counts is the load that there is.
    fn check_capacity(&self) {
        for worker in (0..WORKERS).map(worker_name) {
            for channel in CHANNELS {
                let tasks = self.table.values().filter_map(Record::get::<Task>);
                let tasks = tasks.filter(|task| task.channel == sid(channel));
                let open = tasks.flat_map(|task| task.open_reservations());
                let own = open.filter(|one| one.worker == sid(&worker)).count();
                assert_eq!(self.router.load(sid(&worker), sid(channel)) as usize, own);
            }
        }
    }
}

#[track_caller]
fn assert_same(one: &Naive, other: &Naive) {
    for (sid, task) in &other.tasks {
        assert_eq!(summary(&one.tasks[sid]), summary(task));
    }
    for (sid, worker) in &other.workers {
        let doing = |worker: &Worker| (worker.activity, worker.activity_since, worker.occupation);
        assert_eq!(doing(&one.workers[sid]), doing(worker));
    }
}

/// What of a task two routers have to agree on.
fn summary(task: &Task) -> impl std::fmt::Debug + PartialEq + use<> {
    let reservations: Vec<_> = task
        .reservations
        .iter()
        .map(|one| (one.number, one.worker, one.status, one.expires))
        .collect();
    let place = (task.position, task.queue, task.queue_entered, task.target_until, task.priority);
    (task.sid, task.status, task.ended, place, task.assignments, task.rejections, reservations)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, max_shrink_iters: 2000, ..ProptestConfig::default() })]

    #[test]
    fn the_router_does_what_the_plain_matcher_does_and_forgets_nothing(
        workers in prop::collection::vec(attributes(), WORKERS),
        queues in [0..3_usize, 0..3_usize, 0..3_usize],
        alone in any::<bool>(),
        workflow in workflow(),
        puts_max in prop::sample::select(vec![1, 2, 3, PUTS_MAX]),
        multi in any::<bool>(),
        events in prop::collection::vec(event(), 1..60),
    ) {
        let mut world = World::random(workers, queues, alone, workflow);
        world.router.puts_max = puts_max;
        world.happens(Event::Mode { multi, lifo_first: false }, 0);
        for (number, event) in events.into_iter().enumerate() {
            world.happens(event, number);
        }
        world.checked_step();
    }

    /// Whatever arrives, nobody is passed over who has waited for as long as its queue lets it: the worker
    /// who frees takes one who has waited at least as long.
    #[test]
    fn a_task_that_waited_for_the_bound_is_passed_by_no_younger_one(
        bound in 1..40_u32,
        lifo in any::<bool>(),
        arrivals in prop::collection::vec((0..4_i64, 0..6_i64, 0..30_i64), 1..40),
    ) {
        let mut world = World::new();
        world.queue("q", "1==1", |queue| {
            queue.ageing_bound_seconds = Some(bound);
            queue.order = order(lifo);
        });
        world.worker("ann", json!({}), 0);
        for (number, (priority, seconds, work)) in arrivals.into_iter().enumerate() {
            world.after(seconds);
            world.task(&format!("t{number}"), json!({}), |task| task.priority = priority);
            world.step();
            world.after(work);
            let waiting: Vec<Task> = world.waiting_tasks();
            let held = world.router.picture.tasks().find(|task| task.status == TaskStatus::Reserved);
            let held = held.map(|task| task.sid);
            let Some(done) = held else { continue };
            let Some(Record::Task(task)) = world.table.get(&("Task", done.to_string())).cloned() else {
                continue;
            };
            let cancel = Command::Cancel { reason: None };
            let change = task::decide(&task, cancel, Source::Api, world.now).unwrap();
            world.put(change.task);
            world.step();
            let taken = world.router.picture.tasks().find(|task| task.status == TaskStatus::Reserved);
            let since = |task: &Task| task.queue_entered.unwrap();
            let late = waiting
                .iter()
                .filter(|task| world.now.0 - since(task).0 >= i64::from(bound) * 1000);
            if let Some(oldest) = late.map(since).min() {
                prop_assert_eq!(taken.map(since), Some(oldest));
            }
        }
    }

    #[test]
    fn no_step_reserves_beyond_capacity_or_twice(
        capacities in prop::collection::vec(0..4_u32, WORKERS),
        max in 1..4_u32,
        tasks in 1..30_usize,
    ) {
        let mut world = World::new();
        world.queue("q", "1==1", |queue| queue.max_reserved_workers = max);
        for (worker, capacity) in capacities.iter().enumerate() {
            world.worker(&worker_name(worker), json!({}), 0);
            world.capacity(&worker_name(worker), "chat", *capacity);
        }
        for task in 0..tasks {
            world.task(&format!("t{task}"), json!({}), |_| {});
        }
        world.step();
        let mut total = 0;
        for (worker, capacity) in capacities.iter().enumerate() {
            let load = world.router.load(sid(&worker_name(worker)), sid("chat"));
            prop_assert!(load <= *capacity);
            total += load;
        }
        for task in 0..tasks {
            let mut holders = world.holders(&format!("t{task}"));
            prop_assert!(holders.len() <= max as usize);
            holders.sort();
            holders.dedup();
            prop_assert_eq!(holders.len(), world.holders(&format!("t{task}")).len());
        }
        let free: u32 = capacities.iter().sum::<u32>() - total;
        prop_assert!(free == 0 || world.router.waiting().count() == 0);
    }
}
