//! `cargo run -- say`: a customer, as the carrier brings the messages: a signed webhook.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use switchboard_carriers::stub::CustomerMessage;
use switchboard_carriers::{stand_in_settings, stub_of, webhook_path};
use switchboard_domain::address::Address;
use switchboard_domain::carriage::{CarrierName, CarrierSettings};
use switchboard_domain::private::Private;
use switchboard_domain::sid::AccountSid;
use switchboard_runtime::dependencies::system_entropy;

/// How long a webhook may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Somebody with a telephone, and the exchange that they write to.
#[derive(Debug, Clone)]
pub(crate) struct Customer {
    /// Where the exchange is: `http://127.0.0.1:8080`.
    pub(crate) base_url: String,
    /// Where the world reaches it, which is what signatures cover.
    pub(crate) public_url: String,
    /// The account at the carrier.
    pub(crate) account_sid: AccountSid,
    /// The token that the carrier signs with.
    pub(crate) auth_token: String,
    /// The carrier that they write by.
    pub(crate) carrier: CarrierName,
    /// The customer's address.
    pub(crate) address: String,
}

impl Customer {
    /// Writes a message, once.
    ///
    /// # Errors
    /// If the exchange is not there, or does not take it.
    pub(crate) async fn writes(&self, to: &str, body: &str) -> Result<()> {
        let (auth_token, own) = (Private::from(self.auth_token.as_str()), stand_in_settings());
        let settings = CarrierSettings {
            account_sid: self.account_sid,
            auth_token: &auth_token,
            public_url: &self.public_url,
            own: &own,
            connection: None,
        };
        let carrier = self.carrier;
        let (stub, path) = (stub_of(carrier, &settings)?, webhook_path(carrier));
        let id = stub.message_id(system_entropy(), false);
        let message = CustomerMessage::text(&id, &self.address, to, body);
        let signed = stub.inbound(&format!("{}{path}", self.public_url), &message);
        let url = format!("{}{path}", self.base_url);
        let client = reqwest::Client::builder().timeout(TIMEOUT).no_proxy().build()?;
        let request = client.post(&url).headers(signed.headers).body(signed.body);
        let answer = request.send().await.with_context(|| format!("nobody answers at {url}"))?;
        match answer.status().as_u16() {
            200..=299 => Ok(()),
            403 => bail!(
                "the exchange does not believe the signature: is it started with the same \
                 --auth-token, and reached at {}?",
                self.public_url
            ),
            status => bail!("the exchange answers {status}: {}", answer.text().await?),
        }
    }
}

/// The command: lets a customer write to a running exchange.
///
/// # Errors
/// If an address is none, or the exchange does not take the message.
pub(crate) async fn run(customer: &Customer, to: &str, body: &str) -> Result<()> {
    for address in [&customer.address, to] {
        let parsed: Result<Address, _> = address.parse();
        parsed.map_err(|_| anyhow::anyhow!("{address} is no address, such as +15550199999"))?;
    }
    customer.writes(to, body).await
}
