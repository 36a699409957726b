//! `cargo run`: starts everything, plays the demo, and serves until it is stopped.

use std::io::IsTerminal;
use std::sync::Arc;

use anyhow::{Context, Result};

use crate::aws::deployment::Deployment;
use crate::aws::options::Options;
use crate::cli::arguments::Arguments;
use crate::cli::demo;
use crate::cli::terminal::{complain, say};
use crate::cli::trace::line;
use crate::stand_ins::stub_carrier::StubCarrier;

pub(crate) async fn run(arguments: &Arguments) -> Result<()> {
    say("starting tables, queues and functions …");
    let coloured = std::io::stdout().is_terminal();
    let mut options = Options {
        port: arguments.port,
        watch: Some(Arc::new(move |trace| say(&line(trace, coloured)))),
        ..arguments.options()
    };
    let carrier = match arguments.no_demo || options.carrier_base_url.is_some() {
        true => None,
        false => Some(StubCarrier::start(arguments.account()?, &arguments.auth_token).await?),
    };
    options.carrier_base_url =
        options.carrier_base_url.or(carrier.as_ref().map(StubCarrier::base_url));
    let deployment = Deployment::start(options).await?;
    say(&format!("ready on {}", deployment.base_url()));
    say(&format!("account {}, token {}", arguments.account_sid, arguments.auth_token));
    if let Some(folder) = &arguments.data {
        say(&format!("tables and queues are kept in {}", folder.display()));
    }
    if let Some(carrier) = &carrier {
        say(&format!("a stub of the carrier is on {}", carrier.base_url()));
    }
    if !arguments.no_demo
        && let Err(error) = demo::run(&deployment, carrier.as_ref()).await
    {
        complain(&format!("the demo did not come to its end: {error:#}"));
    }
    say("Ctrl-C stops it");
    tokio::signal::ctrl_c().await.context("Ctrl-C can not be waited for")?;
    say("stopping …");
    deployment.stop().await;
    Ok(())
}
