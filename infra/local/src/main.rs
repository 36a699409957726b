//! `cargo run`: the whole bundle on this machine.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand, value_parser};
use switchboard::check::{self, Findings, Moment};
use switchboard::cost;
use switchboard::demo::{self, Customer};
use switchboard::rehearse;
use switchboard::stub_carrier::StubCarrier;
use switchboard::{Deployment, Options, TraceMode};
use switchboard_domain::sid::{WorkflowSid, WorkspaceSid};
use tracing_subscriber::EnvFilter;

/// Runs Switchboard on this machine: every function, tables and queues in one process.
#[derive(Debug, Parser)]
#[command(name = "switchboard")]
struct Arguments {
    /// Port of the HTTP API, on loopback.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Folder that keeps tables and queues; without it they are gone at the end.
    #[arg(long, value_name = "DIR", global = true)]
    data: Option<PathBuf>,
    /// A DynamoDB that keeps the tables instead of the embedded one.
    #[arg(long, value_name = "URL")]
    dynamodb_endpoint: Option<String>,
    /// An SQS that keeps the queues instead of the embedded one.
    #[arg(long, value_name = "URL")]
    sqs_endpoint: Option<String>,
    /// Starts empty: no demo workspace and no stub carrier.
    #[arg(long)]
    no_demo: bool,
    /// Where replies are handed to the carrier; nowhere without it.
    #[arg(long, value_name = "URL")]
    carrier_url: Option<String>,
    /// Where the world reaches this machine, if that is another address: signatures cover it.
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// The account that clients and carriers name.
    #[arg(long, default_value = "AC00000000000000000000000000000001")]
    account_sid: String,
    /// The account's token.
    #[arg(long, default_value = "local-auth-token")]
    auth_token: String,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Hands one event to one function and prints its answer.
    Invoke {
        /// The function.
        function: String,
        /// A file with the event, as AWS delivers it.
        event: PathBuf,
    },
    /// Holds everything in the tables against what must be true: those of --data, else those that TABLE_…
    /// name in the account of the environment. Reads only.
    Check {
        /// A DynamoDB that is not AWS's.
        #[arg(long, value_name = "URL")]
        endpoint_url: Option<String>,
        /// Nothing is under way: also what holds then only.
        #[arg(long)]
        at_rest: bool,
    },
    /// Prints what a million of everything costs, as a table in Markdown.
    Cost,
    /// Prints what another configuration of a workflow would have changed, on the exchange that is running on
    /// --port.
    Rehearse {
        /// The workspace, WS….
        #[arg(long, value_name = "SID")]
        workspace: WorkspaceSid,
        /// The workflow, WW….
        #[arg(long, value_name = "SID")]
        workflow: WorkflowSid,
        /// A file with the other configuration, as the workflow would have it; without it the present one.
        #[arg(long, value_name = "FILE")]
        configuration: Option<PathBuf>,
        /// So many minutes back from now; a day at most.
        #[arg(long, default_value_t = 15, value_parser = value_parser!(u32).range(1..=1440))]
        minutes: u32,
    },
    /// Lets a customer write to the exchange that is running on --port.
    Say {
        /// The customer's address, such as +15550199999.
        from: String,
        /// What is said.
        text: String,
        /// The business' address.
        #[arg(long, default_value = demo::BUSINESS)]
        to: String,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    log();
    let done = match arguments.command {
        Some(Command::Invoke { ref function, ref event }) => {
            switchboard::invoke::run(function, event).await.map(|answer| say(&answer))
        }
        Some(Command::Say { ref from, ref text, ref to }) => {
            write(&arguments, from, to, text).await
        }
        Some(Command::Rehearse { workspace, workflow, ref configuration, minutes }) => {
            rehearse(&arguments, workspace, workflow, configuration.as_deref(), minutes).await
        }
        Some(Command::Check { ref endpoint_url, at_rest }) => {
            check(&arguments, endpoint_url.as_deref(), at_rest).await
        }
        Some(Command::Cost) => cost::table(cost::LOCK).map(|table| say(table.trim_end())),
        None => serve(&arguments).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("switchboard can not go on: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn serve(arguments: &Arguments) -> Result<()> {
    say("starting tables, queues and functions …");
    let coloured = std::io::stdout().is_terminal();
    let trace = if coloured { TraceMode::ColouredLines } else { TraceMode::Lines };
    let mut options = Options { port: arguments.port, trace, ..options(arguments) };
    let carrier = match arguments.no_demo || options.carrier_base_url.is_some() {
        true => None,
        false => Some(carrier(arguments).await?),
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

/// What replies are handed to, unless --carrier-url says otherwise.
async fn carrier(arguments: &Arguments) -> Result<StubCarrier> {
    let account_sid = arguments.account_sid.parse().context("--account-sid")?;
    StubCarrier::start(account_sid, &arguments.auth_token).await
}

async fn write(arguments: &Arguments, from: &str, to: &str, text: &str) -> Result<()> {
    let base_url = format!("http://127.0.0.1:{}", arguments.port);
    let customer = Customer {
        public_url: arguments.public_url.clone().unwrap_or_else(|| base_url.clone()),
        base_url,
        account_sid: arguments.account_sid.parse().context("--account-sid")?,
        auth_token: arguments.auth_token.clone(),
        address: from.to_owned(),
    };
    demo::say(&customer, to, text).await?;
    say("the exchange has it");
    Ok(())
}

async fn rehearse(
    arguments: &Arguments,
    workspace: WorkspaceSid,
    workflow: WorkflowSid,
    configuration: Option<&Path>,
    minutes: u32,
) -> Result<()> {
    let read = |file: &Path| {
        std::fs::read_to_string(file).with_context(|| format!("{} can not be read", file.display()))
    };
    let request = rehearse::Request {
        base_url: format!("http://127.0.0.1:{}", arguments.port),
        account_sid: arguments.account_sid.clone(),
        auth_token: arguments.auth_token.clone(),
        workspace,
        workflow,
        configuration: configuration.map(read).transpose()?,
        minutes,
    };
    say(rehearse::run(&request).await?.trim_end());
    Ok(())
}

/// Fails if anything is found.
async fn check(arguments: &Arguments, endpoint_url: Option<&str>, at_rest: bool) -> Result<()> {
    let moment = if at_rest { Moment::Rest } else { Moment::Step };
    let findings = match &arguments.data {
        Some(folder) => Findings::of(&check::folder::read(folder)?, moment),
        None => check::of_live(endpoint_url, moment).await?,
    };
    say(&findings.to_string());
    match findings.violations.len() {
        0 => Ok(()),
        count => bail!("{count} times something is that must never be"),
    }
}

fn options(arguments: &Arguments) -> Options {
    Options {
        data: arguments.data.clone(),
        dynamodb_endpoint: arguments.dynamodb_endpoint.clone(),
        sqs_endpoint: arguments.sqs_endpoint.clone(),
        account_sid: arguments.account_sid.clone(),
        auth_token: arguments.auth_token.clone(),
        carrier_base_url: arguments.carrier_url.clone(),
        public_url: arguments.public_url.clone(),
        ..Options::default()
    }
}

/// The trace is for people; logs stay out of its way unless something is wrong.
fn log() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("error"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}

#[expect(clippy::print_stdout, reason = "this is what the person at the terminal reads")]
fn say(text: &str) {
    println!("{text}");
}

#[expect(clippy::print_stderr, reason = "this is what the person at the terminal reads")]
fn complain(text: &str) {
    eprintln!("{text}");
}
