//! OAuth 2: a key exchanges its secret for a token of an hour, by client credentials (rule F.3; RFC 6749, section 4.4).

use serde_json::{Value, json};
use switchboard_domain::codes::Code;
use switchboard_rest::{Answer, ApiError, Call, KEYS_TOKEN_TTL_S, Method, Reply, known, token_for};

/// Whether a path is where tokens are given out: where the vendor's clients ask for them.
pub(crate) fn is_here(product: &str, path: &[&str]) -> bool {
    matches!((product, path), ("oauth", ["v1" | "v2", "token"]) | ("iam", ["v1", "token"]))
}

/// Why no token is given (RFC 6749, section 5.2).
struct Refused {
    status: u16,
    error: &'static str,
    why: String,
}

impl Refused {
    fn request(why: impl Into<String>) -> Self {
        Self { status: 400, error: "invalid_request", why: why.into() }
    }

    fn client() -> Self {
        let why = "client_id and client_secret have to be an API key's sid and secret";
        Self { status: 401, error: "invalid_client", why: why.to_owned() }
    }

    /// The published form, and beside it the members by which the vendor's clients read every error.
    fn reply(self) -> Reply {
        let code = match self.status {
            401 => Code::Unauthenticated,
            _ => Code::InvalidParameter,
        };
        Reply::with(
            self.status,
            Some(json!({
                "error": self.error,
                "error_description": self.why,
                "code": code.number(),
                "message": format!("{}: {}", self.error, self.why),
                "more_info": format!("https://www.twilio.com/docs/errors/{}", code.number()),
                "status": self.status,
            })),
        )
        .secret()
    }
}

/// `POST /oauth/v1/token`, `/oauth/v2/token`, `/iam/v1/token`.
pub(crate) async fn answer(call: &Call<'_>) -> Answer {
    if call.method != Method::Post {
        return Err(Code::MethodNotAllowed.into());
    }
    let (name, secret) = match client(call) {
        Ok(client) => client,
        Err(refused) => return Ok(refused.reply()),
    };
    let Ok(sid) = name.parse() else { return Ok(Refused::client().reply()) };
    let key = match known(call.on, sid, &secret).await {
        Ok(key) => key,
        Err(denied) if denied == ApiError::from(Code::Unauthenticated) => {
            return Ok(Refused::client().reply());
        }
        Err(other) => return Err(other),
    };
    let Some(token) = token_for(call.on, &key) else { return Ok(Refused::client().reply()) };
    Ok(Reply::ok(json!({
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": KEYS_TOKEN_TTL_S,
        "refresh_token": Value::Null,
        "id_token": Value::Null,
    }))
    .secret())
}

/// Name and secret of who asks: in the form, or else by Basic. The vendor's client for Python sends the account by Basic beside the
/// form, whatever the form says.
fn client(call: &Call<'_>) -> Result<(String, String), Refused> {
    let form = &call.form;
    match form.given("grant_type") {
        Some("client_credentials") => {}
        Some(other) => {
            let why = format!("grant_type {other}: only client_credentials is supported");
            return Err(Refused { status: 400, error: "unsupported_grant_type", why });
        }
        None => return Err(Refused::request("grant_type is missing")),
    }
    if form.given("scope").is_some() {
        let why = "a token has the rights of its key, and no scope".to_owned();
        return Err(Refused { status: 400, error: "invalid_scope", why });
    }
    let account = call.on.config.account_sid.to_string();
    if form.given("account_sid").is_some_and(|given| given != account) {
        return Err(Refused::request("account_sid is another account's"));
    }
    let by_form = form.given("client_id").map(str::to_owned);
    let by_form = by_form.zip(form.given("client_secret").map(str::to_owned));
    if let Err(refused) = call.nothing_else() {
        return Err(Refused::request(refused.message));
    }
    by_form.or_else(|| call.credentials()).ok_or_else(Refused::client)
}
