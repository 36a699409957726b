//! Whole runs: by a seed, or the one journey with one fault in it.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use switchboard_domain::task::ReservationStatus;

use crate::kernel::Kernel;
use crate::people::WORKERS;
use crate::plan::{Plan, Profile, Single};
use crate::random::{Concern, Streams};
use crate::setup::Setting;
use crate::sometimes::{Met, Sometimes, meet};
use crate::world::Violation;

/// Nobody waits longer for anything.
const PATIENCE_MS: i64 = 5_000;
/// More than a day.
const DAY_MS: i64 = 25 * 3_600_000;

/// What came of a run.
#[derive(Debug, Default)]
pub(crate) struct Run {
    pub(crate) seed: u64,
    pub(crate) hash: u64,
    pub(crate) steps: usize,
    pub(crate) calls: usize,
    pub(crate) messages: usize,
    pub(crate) simulated: Duration,
    pub(crate) violations: Vec<Violation>,
    pub(crate) events: Vec<String>,
    pub(crate) profile: String,
    pub(crate) sites: BTreeSet<String>,
    pub(crate) met: Met,
}

impl fmt::Display for Run {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "seed {} at step {} with {}", self.seed, self.steps, self.profile)?;
        self.events.iter().try_for_each(|line| writeln!(out, "{line}"))?;
        self.violations.iter().take(5).try_for_each(|one| writeln!(out, "VIOLATED  {one}"))?;
        writeln!(
            out,
            "again: SEED={} cargo test -p switchboard-tests --test simulation -- replay",
            self.seed
        )
    }
}

/// A runtime of its own, whose time is simulated.
pub(crate) fn simulated<T>(run: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().start_paused(true).build().expect("a runtime");
    runtime.block_on(run)
}

impl Kernel {
    pub(crate) fn outcome(&self, seed: u64) -> Run {
        let state = self.world.state();
        let mut violations = state.violations.clone();
        violations.extend(self.deployment.refused().into_iter().map(|(function, refused)| {
            let detail = format!("{function}: {refused:?}");
            Violation { rule: "a role allows what its function does", detail }
        }));
        Run {
            seed,
            hash: state.hash,
            steps: self.step,
            calls: state.calls,
            messages: state.sent.len() + self.facts.acknowledged.len(),
            simulated: Duration::default(),
            violations,
            events: state.events.iter().cloned().collect(),
            profile: format!("{:?} {:?} {:?}", self.road, self.setting, self.plan),
            sites: state.sites.keys().cloned().collect(),
            met: state.met.clone(),
        }
    }

    /// One step, whichever the seed wants.
    async fn wander(&mut self) {
        self.step += 1;
        let pending = self.world.state().pending.len();
        let posts = self.world.state().posts.len();
        let guests = self.guests();
        let weights = [
            if pending > 0 { 62 } else { 0 },
            14,
            if guests < 4 { 9 } else { 0 },
            if posts > 0 && guests < 5 { 7 } else { 0 },
            4,
            usize::from(pending == 0),
            1,
        ];
        match self.streams.decision(Concern::Turns).weighed(&weights) {
            0 => {
                let place = self.streams.decision(Concern::Requests).below(pending);
                let faults = &mut self.streams.decision(Concern::Faults);
                let passage = self.plan.passage(&self.world, place, faults);
                self.world.let_through(place, passage);
            }
            1 => self.deliver_somewhere().await,
            2 => self.act().await,
            3 => self.carrier_posts(posts).await,
            4 => {
                let place = self.streams.decision(Concern::Time).below(3);
                let pause = [20, 200, 1000][place];
                self.pass(pause).await;
            }
            5 => {
                let place = self.streams.decision(Concern::Time).below(4);
                let pause = [5_000, 20_000, 65_000, 200_000][place];
                self.pass(pause).await;
            }
            _ => self.disturb(),
        }
        self.settle().await;
    }

    async fn deliver_somewhere(&mut self) {
        let random = &mut self.streams.decision(Concern::Deliveries);
        let place = random.below(self.wakers.len());
        if self.wakers[place].stalled > self.step {
            return;
        }
        let copies = self.plan.profile().map_or(0, |profile| profile.copies);
        let copies = if random.chance(copies) { 2 } else { 1 };
        let most = [1, 2, 10][random.below(3)];
        self.deliver(place, most, copies).await;
    }

