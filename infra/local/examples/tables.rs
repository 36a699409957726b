//! Serves the embedded tables on a port of this machine: `tables PORT`.

use anyhow::{Context, Result};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<()> {
    let port: u16 = std::env::args().nth(1).context("usage: tables PORT")?.parse()?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    switchboard::serve_tables(listener).await
}
