//! The uploads that a new message shows.

use switchboard_domain::carriage::Media;
use switchboard_domain::codes::Code;
use switchboard_domain::conversation::Conversation;
use switchboard_domain::media::{FILES_MAX, Upload};
use switchboard_domain::refusal::Refusal;
use switchboard_domain::sid::{MediaSid, MessageSid};
use switchboard_rest::{ApiError, Call, Params};
use switchboard_store::{key, take};

/// `MediaSid`, as often as there are files, ten at most (rule B.3).
pub(crate) fn named(form: &Params) -> Result<Vec<MediaSid>, ApiError> {
    let texts = form.all("MediaSid").into_iter().filter(|text| !text.is_empty());
    let sids: Result<Vec<MediaSid>, _> = texts.map(|text| text.parse()).collect();
    let sids = sids.map_err(|_| ApiError::from(Code::InvalidMediaSid))?;
    let is_double = (1..sids.len()).any(|place| sids[..place].contains(&sids[place]));
    match (sids.len() > FILES_MAX, is_double) {
        (true, _) => Err(ApiError::because(Code::TooManyMediaFiles, FILES_MAX)),
        (false, true) => Err(Refusal::MediaTaken.into()),
        (false, false) => Ok(sids),
    }
}

/// The uploads as the files of a message of this conversation, and the files as it shows them.
pub(crate) async fn attached(
    call: &Call<'_>,
    conversation: &Conversation,
    sids: &[MediaSid],
    message: MessageSid,
) -> Result<(Vec<Upload>, Vec<Media>), ApiError> {
    if sids.is_empty() {
        return Ok(Default::default());
    }
    let keys: Vec<_> = sids.iter().copied().map(key::upload).collect();
    let mut found = call.on.store.get_all(&keys).await?;
    let (mut uploads, mut files) = (Vec::new(), Vec::new());
    for key in &keys {
        let upload: Upload = take(&mut found, key).ok_or(Refusal::NoSuchMedia)?;
        let (upload, file) = upload.attached(conversation.service, message, call.now)?;
        uploads.push(upload);
        files.push(file);
    }
    Ok((uploads, files))
}