    /// The carrier posts what it has, in any order, some of it twice.
    async fn carrier_posts(&mut self, posts: usize) {
        let random = &mut self.streams.decision(Concern::Carrier);
        let place = random.below(posts);
        let post = self.world.state().posts.remove(place);
        if self.plan.profile().is_some() && random.chance(100) {
            self.world.state().posts.push(post.clone());
        }
        self.post(post).await;
    }

    /// A queue or a stream stands still for a while, or a stream begins anew.
    fn disturb(&mut self) {
        let random = &mut self.streams.decision(Concern::Disturbances);
        let place = random.below(self.wakers.len());
        let Some(profile) = self.plan.profile().cloned() else { return };
        if random.chance(profile.stalls * 10) {
            self.wakers[place].stalled = self.step + 150;
        }
        if random.chance(profile.replays * 10) {
            meet(&mut self.world.state().met, Sometimes::StreamReplayed);
            self.wakers[place].replay();
        }
    }

    /// The workers who are still there do what there is to do. Where a customer is called back, they are waited for.
    pub(crate) async fn work_off(&mut self) {
        for _ in 0..if self.setting.calls_back { 6 } else { 30 } {
            self.all_come_back().await;
            match self.setting.calls_back {
                true => self.rest().await,
                false => self.drain(PATIENCE_MS).await,
            }
            if self.violation().is_some() {
                return;
            }
            let asked = self.reservations(ReservationStatus::Pending);
            let mut working = self.reservations(ReservationStatus::Accepted);
            working.extend(self.reservations(ReservationStatus::Wrapping));
            if asked.is_empty() && working.is_empty() {
                return;
            }
            for seen in asked {
                self.answers(&seen, "accepted").await;
            }
            for seen in working {
                self.answers(&seen, "completed").await;
            }
        }
    }

    /// The workers who are not there come back.
    async fn all_come_back(&mut self) {
        for name in WORKERS {
            let away = {
                let (state, sid) = (self.world.state(), self.centre.sid(name));
                let available = self.centre.sid("available");
                let mut workers = state.mirror.workers();
                workers
                    .any(|one| one.sid.to_string() == sid && one.activity.to_string() != available)
            };
            if away {
                self.moves(name, "available").await;
            }
        }
    }

    /// The worker who is asked takes it, and more than a day passes.
    async fn a_day_passes(&mut self) {
        self.all_come_back().await;
        self.drain(PATIENCE_MS).await;
        for seen in self.reservations(ReservationStatus::Pending) {
            self.answers(&seen, "accepted").await;
        }
        self.drain(PATIENCE_MS).await;
        self.world.log("a day passes");
        self.pass(DAY_MS).await;
        self.tick().await;
        self.rest().await;
    }
}

/// A run as its seed says.
pub(crate) async fn by_seed(seed: u64) -> Run {
    by_seed_with(seed, None).await.1
}

/// A run as its seed says, with one fault more; and whether that one struck.
pub(crate) async fn by_seed_with(seed: u64, single: Option<Single>) -> (bool, Run) {
    let mut streams = Streams::of(seed);
    let steps = 400 + streams.decision(Concern::Profile).below(500);
    let profile = Profile::of(&mut streams.decision(Concern::Profile));
    let setting = Setting::of(&mut streams.decision(Concern::Setting));
    let mut kernel = Kernel::start(seed, Plan::Random(profile, single), setting).await;
    let began = kernel.world.now();
    for _ in 0..steps {
        kernel.wander().await;
        if kernel.violation().is_some() {
            return (kernel.plan.has_struck(), kernel.outcome(seed));
        }
    }
    kernel.plan.calm();
    kernel.world.log("everything calms down");
    kernel.rest().await;
    kernel.tick().await;
    kernel.rest().await;
    if kernel.violation().is_none() {
        kernel.check_at_rest().await;
    }
    if kernel.violation().is_none() && kernel.setting.is_long {
        kernel.a_day_passes().await;
        kernel.check_at_rest().await;
    }
    if kernel.violation().is_none() && (seed.is_multiple_of(2) || kernel.setting.calls_back) {
        let now = kernel.world.now();
        kernel.world.state().book.calm_since = Some(now);
        kernel.world.log("everybody works off what is left");
        for _ in 0..3 {
            kernel.a_program_makes_a_task().await;
        }
        kernel.work_off().await;
        kernel.rest().await;
        kernel.check_at_rest().await;
    }
    let mut outcome = kernel.outcome(seed);
    let passed = (kernel.world.now() - began).0;
    outcome.simulated = Duration::from_millis(u64::try_from(passed).unwrap_or(0));
    (kernel.plan.has_struck(), outcome)
}
