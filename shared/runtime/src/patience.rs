//! How long a function waits for a table or a queue before it gives up, and how often it asks again.
//!
//! The SDK's own defaults wait for a silent connection until the invocation is over, and change with its versions;
//! so everything is said here, once for each kind of caller, and every function names its kind. A contract test
//! holds each function's kind against the timeout that the template gives it: two calls that fail to the end fit
//! into an invocation, and there is time left to say so.

use std::time::Duration;

use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

/// How a function waits for one call of a table or a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Until a connection stands.
    pub connect: Duration,
    /// Until one attempt is answered, the connection included: this is what a silent connection costs.
    pub attempt: Duration,
    /// Attempts in all, at least one.
    pub attempts: u32,
    /// Before the second attempt at most; each further pause is twice as long, and any may be shorter by chance.
    pub pause: Duration,
    /// Until the call is given up, with all its attempts and pauses.
    pub call: Duration,
}

/// No pause between two attempts is longer.
const PAUSE_MAX: Duration = Duration::from_secs(2);

impl Patience {
    /// For a webhook of a carrier, which posts again by itself and is gone after 15 s: fails fast.
    pub const CARRIER: Self = Self {
        connect: Duration::from_millis(1_000),
        attempt: Duration::from_millis(1_500),
        attempts: 2,
        pause: Duration::from_millis(50),
        call: Duration::from_millis(3_200),
    };
    /// For a request of a client, who waits and may ask again.
    pub const CLIENT: Self = Self {
        connect: Duration::from_millis(1_000),
        attempt: Duration::from_millis(2_000),
        attempts: 3,
        pause: Duration::from_millis(50),
        call: Duration::from_millis(5_000),
    };
    /// For the messages of a queue, which come again only when their visibility is over: asks more often.
    pub const WORKER: Self = Self {
        connect: Duration::from_millis(1_000),
        attempt: Duration::from_millis(1_500),
        attempts: 4,
        pause: Duration::from_millis(100),
        call: Duration::from_millis(4_500),
    };
    /// For work that holds up a stream, or calls strangers, and has half a minute or more.
    pub const LONG: Self = Self {
        connect: Duration::from_millis(2_000),
        attempt: Duration::from_millis(3_000),
        attempts: 5,
        pause: Duration::from_millis(200),
        call: Duration::from_millis(14_000),
    };

    /// Before an attempt that is not the first, which has the number 0.
    pub fn pause_before(&self, attempt: u32) -> Duration {
        let doubled = 1 << attempt.saturating_sub(1).min(16);
        (self.pause * doubled).min(PAUSE_MAX)
    }

    /// The same as timeouts of a client.
    pub fn timeouts(&self) -> TimeoutConfig {
        TimeoutConfig::builder()
            .connect_timeout(self.connect)
            .operation_attempt_timeout(self.attempt)
            .operation_timeout(self.call)
            .build()
    }

    /// The same as retries of a client. Pauses are as long for a throttled call as for any other.
    pub fn retries(&self) -> RetryConfig {
        RetryConfig::standard()
            .with_max_attempts(self.attempts)
            .with_initial_backoff(self.pause)
            .with_max_backoff(PAUSE_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Patience; 4] =
        [Patience::CARRIER, Patience::CLIENT, Patience::WORKER, Patience::LONG];

    #[test]
    fn a_silent_connection_is_followed_by_another_attempt_within_the_call() {
        for patience in ALL {
            assert!(patience.attempts >= 2, "{patience:?}");
            let second = patience.attempt * 2 + patience.pause;
            assert!(second <= patience.call, "{patience:?}");
            assert!(patience.connect < patience.attempt, "{patience:?}");
        }
    }

    #[test]
    fn each_pause_is_twice_as_long_up_to_a_bound() {
        let pauses = [1, 2, 3].map(|attempt| Patience::LONG.pause_before(attempt).as_millis());
        assert_eq!(pauses, [200, 400, 800]);
        assert_eq!(Patience::LONG.pause_before(100), PAUSE_MAX);
    }

    #[test]
    fn the_sdk_is_told_all_of_it() {
        for patience in ALL {
            let timeouts = patience.timeouts();
            assert_eq!(timeouts.connect_timeout(), Some(patience.connect));
            assert_eq!(timeouts.operation_attempt_timeout(), Some(patience.attempt));
            assert_eq!(timeouts.operation_timeout(), Some(patience.call));
            let retries = patience.retries();
            assert_eq!(retries.max_attempts(), patience.attempts);
            assert_eq!(retries.initial_backoff(), patience.pause);
        }
    }
}
