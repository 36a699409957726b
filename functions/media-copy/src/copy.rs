//! The files of one message: fetched, looked at, stored, and noted.

use std::time::Duration;

use futures_util::future::join_all;
use switchboard_caller::{Called, Download, Fetched, File};
use switchboard_connections::By;
use switchboard_domain::carriage::Media;
use switchboard_domain::decision::Decision;
use switchboard_domain::media::{
    ATTEMPTS_MAX, COPY_BYTES_MAX, DENIALS_MAX, MediaFailure, Seen, judge, pause,
};
use switchboard_domain::message::{Copied, Message, copied};
use switchboard_domain::sid::{MediaSid, MessageSid};
use switchboard_media::Object;
use switchboard_runtime::queue::Next;
use switchboard_runtime::{Dependencies, Failure};
use switchboard_store::key;

use crate::{Tools, nothing_yet};

/// So many files of a message are fetched at once: a function holds them in its memory, and five messages come at once.
const AT_ONCE: usize = 3;
/// How long one file may take to fetch.
const FETCHED_WITHIN: Duration = Duration::from_secs(15);
/// How long a scanner may take for one file.
const SCANNED_WITHIN: Duration = Duration::from_secs(15);

/// What came of one try.
enum Tried {
    /// Something that is final.
    Done(Copied),
    /// Another try may bring it; after the last one this is what came of it.
    Again(MediaFailure),
}

/// Fetches what is waiting, and notes what came of it. What only a later try can tell is looked at again.
pub(crate) async fn copy(
    on: &Dependencies,
    tools: &Tools,
    sid: MessageSid,
    attempt: u32,
) -> Result<Next, Failure> {
    let message = load(on, sid).await?;
    let waiting: Vec<(MediaSid, Media)> = message
        .files()
        .filter(|(_, file)| file.state.is_waiting())
        .map(|(sid, file)| (sid, file.clone()))
        .collect();
    if waiting.is_empty() {
        // An attempt before this one may have stored what was taken off the message since.
        for media in &message.media_gone {
            tools.bucket.remove(*media).await?;
        }
        return Ok(Next::Done);
    }
    let by = way(on, tools, &message).await?;
    // Some at once: a dead link must not take the time of all others.
    let mut tried = Vec::new();
    for some in waiting.chunks(AT_ONCE) {
        let tries =
            some.iter().map(|(media, file)| one(on, tools, by.as_ref(), *media, file, attempt));
        tried.extend(join_all(tries).await);
    }
    let (mut outcomes, mut is_open, mut failed) = (Vec::new(), false, None);
    for ((media, _), tried) in waiting.iter().zip(tried) {
        match tried {
            Ok(Tried::Done(outcome)) => outcomes.push((*media, outcome)),
            Ok(Tried::Again(_)) if attempt < ATTEMPTS_MAX => is_open = true,
            Ok(Tried::Again(failure)) => outcomes.push((*media, Copied::Failed(failure))),
            Err(failure) => failed = Some(failure),
        }
    }
    if !outcomes.is_empty() {
        note(on, tools, sid, message, &outcomes).await?;
    }
    match (failed, is_open) {
        (Some(failure), _) => Err(failure),
        (None, true) => Ok(Next::Later(pause(attempt))),
        (None, false) => Ok(Next::Done),
    }
}

async fn load(on: &Dependencies, sid: MessageSid) -> Result<Message, Failure> {
    let message: Option<Message> = on.store.get(key::message(sid)).await?;
    message.ok_or_else(|| nothing_yet(&sid))
}

/// The connection that the message came by; none if it is ours, whose files are wherever its sender said.
async fn way(on: &Dependencies, tools: &Tools, message: &Message) -> Result<Option<By>, Failure> {
    let Some(origin) = &message.origin else { return Ok(None) };
    let stored = tools.connections.of_sender(on, &origin.pair.proxy).await?;
    Ok(Some(stored.map_or(By::Environment(origin.carrier), By::Stored)))
}

/// Notes outcomes on the message as it is known; if it was changed meanwhile, on the message as it is. What it has lost
/// meanwhile is not kept.
async fn note(
    on: &Dependencies,
    tools: &Tools,
    sid: MessageSid,
    known: Message,
    outcomes: &[(MediaSid, Copied)],
) -> Result<(), Failure> {
    let mut known = Some(known);
    let gone: Vec<MediaSid> = on
        .decide(|| {
            let known = known.take();
            async move {
                let message = match known {
                    Some(message) => message,
                    None => load(on, sid).await?,
                };
                let after = copied(&message, outcomes);
                let lost = outcomes.iter().map(|(media, _)| *media);
                let lost = lost.filter(|media| after.file(*media).is_none()).collect();
                let decision = match after == message {
                    true => Decision::unchanged(),
                    false => Decision::put(after),
                };
                Ok::<_, Failure>((lost, decision))
            }
        })
        .await?;
    for media in gone {
        tools.bucket.remove(media).await?;
    }
    for (media, outcome) in outcomes {
        match outcome {
            Copied::Kept { size_bytes, .. } => {
                tracing::info!(media.sid = %media, size_bytes, "kept");
            }
            Copied::Failed(failure) => {
                tracing::warn!(media.sid = %media, "not kept: {}", failure.reason());
            }
        }
    }
    Ok(())
}

