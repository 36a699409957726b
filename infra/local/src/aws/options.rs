//! How a deployment is started.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use switchboard_carriers::Transport;
use switchboard_runtime::dependencies::{Clock, Entropy};

use crate::aws::faults::Faults;
use crate::aws::queues::Haste;
use crate::aws::template::TEMPLATE;
use crate::aws::trace::Watch;

/// The way from functions to embedded tables and queues.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Road {
    /// A call with typed items.
    #[default]
    Near,
    /// A client of the SDK and its documents, as on AWS.
    Sdk,
}

/// How a deployment is started.
#[derive(Clone)]
pub struct Options {
    /// The port on loopback; 0 takes a free one.
    pub port: u16,
    /// The folder that keeps tables and queues; without it they are in memory.
    pub data: Option<PathBuf>,
    /// A DynamoDB that keeps the tables instead of the embedded one.
    pub dynamodb_endpoint: Option<String>,
    /// An SQS that keeps the queues instead of the embedded one.
    pub sqs_endpoint: Option<String>,
    /// The way to tables and queues; behind an endpoint it is the SDK's.
    pub road: Road,
    /// Whether clients of the SDK sign what stays in this process, which otherwise nobody looks at.
    pub signs: bool,
    /// The account's SID.
    pub account_sid: String,
    /// The account's token.
    pub auth_token: String,
    /// Where the APIs of all carriers are, to which replies are handed; nowhere without it.
    pub carrier_base_url: Option<String>,
    /// Where the world reaches the HTTP API; the port on loopback without it.
    pub public_url: Option<String>,
    /// What carriers charge where they do not tell it, as JSON.
    pub rate_cards: Option<String>,
    /// What a day may cost at most, as JSON; without it nothing is capped.
    pub spend_caps: Option<String>,
    /// How often what may be done by REST, as JSON; without it nothing is limited.
    pub rate_limits: Option<String>,
    /// More parameters of the template.
    pub parameters: BTreeMap<String, String>,
    /// The template.
    pub template: String,
    /// The clock of functions, queues and tables; the system's without it.
    pub clock: Option<Clock>,
    /// Where identifiers come from; the system's randomness without it.
    pub entropy: Option<Entropy>,
    /// Who sees every invocation as it ends.
    pub watch: Option<Watch>,
    /// What goes wrong, if anything.
    pub faults: Option<Arc<dyn Faults>>,
    /// What stands in for the network between the exchange and the carriers.
    pub transport: Option<Arc<dyn Transport>>,
    /// What stands in for the endpoints of customers.
    pub endpoints: Option<Arc<dyn switchboard_caller::Endpoints>>,
    /// How long a client may take for a request's headers, and again for its body, before it is left.
    pub patience: Duration,
    /// Shorter waits than the template's.
    pub haste: Haste,
    /// The longest that a mapping waits for a fuller batch.
    pub window_max: Duration,
    /// How often an invocation is polled at most before it is ended as one that spins; for ever without it.
    pub polls_max: Option<u64>,
    /// Whether functions know when they will be ended, as on Lambda; without, they are cut off in the middle.
    pub tells_end: bool,
    /// Whether queues, streams and schedules wake functions, and what has expired goes; without, nothing happens but
    /// by HTTP, `invoke` and `sweep`.
    pub is_driven: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            data: None,
            dynamodb_endpoint: None,
            sqs_endpoint: None,
            road: Road::default(),
            signs: false,
            account_sid: "AC00000000000000000000000000000001".to_owned(),
            auth_token: "local-auth-token".to_owned(),
            carrier_base_url: None,
            public_url: None,
            rate_cards: None,
            spend_caps: None,
            rate_limits: None,
            parameters: BTreeMap::new(),
            template: TEMPLATE.to_owned(),
            clock: None,
            entropy: None,
            watch: None,
            faults: None,
            transport: None,
            endpoints: None,
            patience: Duration::from_secs(30),
            haste: Haste::default(),
            window_max: Duration::from_millis(100),
            polls_max: None,
            tells_end: true,
            is_driven: true,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = out.debug_struct("Options");
        shown.field("port", &self.port).field("data", &self.data).finish_non_exhaustive()
    }
}
