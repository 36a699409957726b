//! Files of a message, under the identifiers that they have everywhere.

use serde_json::{Value, json};
use switchboard_domain::carriage::Media;
use switchboard_domain::decision::Decision;
use switchboard_domain::media::TEMPORARY;
use switchboard_domain::message::without_file;
use switchboard_domain::process::media::removals;
use switchboard_domain::sid::MediaSid;
use switchboard_rest::{Answer, ApiError, Call, Order, Reply, ordered};

use super::View;
use super::search::Range;
use crate::uri;

/// `GET …/Messages/{MessageSid}/Media.json`.
pub(crate) async fn list(call: &Call<'_>, message: &str) -> Answer {
    let request = call.page(1000)?;
    let range = Range::read(&call.query, "DateCreated")?;
    let view = super::load(call, message).await?;
    let inside = range.holds(view.message.created);
    let files = view.message.files().enumerate().filter(|_| inside);
    let rows = files.map(|(place, file)| (format!("{place:04}"), file)).collect();
    let page = ordered(rows, Order::Ascending, &request);
    Ok(call
        .paged_2010("media_list", &request, &page, |(sid, file)| render(call, &view, *sid, file)))
}

/// `GET …/Messages/{MessageSid}/Media/{Sid}.json`.
pub(crate) async fn fetch(call: &Call<'_>, message: &str, sid: &str) -> Answer {
    let sid = call.sid(sid)?;
    let view = super::load(call, message).await?;
    let file = view.message.file(sid).ok_or_else(|| call.not_found())?;
    Ok(Reply::ok(render(call, &view, sid, file)))
}

/// `GET …/Messages/{MessageSid}/Media/{Sid}`: the content, by a temporary address. The SDKs follow no redirect and never ask
/// for it; browsers and other clients do both.
pub(crate) async fn content(call: &Call<'_>, message: &str, sid: &str) -> Answer {
    let sid = call.sid(sid)?;
    let view = super::load(call, message).await?;
    view.message.file(sid).ok_or_else(|| call.not_found())?;
    Ok(Reply::elsewhere(call.on.config.media_link().address(sid, call.now + TEMPORARY)))
}

/// `DELETE …/Messages/{MessageSid}/Media/{Sid}.json`: the file goes, from the conversation too; it is one record.
pub(crate) async fn remove(call: &Call<'_>, message: &str, sid: &str) -> Answer {
    let sid: MediaSid = call.sid(sid)?;
    call.decide(async || {
        let view = super::load(call, message).await?;
        let after = without_file(&view.message, sid, call.now).ok_or_else(|| call.not_found())?;
        let removal = removals(&after);
        Ok::<_, ApiError>(((), Decision::put(after).asking(removal)))
    })
    .await?;
    Ok(Reply::gone())
}

fn render(call: &Call<'_>, view: &View, sid: MediaSid, file: &Media) -> Value {
    json!({
        "sid": sid,
        "account_sid": call.on.config.account_sid,
        "parent_sid": view.sid(),
        "content_type": file.content_type,
        "date_created": view.message.created.rfc2822(),
        "date_updated": view.updated().rfc2822(),
        "uri": uri(call, &format!("/Messages/{}/Media/{sid}", view.sid())),
    })
}
