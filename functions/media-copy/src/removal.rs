//! What is shown no more: the object goes first, then whatever names it, so that an object is never without a record.

use switchboard_domain::decision::Decision;
use switchboard_domain::media::{Sweep, Upload};
use switchboard_domain::message::Message;
use switchboard_domain::sid::{MediaSid, MessageSid};
use switchboard_media::Bucket;
use switchboard_runtime::queue::Next;
use switchboard_runtime::{Dependencies, Failure};
use switchboard_store::key;

use crate::nothing_yet;

/// Removes the content of the files that a message has lost, and the uploads that they were.
pub(crate) async fn remove(
    on: &Dependencies,
    bucket: &Bucket,
    sid: MessageSid,
) -> Result<Next, Failure> {
    let message: Option<Message> = on.store.get(key::message(sid)).await?;
    let message = message.ok_or_else(|| nothing_yet(&sid))?;
    for media in &message.media_gone {
        bucket.remove(*media).await?;
        if media.message().is_none() {
            forget(on, *media).await?;
        }
    }
    Ok(Next::Done)
}

/// Removes an upload that no message shows, once its time is over.
pub(crate) async fn sweep(
    on: &Dependencies,
    bucket: &Bucket,
    media: MediaSid,
) -> Result<Next, Failure> {
    let now = on.now();
    let swept = on
        .decide(async || {
            let upload: Option<Upload> = on.store.get(key::upload(media)).await?;
            let sweep = upload.map_or(Sweep::Leave, |upload| upload.sweep(now));
            let decision = match &sweep {
                Sweep::Begin(going) => Decision::put(going.as_ref().clone()),
                Sweep::Leave | Sweep::Wait(_) | Sweep::Remove => Decision::unchanged(),
            };
            Ok::<_, Failure>((sweep, decision))
        })
        .await?;
    match swept {
        Sweep::Leave => Ok(Next::Done),
        Sweep::Wait(until) => Ok(Next::Later(until - now)),
        Sweep::Begin(_) | Sweep::Remove => {
            bucket.remove(media).await?;
            forget(on, media).await.map(|()| Next::Done)
        }
    }
}

/// Removes the record of an upload whose object is gone.
async fn forget(on: &Dependencies, media: MediaSid) -> Result<(), Failure> {
    on.decide(async || {
        let upload: Option<Upload> = on.store.get(key::upload(media)).await?;
        let decision = match upload {
            Some(upload) => Decision::unchanged().without(upload),
            None => Decision::unchanged(),
        };
        Ok::<_, Failure>(((), decision))
    })
    .await
}
