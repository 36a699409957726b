//! The files of one message: fetched, looked at, stored, and noted.

use std::time::Duration;

use futures_util::future::join_all;
use switchboard_caller::{Called, Download, Fetched, File};
use switchboard_connections::By;
use switchboard_domain::carriage::Media;
use switchboard_domain::decision::Decision;
use switchboard_domain::media::{
    ATTEMPTS_MAX, COPY_BYTES_MAX, DENIALS_MAX, FILES_MAX, MediaFailure, Scanned, Seen, judge,
    pause, scanned,
};
use switchboard_domain::message::{Copied, Message, copied};
use switchboard_domain::sid::{MediaSid, MessageSid};
use switchboard_domain::timestamp::Millis;
use switchboard_media::Object;
use switchboard_runtime::deadline::has_time_for;
use switchboard_runtime::queue::Next;
use switchboard_runtime::{Dependencies, Failure};
use switchboard_store::key;
use tokio::time::timeout;

use crate::{Tools, nothing_yet};

/// So many files of a message are fetched at once: a function holds them in its memory, and five messages come at once.
const AT_ONCE: usize = 3;
/// How long one file may take in all.
const FILE_WITHIN: Duration = Duration::from_secs(20);
/// How long of it to find and to fetch.
const FETCHED_WITHIN: Duration = Duration::from_secs(10);
/// And how long a scanner may take. The rest is the bucket's.
const SCANNED_WITHIN: Duration = Duration::from_secs(6);
/// How long it takes to note what came of the files of a message.
const NOTED_WITHIN: Duration = Duration::from_secs(4);
/// What an invocation needs beside the files of one message: to read it, to note what came of them, and for its last words.
const BESIDE: Duration = Duration::from_secs(8);
/// When Lambda ends an invocation, as `infra/template.yaml` says.
const TIMEOUT: Duration = Duration::from_secs(90);

// The files of a message that has the most of them are fetched within one invocation, however slowly each comes.
const _: () = {
    let turns = FILES_MAX.div_ceil(AT_ONCE) as u64;
    assert!(turns * FILE_WITHIN.as_secs() + BESIDE.as_secs() <= TIMEOUT.as_secs());
    assert!(FETCHED_WITHIN.as_secs() + SCANNED_WITHIN.as_secs() < FILE_WITHIN.as_secs());
};

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
    // Some at once: a dead link must not take the time of all others. What there is no time for is left.
    let mut tried = Vec::new();
    for some in waiting.chunks(AT_ONCE) {
        if !has_time_for(FILE_WITHIN + NOTED_WITHIN) {
            break;
        }
        let tries =
            some.iter().map(|(media, file)| one(on, tools, by.as_ref(), *media, file, attempt));
        tried.extend(join_all(tries).await);
    }
    let is_left = tried.len() < waiting.len();
    let (mut outcomes, mut is_open, mut failed) = (Vec::new(), is_left, None);
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
        (None, true) if is_left => Ok(Next::Later(Millis(0))),
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

/// One file, from its carrier into the bucket.
async fn one(
    on: &Dependencies,
    tools: &Tools,
    by: Option<&By>,
    media: MediaSid,
    file: &Media,
    attempt: u32,
) -> Result<Tried, Failure> {
    let moved = async {
        let fetched = match timeout(FETCHED_WITHIN, fetch(tools, by, media, file, attempt)).await {
            Ok(Ok(fetched)) => fetched,
            Ok(Err(tried)) => return Ok(tried),
            Err(_) => {
                tracing::warn!(media.sid = %media, "not fetched: it did not come in time");
                return Ok(Tried::Again(MediaFailure::Unreachable));
            }
        };
        let seen = Seen {
            announced: &file.content_type,
            answered: fetched.content_type.as_deref(),
            content: &fetched.content,
        };
        match judge(seen) {
            Ok(judged) => keep(on, tools, media, judged.0, fetched).await,
            Err(failure) => Ok(Tried::Done(Copied::Failed(failure))),
        }
    };
    let late = |_| Err(Failure::Unavailable(format!("the time of {media} is over")));
    timeout(FILE_WITHIN, Box::pin(moved)).await.unwrap_or_else(late)
}

/// The file from where its carrier, or its sender, keeps it; or what came of that instead.
async fn fetch(
    tools: &Tools,
    by: Option<&By>,
    media: MediaSid,
    file: &Media,
    attempt: u32,
) -> Result<File, Tried> {
    let failed = |failure| Err(Tried::Done(Copied::Failed(failure)));
    if file.size_bytes.is_some_and(|size| size > COPY_BYTES_MAX) {
        return failed(MediaFailure::TooLarge);
    }
    let (url, credentials) = match by {
        None => (file.url.clone(), Vec::new()),
        Some(by) => match tools.connections.file(by, file).await {
            Ok(Some(place)) => (place.url, place.credentials),
            Ok(None) => return Err(denied(MediaFailure::Gone, attempt)),
            Err(reason) => {
                tracing::warn!(media.sid = %media, "the carrier does not say where it is: {reason}");
                return Err(Tried::Again(MediaFailure::Unreachable));
            }
        },
    };
    let download = Download {
        url: url.as_str(),
        credentials: &credentials,
        bytes_max: COPY_BYTES_MAX,
        timeout: FETCHED_WITHIN,
    };
    match tools.caller.fetch(download).await {
        Fetched::File(fetched) => Ok(fetched),
        Fetched::TooLarge => failed(MediaFailure::TooLarge),
        Fetched::Not(called) => {
            tracing::warn!(media.sid = %media, "not fetched: it {called}");
            Err(tried(&called, attempt))
        }
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
        let called = scan.await;
        match scanned(called.status()) {
            Scanned::Clean => {}
            Scanned::Refused => return Ok(Tried::Done(Copied::Failed(MediaFailure::Infected))),
            Scanned::Unknown => {
                tracing::warn!(media.sid = %media, "not scanned: the scanner {called}");
                return Ok(Tried::Again(MediaFailure::Unscanned));
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
    fn lambda_ends_an_invocation_when_it_is_believed_to() {
        let template = include_str!("../../../infra/template.yaml");
        let (_, function) = template.split_once("\n  MediaCopyFunction:\n").unwrap();
        let said = function.lines().find_map(|line| line.trim().strip_prefix("Timeout: "));
        assert_eq!(said, Some(TIMEOUT.as_secs().to_string().as_str()));
    }

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