async fn one(
    on: &Dependencies,
    tools: &Tools,
    by: Option<&By>,
    media: MediaSid,
    file: &Media,
    attempt: u32,
) -> Result<Tried, Failure> {
    let failed = |failure| Ok(Tried::Done(Copied::Failed(failure)));
    if file.size_bytes.is_some_and(|size| size > COPY_BYTES_MAX) {
        return failed(MediaFailure::TooLarge);
    }
    let (url, credentials) = match by {
        None => (file.url.clone(), Vec::new()),
        Some(by) => match tools.connections.file(by, file).await {
            Ok(Some(place)) => (place.url, place.credentials),
            Ok(None) => return Ok(denied(MediaFailure::Gone, attempt)),
            Err(reason) => {
                tracing::warn!(media.sid = %media, "the carrier does not say where it is: {reason}");
                return Ok(Tried::Again(MediaFailure::Unreachable));
            }
        },
    };
    let download = Download {
        url: url.as_str(),
        credentials: &credentials,
        bytes_max: COPY_BYTES_MAX,
        timeout: FETCHED_WITHIN,
    };
    let fetched = match tools.caller.fetch(download).await {
        Fetched::File(fetched) => fetched,
        Fetched::TooLarge => return failed(MediaFailure::TooLarge),
        Fetched::Not(called) => {
            tracing::warn!(media.sid = %media, "not fetched: it {called}");
            return Ok(tried(&called, attempt));
        }
    };
    let seen = Seen {
        announced: &file.content_type,
        answered: fetched.content_type.as_deref(),
        content: &fetched.content,
    };
    match judge(seen) {
        Ok(judged) => keep(on, tools, media, judged.0, fetched).await,
        Err(failure) => failed(failure),
    }
}

/// What an answer means that is no file.
fn tried(called: &Called, attempt: u32) -> Tried {
    match called {
        Called::Forbidden(_) => Tried::Done(Copied::Failed(MediaFailure::Forbidden)),
        Called::Answered(408 | 425 | 429) => Tried::Again(MediaFailure::Unreachable),
        Called::Answered(410) => Tried::Done(Copied::Failed(MediaFailure::Gone)),
        Called::Answered(status) if *status < 500 => denied(MediaFailure::Gone, attempt),
        Called::Answered(_) | Called::Unanswered | Called::TimedOut => {
            Tried::Again(MediaFailure::Unreachable)
        }
    }
}

/// A carrier's webhook may be ahead of its store, so it is not believed at once that it has no such file.
const fn denied(failure: MediaFailure, attempt: u32) -> Tried {
    match attempt < DENIALS_MAX {
        true => Tried::Again(failure),
        false => Tried::Done(Copied::Failed(failure)),
    }
}

/// Stores a file, if the scanner has nothing against it.
async fn keep(
    on: &Dependencies,
    tools: &Tools,
    media: MediaSid,
    content_type: String,
    fetched: File,
) -> Result<Tried, Failure> {
    let object = Object { content_type, content: fetched.content.into() };
    if let Some(url) = &on.config.media_scan_url {
        let content = object.content.clone();
        let scan = tools.caller.scan(url, &object.content_type, content, SCANNED_WITHIN);
        match scan.await {
            Called::Answered(200..=299) => {}
            Called::Answered(400..=499) => {
                return Ok(Tried::Done(Copied::Failed(MediaFailure::Infected)));
            }
            called => {
                return Err(Failure::Unavailable(format!("the scanner {called}")));
            }
        }
    }
    let stored = tools.bucket.store(media, object).await?;
    Ok(Tried::Done(Copied::Kept {
        size_bytes: stored.content.len() as u64,
        content_type: stored.content_type,
        file_name: fetched.file_name,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_yet_is_asked_for_again_and_what_is_gone_is_not() {
        let is_again = |called: Called, attempt| matches!(tried(&called, attempt), Tried::Again(_));
        assert!(is_again(Called::Answered(404), 1) && is_again(Called::Answered(404), 2));
        assert!(!is_again(Called::Answered(404), 3) && !is_again(Called::Answered(410), 1));
        assert!(is_again(Called::Answered(503), 11) && is_again(Called::Answered(429), 11));
        assert!(is_again(Called::TimedOut, 11) && is_again(Called::Unanswered, 11));
        assert!(!is_again(Called::Forbidden("a private address"), 1));
    }
}
