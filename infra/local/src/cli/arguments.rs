//! What the command line says.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Parser, Subcommand, value_parser};
use switchboard_domain::carriage::CarrierName;
use switchboard_domain::sid::{AccountSid, WorkflowSid, WorkspaceSid};

use crate::aws::options::Options;
use crate::cli::demo;

/// Runs Switchboard on this machine: every function, tables and queues in one process.
#[derive(Debug, Parser)]
#[command(name = "switchboard", version)]
pub(crate) struct Arguments {
    /// Port of the HTTP API, on loopback.
    #[arg(long, default_value_t = 8080)]
    pub(crate) port: u16,
    /// Folder that keeps tables and queues; without it they are gone at the end.
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) data: Option<PathBuf>,
    /// A DynamoDB that keeps the tables instead of the embedded one.
    #[arg(long, value_name = "URL", value_parser = url)]
    pub(crate) dynamodb_endpoint: Option<String>,
    /// An SQS that keeps the queues instead of the embedded one.
    #[arg(long, value_name = "URL", value_parser = url)]
    pub(crate) sqs_endpoint: Option<String>,
    /// Starts empty: no demo workspace.
    #[arg(long)]
    pub(crate) no_demo: bool,
    /// Where replies are handed to the carrier; without it a stub on this machine takes them.
    #[arg(long, value_name = "URL", value_parser = url)]
    pub(crate) carrier_url: Option<String>,
    /// The carrier by which customers write, in the demo and in what is said; the demo plays all of them without it.
    #[arg(long, value_name = "NAME", value_parser = carrier, global = true)]
    pub(crate) carrier: Option<CarrierName>,
    /// Where the world reaches this machine, if that is another address: signatures cover it.
    #[arg(long, value_name = "URL", value_parser = url)]
    pub(crate) public_url: Option<String>,
    /// What carriers charge where they do not tell it: a list of rate cards as JSON.
    #[arg(long, value_name = "JSON")]
    pub(crate) rate_cards: Option<String>,
    /// What a day may cost at most, by the rate cards: JSON such as {"USD":"25.00"}.
    #[arg(long, value_name = "JSON")]
    pub(crate) spend_caps: Option<String>,
    /// How often what may be done by REST: JSON such as {"conversation":30}. Nothing is limited without it.
    #[arg(long, value_name = "JSON")]
    pub(crate) rate_limits: Option<String>,
    /// The account that clients and carriers name.
    #[arg(long, default_value = "AC00000000000000000000000000000001")]
    pub(crate) account_sid: AccountSid,
    /// The account's token.
    #[arg(long, default_value = "local-auth-token", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) auth_token: String,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Hands one event to one function and prints its answer; exits with 1 if the function fails.
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
        #[arg(long, value_name = "URL", value_parser = url)]
        endpoint_url: Option<String>,
        /// Nothing is under way: also what holds then only.
        #[arg(long)]
        at_rest: bool,
    },
    /// Copies the folder of --data to a new one, also while an exchange runs on it; to restore, start on the copy.
    Backup {
        /// The copy's folder, not there yet or empty.
        to: PathBuf,
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
        /// This many minutes back from now; a day at most.
        #[arg(long, default_value_t = 15, value_parser = value_parser!(u32).range(1..=1440))]
        minutes: u32,
    },
    /// Runs the routing test cases of a workflow on the exchange that is running on --port; exits with 1 if one fails.
    RouteTest {
        /// The workspace, WS….
        #[arg(long, value_name = "SID")]
        workspace: WorkspaceSid,
        /// The workflow, WW….
        #[arg(long, value_name = "SID")]
        workflow: WorkflowSid,
        /// A file with another configuration, as the workflow would have it; without it the present one.
        #[arg(long, value_name = "FILE")]
        configuration: Option<PathBuf>,
    },
    /// Lets a customer write to the exchange that is running on --port.
    Say {
        /// The customer's address, such as +15550199999 or whatsapp:+15550199999.
        from: String,
        /// What is said.
        text: String,
        /// The business' address.
        #[arg(long, default_value = demo::BUSINESS)]
        to: String,
    },
}

impl Arguments {
    /// How the deployment is started.
    pub(crate) fn options(&self) -> Options {
        Options {
            data: self.data.clone(),
            dynamodb_endpoint: self.dynamodb_endpoint.clone(),
            sqs_endpoint: self.sqs_endpoint.clone(),
            account_sid: self.account_sid.to_string(),
            auth_token: self.auth_token.clone(),
            public_url: self.public_url.clone(),
            rate_cards: self.rate_cards.clone(),
            spend_caps: self.spend_caps.clone(),
            rate_limits: self.rate_limits.clone(),
            ..Options::default()
        }
    }

    /// Where the exchange that is running on --port is.
    pub(crate) fn base_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

/// One of the carriers that can be connected.
fn carrier(text: &str) -> Result<CarrierName, String> {
    let all = || CarrierName::ALL.iter().map(|one| one.name()).collect::<Vec<_>>().join(", ");
    CarrierName::parse(text).ok_or_else(|| format!("there are {}", all()))
}

/// A URL without a slash at its end.
fn url(text: &str) -> Result<String, String> {
    let url: http::Uri = text.parse().map_err(|error| format!("it is no URL: {error}"))?;
    match (url.scheme_str(), url.host()) {
        (Some("http" | "https"), Some(_)) => Ok(text.trim_end_matches('/').to_owned()),
        (Some(_) | None, _) => Err("it does not begin with http://HOST or https://HOST".to_owned()),
    }
}
