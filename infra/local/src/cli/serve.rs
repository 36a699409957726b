//! `cargo run`: starts everything, plays the demo, and serves until it is stopped.

use std::io::IsTerminal;
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::aws::deployment::Deployment;
use crate::aws::options::Options;
use crate::cli::arguments::Arguments;
use crate::cli::demo;
use crate::cli::terminal::{complain, say};
use crate::cli::trace::line;
use crate::stand_ins::stub_carrier::StubCarrier;

/// What asks a process to end: the person at the terminal, and whoever started it.
struct Ending {
    interrupted: Signal,
    terminated: Signal,
}

impl Ending {
    /// From here on nothing of the two ends the process by itself.
    fn expect() -> Result<Self> {
        let of = |kind| signal(kind).context("signals cannot be waited for");
        let (interrupted, terminated) =
            (of(SignalKind::interrupt())?, of(SignalKind::terminate())?);
        Ok(Self { interrupted, terminated })
    }

    async fn comes(&mut self) {
        tokio::select! {
            _ = self.interrupted.recv() => {}
            _ = self.terminated.recv() => {}
        }
    }
}

pub(crate) async fn run(arguments: &Arguments) -> Result<()> {
    say("starting tables, queues and functions …");
    let mut ending = Ending::expect()?;
    let coloured = std::io::stdout().is_terminal();
    let carrier = match &arguments.carrier_url {
        Some(_) => None,
        None => Some(StubCarrier::start(arguments.account_sid, &arguments.auth_token).await?),
    };
    let stub = carrier.as_ref().map(StubCarrier::base_url);
    let options = Options {
        port: arguments.port,
        carrier_base_url: arguments.carrier_url.clone().or(stub),
        watch: Some(Arc::new(move |trace| say(&line(trace, coloured)))),
        ..arguments.options()
    };
    let deployment = Deployment::start(options).await?;
    if let Some(carrier) = &carrier {
        let public_url = arguments.public_url.as_deref();
        carrier.register(public_url.unwrap_or_else(|| deployment.base_url()));
    }
    for warning in deployment.warnings() {
        complain(&format!("mind: {warning}"));
    }
    say(&format!("ready on {}", deployment.base_url()));
    say(&format!("account {}, token {}", arguments.account_sid, arguments.auth_token));
    if let Some(folder) = &arguments.data {
        say(&format!("tables and queues are kept in {}", folder.display()));
    }
    match (&carrier, &arguments.carrier_url) {
        (Some(carrier), _) => say(&format!("a stub of the carrier is on {}", carrier.base_url())),
        (None, Some(url)) => say(&format!("replies are handed to the carrier at {url}")),
        (None, None) => {}
    }
    tokio::select! {
        () = greet(arguments, &deployment, carrier.as_ref()) => ending.comes().await,
        () = ending.comes() => {}
    }
    say("stopping …");
    deployment.stop().await;
    Ok(())
}

/// Plays the demo, if it is wanted.
async fn greet(arguments: &Arguments, deployment: &Deployment, carrier: Option<&StubCarrier>) {
    if !arguments.no_demo
        && let Err(error) = demo::run(deployment, carrier, &demo::carriers(arguments.carrier)).await
    {
        complain(&format!("the demo did not come to its end: {error:#}"));
    }
    say("Ctrl-C stops it");
}
