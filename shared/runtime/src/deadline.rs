//! The end of an invocation. Lambda ends a function that takes longer in the middle of whatever it does, and then all of
//! its batch comes again; so a function stops by itself while there is time to say what it is leaving.
//!
//! What is stopped is dropped where it waits, as if the process had been ended there: nothing was decided that was not
//! committed, and nothing committed that the relay does not know of. The simulation ends functions at every request.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::failure::Failure;

/// Before the end no work is done any more, ….
const TO_STOP: Duration = Duration::from_millis(1_000);
/// … and from here on nothing is sent: what is left is to answer.
const TO_ANSWER: Duration = Duration::from_millis(300);

tokio::task_local! {
    static END: Instant;
}

/// Runs an invocation that will be ended then.
pub async fn until<F: Future>(end: Instant, invocation: F) -> F::Output {
    END.scope(end, invocation).await
}

/// Works as long as there is time, and is stopped when there is just enough left to say so. Outside of an invocation
/// there is always time.
///
/// # Errors
/// `Unavailable` if it was stopped, or not begun.
pub async fn in_time<F: Future>(work: F) -> Result<F::Output, Failure> {
    let stopped = || Failure::Unavailable("the time of the invocation is over".to_owned());
    before(TO_STOP, work).await.ok_or_else(stopped)
}

/// The same, of work that can fail.
///
/// # Errors
/// As the work, and as [`in_time`].
pub async fn done_in_time<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    in_time(work).await.flatten()
}

/// Whether there is time left for work that takes so long.
pub fn has_time_for(work: Duration) -> bool {
    let Ok(end) = END.try_with(|end| *end) else { return true };
    end.checked_sub(TO_STOP).is_some_and(|stop| Instant::now() + work <= stop)
}

/// Sends what the work had done, in the time that [`in_time`] leaves; says whether it came to an end.
pub(crate) async fn at_last<F: Future>(sending: F) -> Option<F::Output> {
    before(TO_ANSWER, sending).await
}

async fn before<F: Future>(margin: Duration, work: F) -> Option<F::Output> {
    let Ok(end) = END.try_with(|end| *end) else { return Some(work.await) };
    match end.checked_sub(margin) {
        Some(stop) if Instant::now() < stop => timeout_at(stop, work).await.ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::sleep;

    const SPAN: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn work_is_stopped_while_there_is_time_to_say_so() {
        let began = Instant::now();
        let ended = until(began + SPAN, async {
            let worked = in_time(sleep(SPAN * 2)).await;
            assert_eq!(began.elapsed(), SPAN - TO_STOP);
            let begun = in_time(async { panic!("there is no time to begin") }).await;
            assert!(begun.is_err());
            let sent = at_last(sleep(SPAN)).await;
            assert_eq!(began.elapsed(), SPAN - TO_ANSWER);
            assert!(sent.is_none());
            worked
        });
        let failure = ended.await.unwrap_err();
        assert_eq!(failure.name(), "Unavailable");
        assert!(failure.to_string().contains("time of the invocation"), "{failure}");
    }

    #[tokio::test(start_paused = true)]
    async fn there_is_time_for_what_ends_before_the_last_words() {
        assert!(has_time_for(SPAN * 100), "outside of an invocation there always is");
        let end = Instant::now() + SPAN;
        until(end, async {
            assert!(has_time_for(SPAN - TO_STOP));
            sleep(Duration::from_millis(1)).await;
            assert!(!has_time_for(SPAN - TO_STOP));
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_fits_and_work_outside_of_an_invocation_are_left_alone() {
        let end = Instant::now() + SPAN;
        assert_eq!(until(end, in_time(async { 7 })).await.unwrap(), 7);
        in_time(sleep(SPAN * 100)).await.unwrap();
    }
}
