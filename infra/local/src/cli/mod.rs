//! The command: serves the bundle, or does one of the things that operators and newcomers ask for.

mod arguments;
pub mod backup;
pub mod check;
pub mod cost;
pub mod demo;
pub mod invoke;
mod reasons;
mod rehearse;
mod rest;
mod route_test;
mod say;
mod serve;
mod terminal;
mod trace;

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use switchboard_runtime::telemetry::levels;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use arguments::{Arguments, Command};
use reasons::Reasons;
use terminal::complain;

/// Does what the command line says; the exit status fails if that failed.
pub async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    log();
    match run(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("switchboard cannot go on: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<()> {
    match &arguments.command {
        None => serve::run(arguments).await,
        Some(Command::Invoke { function, event }) => {
            let outcome = invoke::run(function, event).await?;
            terminal::say(&outcome.to_string());
            match outcome.answer {
                Ok(_) => Ok(()),
                Err(error) => Err(error).context(format!("{function} did not do what was asked")),
            }
        }
        Some(Command::Check { endpoint_url, at_rest }) => {
            check::run(arguments.data.as_deref(), endpoint_url.as_deref(), *at_rest).await
        }
        Some(Command::Backup { to }) => {
            let from = arguments.data.as_deref().context("--data says which folder is copied")?;
            backup::copy(from, to)?;
            terminal::say(&format!("{} is copied to {}", from.display(), to.display()));
            Ok(())
        }
        Some(Command::Cost) => {
            terminal::say(cost::table(cost::LOCK)?.trim_end());
            Ok(())
        }
        Some(Command::Rehearse { workspace, workflow, configuration, minutes }) => {
            let request = rehearse::Request {
                base_url: arguments.base_url(),
                account_sid: arguments.account_sid.to_string(),
                auth_token: arguments.auth_token.clone(),
                workspace: *workspace,
                workflow: *workflow,
                configuration: configuration.as_deref().map(rehearse::read).transpose()?,
                minutes: *minutes,
            };
            terminal::say(rehearse::run(&request).await?.trim_end());
            Ok(())
        }
        Some(Command::RouteTest { workspace, workflow, configuration }) => {
            let request = route_test::Request {
                base_url: arguments.base_url(),
                account_sid: arguments.account_sid.to_string(),
                auth_token: arguments.auth_token.clone(),
                workspace: *workspace,
                workflow: *workflow,
                configuration: configuration.as_deref().map(rehearse::read).transpose()?,
            };
            route_test::run(&request).await
        }
        Some(Command::Say { from, text, to }) => {
            let base_url = arguments.base_url();
            let carrier = arguments.carrier.unwrap_or_default();
            let customer = say::Customer {
                carrier,
                public_url: arguments.public_url.clone().unwrap_or_else(|| base_url.clone()),
                base_url,
                account_sid: arguments.account_sid,
                auth_token: arguments.auth_token.clone(),
                address: from.clone(),
            };
            say::run(&customer, to, text).await?;
            terminal::say("the exchange has it");
            Ok(())
        }
    }
}

/// The trace is for people; logs stay out of its way unless something is wrong.
fn log() {
    let filter = levels(LevelFilter::ERROR);
    let shown = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_filter(filter);
    tracing_subscriber::registry().with(shown).with(Reasons.with_filter(LevelFilter::INFO)).init();
}
