//! Webhooks of connections that are kept in the table. One that is not believed is tried once more with the connection as it
//! is now, and noted on the connection, so that its operator sees why nothing comes in.

use http::Response;
use lambda_http::Body;
use switchboard_carriers::Rejection;
use switchboard_connections::{Connections, Stored};
use switchboard_domain::carriage::CarrierName;
use switchboard_domain::connection::RejectedWebhook;
use switchboard_domain::decision::Decision;
use switchboard_domain::sid::ConnectionSid;
use switchboard_runtime::{Dependencies, Failure};
use switchboard_store::{StoreError, key};

use crate::{Incoming, error, look, rejected, take};

/// Serves one webhook.
///
/// # Errors
/// If the table or the key service does not answer: the carrier tries again.
pub(crate) async fn receive(
    on: &Dependencies,
    connections: &Connections,
    (name, sid): (CarrierName, ConnectionSid),
    incoming: &Incoming,
) -> Result<Response<Body>, Failure> {
    let stored = connections.stored(on, sid).await?;
    let Some(stored) = stored.filter(|stored| stored.carrier().name() == name) else {
        return Ok(error(404, "No such connection"));
    };
    let rejection = match look(on, stored.carrier(), incoming) {
        Ok(looked) => return Ok(take(on, looked).await),
        Err(rejection) => rejection,
    };
    let rejection = match connections.anew(on, &stored).await? {
        Some(anew) => match look(on, anew.carrier(), incoming) {
            Ok(looked) => return Ok(take(on, looked).await),
            Err(rejection) => rejection,
        },
        None => rejection,
    };
    note(on, connections, &stored, rejection).await;
    Ok(rejected(stored.carrier(), rejection))
}

/// Notes a rejection, once a minute for each connection. The carrier is answered in any case.
async fn note(on: &Dependencies, connections: &Connections, stored: &Stored, rejection: Rejection) {
    if !connections.is_to_be_noted(stored.sid(), on.now()) {
        return;
    }
    let noted = async {
        let known: Option<RejectedWebhook> =
            on.store.get(key::rejected_webhook(stored.sid())).await?;
        let why = (rejection.word(), rejection.to_string());
        match RejectedWebhook::noted(known, stored.sid(), why, on.now()) {
            Some(rejected) => on.commit(&Decision::put(rejected)).await.map(drop),
            None => Ok(()),
        }
    };
    match noted.await {
        // Another process has noted one.
        Ok(()) | Err(StoreError::Conflict { .. }) => {}
        Err(error) => tracing::warn!("a rejected webhook is not noted: {error}"),
    }
}
