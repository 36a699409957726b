//! Stands in for the carriers of a deployment elsewhere: `carrier ACCOUNT_SID AUTH_TOKEN` prints where it listens,
//! takes messages and posts signed receipts to wherever they ask for them, until it is ended. Carriers that are told
//! once and for all where to report take a third argument, `PUBLIC_URL`.

use std::io::Write as _;

use anyhow::{Context, Result};
use switchboard::stub_carrier::StubCarrier;

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: carrier ACCOUNT_SID AUTH_TOKEN";
    let (account, token) = (arguments.next().context(usage)?, arguments.next().context(usage)?);
    let carrier = StubCarrier::start(account.parse()?, &token).await?;
    if let Some(public_url) = arguments.next() {
        carrier.register(&public_url);
    }
    let mut out = std::io::stdout();
    writeln!(out, "ready on {}", carrier.base_url())?;
    out.flush()?;
    std::future::pending().await
}
