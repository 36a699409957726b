//! Whether a deployment has anything left to do, and the wait until it has not.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use anyhow::Result;
use tokio::time::{sleep, timeout};

use crate::aws::deployment::Deployment;
use crate::aws::queues::{DeadLetter, Depth};

/// Who waits until the deployment is quiet looks again after this, ….
const GLANCE: Duration = Duration::from_millis(1);
/// … and less and less often while nothing happens, down to this.
const GLANCE_MAX: Duration = Duration::from_millis(25);

/// What keeps a deployment from being quiet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotDrained {
    /// Queues that hold messages which are due, without the stack's name.
    pub queues: BTreeMap<String, Depth>,
    /// Tables with changes that nobody has seen, without the stack's name.
    pub streams: Vec<String>,
    /// Invocations that are running.
    pub running: usize,
}

impl fmt::Display for NotDrained {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "the deployment is not quiet: {self:?}")
    }
}

impl std::error::Error for NotDrained {}

impl Deployment {
    /// Waits until nothing is left to do: no message is due or in flight, no change unseen, no function
    /// running. Messages that are delayed do not count, nor do dead letters.
    pub async fn quiet(&self) {
        let (mut known, mut pause, mut was_quiet) = (u64::MAX, GLANCE, false);
        loop {
            let invocations = self.functions.activity().1;
            let is_quiet = self.unrest().await.is_none();
            // Twice in a row, or something may have slipped from one place to the next between two looks.
            if is_quiet && was_quiet && invocations == known {
                return;
            }
            pause = if invocations == known { (pause * 2).min(GLANCE_MAX) } else { GLANCE };
            (known, was_quiet) = (invocations, is_quiet);
            sleep(pause).await;
        }
    }

    /// Waits until nothing is left to do, but not for ever.
    ///
    /// # Errors
    /// Says what is left when the time is over.
    pub async fn drained(&self, limit: Duration) -> Result<(), NotDrained> {
        match timeout(limit, self.quiet()).await {
            Ok(()) => Ok(()),
            Err(_) => self.unrest().await.map_or(Ok(()), Err),
        }
    }

    /// What is left to do at this moment, if anything.
    async fn unrest(&self) -> Option<NotDrained> {
        let (tables, queues) = (&self.services.tables, &self.services.queues);
        let mut left = NotDrained {
            queues: self.depths().await,
            streams: Vec::new(),
            running: self.functions.activity().0,
        };
        left.queues.retain(|_, depth| depth.visible + depth.in_flight > 0);
        for queue in self.template.queues.iter().filter(|queue| queue.holds_dead_letters) {
            left.queues.remove(queues.short(&queue.name));
        }
        for table in self.template.read_streams() {
            if let Some(stream) = tables.stream(table)
                && !stream.is_read()
            {
                left.streams.push(tables.short(table).to_owned());
            }
        }
        let is_quiet = left.queues.is_empty() && left.streams.is_empty() && left.running == 0;
        (!is_quiet).then_some(left)
    }

    /// How many messages each queue holds, by name without the stack's.
    pub async fn depths(&self) -> BTreeMap<String, Depth> {
        let queues = &self.services.queues;
        let mut depths = BTreeMap::new();
        for queue in &self.template.queues {
            if let Ok(depth) = queues.depth(&queue.name).await {
                depths.insert(queues.short(&queue.name).to_owned(), depth);
            }
        }
        depths
    }

    /// The messages that were given up; they stay where they are. Of one group, the first ten.
    ///
    /// # Errors
    /// If the queues cannot be read.
    pub async fn dead_letters(&self) -> Result<Vec<DeadLetter>> {
        let mut letters = Vec::new();
        for queue in self.template.queues.iter().filter(|queue| queue.holds_dead_letters) {
            letters.extend(self.services.queues.peek(&queue.name).await?);
        }
        Ok(letters)
    }
}
