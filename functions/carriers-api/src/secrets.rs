//! The secrets of a connection. They are exchanged with two that count at a time: the new one is given here, then at the
//! carrier, then the old one is removed, or ends by itself.

use switchboard_carriers::keeping_of;
use switchboard_connections::Connections;
use switchboard_domain::connection::{CarrierConnection, SealedSecret};
use switchboard_domain::decision::Decision;
use switchboard_domain::sid::{SecretSid, Sid as _};
use switchboard_rest::fields::invalid;
use switchboard_rest::{Answer, ApiError, Call, Reply};

use crate::kept::{load, render_secret, seal};
use crate::settings::{has_second, parameter, secret, works};

/// The largest page.
const PAGE_MAX: i64 = 100;

/// `POST …/Secrets`: a new secret.
pub(crate) async fn create(call: &Call<'_>, on: &Connections, of: &str) -> Answer {
    let connection = load(call, of).await?;
    let (sid, carrier) = (connection.sid, connection.carrier);
    let keeping = keeping_of(carrier);
    let name = name(call.form.required("Name")?, keeping.secrets)?;
    let value = secret("Value", call.form.required("Value")?)?;
    let previous_until = call.form.instant("PreviousValidUntil")?;
    if previous_until.is_some_and(|until| until <= call.now) {
        return Err(invalid("PreviousValidUntil", "is over: remove the secret instead"));
    }
    call.nothing_else()?;
    works(call, &connection, &[(name, value.clone())])?;
    let new = seal(on, sid, name, &value, call.now).await?;
    let has_second = has_second(carrier, name);
    let rotated = call.decide(|| async {
        let before = load(call, of).await?;
        let after = before.rotate(new.clone(), has_second, previous_until, call.now)?;
        Ok::<_, ApiError>((after.clone(), Decision::put(after)))
    });
    let rotated = rotated.await?;
    let given = rotated.secrets.last().map(|given| render_secret(call, &rotated, given));
    given.map(Reply::created).ok_or_else(|| call.not_found())
}

/// The carrier's own name of a secret.
fn name(text: &str, known: &'static [&'static str]) -> Result<&'static str, ApiError> {
    match known.iter().find(|name| parameter(name) == text) {
        Some(name) => Ok(name),
        None => {
            let names: Vec<String> = known.iter().map(|name| parameter(name)).collect();
            Err(invalid("Name", &format!("must be one of {}", names.join(", "))))
        }
    }
}

/// `GET …/Secrets`: those that count.
pub(crate) async fn list(call: &Call<'_>, of: &str) -> Answer {
    let request = call.page(PAGE_MAX)?;
    let connection = load(call, of).await?;
    let valid: Vec<SealedSecret> =
        connection.secrets.iter().filter(|one| one.is_valid(call.now)).cloned().collect();
    let page = request.of_parts(&valid, |one| one.number);
    Ok(call.paged("secrets", &request, &page, |one| render_secret(call, &connection, one)))
}

/// `GET …/Secrets/{Sid}`.
pub(crate) async fn fetch(call: &Call<'_>, of: &str, sid: &str) -> Answer {
    let connection = load(call, of).await?;
    let number = number(call, &connection, sid)?;
    let is_it = |one: &&SealedSecret| one.number == number && one.is_valid(call.now);
    let found = connection.secrets.iter().find(is_it).ok_or_else(|| call.not_found())?;
    Ok(Reply::ok(render_secret(call, &connection, found)))
}

/// `DELETE …/Secrets/{Sid}`: it does not count any more, within a minute.
pub(crate) async fn remove(call: &Call<'_>, of: &str, sid: &str) -> Answer {
    let gone = call.decide(|| async {
        let connection = load(call, of).await?;
        let number = number(call, &connection, sid)?;
        let required = keeping_of(connection.carrier).required;
        let after = connection.without_secret(number, required, call.now)?;
        Ok::<_, ApiError>(((), Decision::put(after)))
    });
    gone.await?;
    Ok(Reply::gone())
}

/// The number that the identifier of a secret says.
fn number(call: &Call<'_>, of: &CarrierConnection, sid: &str) -> Result<u32, ApiError> {
    let sid: SecretSid = call.sid(sid)?;
    let number = sid.number();
    let is_own = of.sid.kin::<SecretSid>(number) == sid;
    if is_own { Ok(number) } else { Err(call.not_found()) }
}
