//! Serves the embedded SQS on a port of this machine: `serve PORT [DATA-FILE]`.

use std::error::Error;

use switchboard_sqs::{Settings, Sqs, serve, system_clock};
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let port: u16 = arguments.next().ok_or("usage: serve PORT [DATA-FILE]")?.parse()?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let endpoint = format!("http://{}", listener.local_addr()?);
    let settings = Settings { endpoint, ..Settings::default() };
    let sqs = match arguments.next() {
        Some(file) => Sqs::open_with(file, settings, system_clock())?,
        None => Sqs::memory_with(settings, system_clock()),
    };
    sqs.release_in_flight()?;
    Ok(serve(listener, sqs).await?)
}
