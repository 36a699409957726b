//! Files of a message: what kind they are; their content stays where the carrier or the sender keeps it.

use serde_json::{Value, json};
use switchboard_domain::carriage::Media;
use switchboard_domain::sid::{MessageSid, Sid as _, SmsSid};
use switchboard_rest::{Answer, Call, Order, Reply, ordered};

use super::View;
use super::search::Range;
use crate::uri;

/// Files are kin of their message, told from its deliveries by this bit.
const FILE: u32 = 1 << 31;

/// `GET …/Messages/{MessageSid}/Media.json`.
pub(crate) async fn list(call: &Call<'_>, message: &str) -> Answer {
    let request = call.page(1000)?;
    let range = Range::read(&call.query, "DateCreated")?;
    let view = super::load(call, message).await?;
    let inside = range.holds(view.message.created);
    let files = view.message.media.iter().enumerate().filter(|_| inside);
    let rows = files.map(|(place, file)| (format!("{place:04}"), (place, file))).collect();
    let page = ordered(rows, Order::Ascending, &request);
    Ok(call.paged_2010("media_list", &request, &page, |(place, file)| {
        render(call, &view, *place, file)
    }))
}

/// `GET …/Messages/{MessageSid}/Media/{Sid}.json`.
pub(crate) async fn fetch(call: &Call<'_>, message: &str, sid: &str) -> Answer {
    let view = super::load(call, message).await?;
    let mut files = view.message.media.iter().enumerate();
    let found = files.find(|(place, _)| sid_of(view.message.sid, *place) == sid);
    let (place, file) = found.ok_or_else(|| call.not_found())?;
    Ok(Reply::ok(render(call, &view, place, file)))
}

/// `ME` and the digits of kin of the message.
fn sid_of(message: MessageSid, place: usize) -> String {
    let number = FILE | u32::try_from(place).unwrap_or(u32::MAX);
    format!("ME{}", &message.kin::<SmsSid>(number).to_string()[2..])
}

fn render(call: &Call<'_>, view: &View, place: usize, file: &Media) -> Value {
    let sid = sid_of(view.message.sid, place);
    let date = view.message.created.rfc2822();
    json!({
        "sid": sid,
        "account_sid": call.on.config.account_sid,
        "parent_sid": view.sid(),
        "content_type": file.content_type,
        "date_created": date,
        "date_updated": date,
        "uri": uri(call, &format!("/Messages/{}/Media/{sid}", view.sid())),
    })
}
