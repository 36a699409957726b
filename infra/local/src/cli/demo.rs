//! The demo: a small contact centre, set up over the REST API, and one message on its whole way: in through
//! the carrier's webhook, to an agent, and the answer back out to the carrier.
//!
//! Everything here is plain HTTP, as anybody's program would do it; the lines between the headings are the
//! deployment's trace. Started on a folder that has been used before, it finds what is there and goes on.

mod seed;

use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use switchboard_carriers::stand_in_prefix_of;
use switchboard_domain::carriage::CarrierName;

use crate::aws::deployment::Deployment;
use crate::aws::options::Options;
use crate::cli::rest::Rest;
use crate::cli::say::Customer;
use crate::cli::terminal::say;
use crate::stand_ins::stub_carrier::StubCarrier;

use seed::Workspace;

/// The number that the business has.
pub const BUSINESS: &str = "+15550100001";
/// The number that the demo's customer has.
const CUSTOMER: &str = "+15550199999";
const QUESTION: &str = "Good morning, where is my parcel?";
const ANSWER: &str = "Good morning! It left this morning and arrives tomorrow.";

/// How long each step has to come to its end.
const DEADLINE: Duration = Duration::from_secs(15);
/// How often is looked whether it has.
const GLANCE: Duration = Duration::from_millis(50);

/// Sets the demo up and plays it.
///
/// # Errors
/// Says which step did not come to its end, and what was seen instead.
pub async fn run(
    deployment: &Deployment,
    stub: Option<&StubCarrier>,
    carriers: &[CarrierName],
) -> Result<()> {
    let on = deployment.dependencies("messaging-api")?.config;
    let account = on.account_sid.to_string();
    let rest = Rest::new(deployment.base_url(), &account, &on.auth_token)?;
    heading("Setting up: a workspace, two workers, a queue, a workflow, a number, a flow");
    let prefixes: Vec<&str> = carriers.iter().map(|carrier| stand_in_prefix_of(*carrier)).collect();
    let workspace = seed::workspace(&rest, &prefixes).await.context("the demo cannot be set up")?;
    settle(deployment).await;
    let walk = Walk { deployment, stub, rest, workspace };
    let mut tried = None;
    for carrier in carriers {
        let customer = Customer {
            base_url: deployment.base_url().to_owned(),
            public_url: on.public_url.clone(),
            account_sid: on.account_sid,
            auth_token: on.auth_token.0.clone(),
            carrier: *carrier,
            address: format!("{}{CUSTOMER}", stand_in_prefix_of(*carrier)),
        };
        let served = walk.play(&customer).await.with_context(|| carrier.name())?;
        tried.get_or_insert((customer, served));
    }
    if let Some((customer, served)) = tried {
        say(&walk.what_to_try(&customer, &served));
    }
    Ok(())
}

/// The carriers that the demo plays: the one that is wanted, or all.
pub fn carriers(wanted: Option<CarrierName>) -> Vec<CarrierName> {
    wanted.map_or_else(|| CarrierName::ALL.to_vec(), |one| vec![one])
}

/// What a walk needs.
struct Walk<'a> {
    deployment: &'a Deployment,
    stub: Option<&'a StubCarrier>,
    rest: Rest,
    workspace: Workspace,
}

/// A conversation with an agent in it.
struct Served {
    conversation: String,
    task: String,
    agent: String,
}

impl Walk<'_> {
    async fn play(&self, customer: &Customer) -> Result<Served> {
        let business = format!("{}{BUSINESS}", stand_in_prefix_of(customer.carrier));
        let (address, carrier) = (&customer.address, customer.carrier.name());
        heading(&format!("1. By {carrier} {address} writes to {business}: “{QUESTION}”"));
        customer.writes(&business, QUESTION).await.context("1. the customer cannot write")?;
        settle(self.deployment).await;
        let conversation = self.conversation(address).await;
        let conversation = conversation.context("1. no conversation was opened")?;
        heading("2. The router looks for an agent who speaks English and has time");
        let task = self.task(&conversation).await.context("2. nobody was asked")?;
        let agent = self.accept(&task).await.context("3. nobody accepted")?;
        self.seated(&conversation, &agent).await.context("3. nobody was seated")?;
        heading(&format!("4. {agent} answers: “{ANSWER}”"));
        let message = self.answer(&conversation, &agent).await.context("4. no answer")?;
        if self.stub.is_some() {
            heading("5. The carrier takes it, and reports what becomes of it");
            self.delivered(&conversation, &message).await.context("5. it did not arrive")?;
        }
        settle(self.deployment).await;
        Ok(Served { conversation, task, agent })
    }

    /// The open conversation of the customer.
    async fn conversation(&self, address: &str) -> Result<String> {
        let path = format!("/conversations/v1/ParticipantConversations?Address={}", plus(address));
        let open = |answer: &Value| {
            let all = answer["conversations"].as_array()?;
            let open = all.iter().find(|one| one["conversation_state"] == "active")?;
            text(open, "conversation_sid")
        };
        self.until(&path, "an active conversation of the customer", open).await
    }

    /// The task of the conversation, once somebody was asked to take it.
    async fn task(&self, conversation: &str) -> Result<String> {
        let expression = format!("conversationSid == '{conversation}'");
        let query: String = form_urlencoded::byte_serialize(expression.as_bytes()).collect();
        let path = format!("{}/Tasks?EvaluateTaskAttributes={query}", self.workspace.path());
        let asked = |answer: &Value| {
            let all = answer["tasks"].as_array()?;
            let taken = ["reserved", "assigned", "wrapping"];
            let open = all.iter().find(|one| {
                one["assignment_status"].as_str().is_some_and(|status| taken.contains(&status))
            })?;
            text(open, "sid")
        };
        self.until(&path, "a task that an agent is asked to take", asked).await
    }

    /// Accepts the reservation in the agent's place, and gives the agent's name.
    async fn accept(&self, task: &str) -> Result<String> {
        let path = format!("{}/Tasks/{task}/Reservations", self.workspace.path());
        let last = |answer: &Value| {
            let all = answer["reservations"].as_array()?;
            let taken = ["pending", "accepted", "wrapping"];
            let open = all.iter().find(|one| {
                one["reservation_status"].as_str().is_some_and(|status| taken.contains(&status))
            })?;
            Some((
                text(open, "sid")?,
                text(open, "worker_name")?,
                text(open, "reservation_status")?,
            ))
        };
        let (sid, agent, status) = self.until(&path, "a reservation", last).await?;
        match status.as_str() {
            "pending" => {
                heading(&format!("3. {agent} accepts, and is seated in the conversation"));
                let accept = [("ReservationStatus", "accepted")];
                self.rest.post(&format!("{path}/{sid}"), &accept).await?;
                settle(self.deployment).await;
            }
            _ => heading(&format!("3. {agent} has accepted before: the conversation goes on")),
        }
        Ok(agent)
    }

    async fn seated(&self, conversation: &str, agent: &str) -> Result<()> {
        let path = format!("/conversations/v1/Conversations/{conversation}/Participants");
        let seated = |answer: &Value| {
            let mut all = answer["participants"].as_array()?.iter();
            all.find(|one| one["identity"] == agent).map(drop)
        };
        self.until(&path, &format!("{agent} among the participants"), seated).await
    }

    async fn answer(&self, conversation: &str, agent: &str) -> Result<String> {
        let path = format!("/conversations/v1/Conversations/{conversation}/Messages");
        let answer = self.rest.post(&path, &[("Author", agent), ("Body", ANSWER)]).await?;
        text(&answer, "sid").context("a message without a sid")
    }

    /// Waits until the carrier's receipt is in the conversation.
    async fn delivered(&self, conversation: &str, message: &str) -> Result<()> {
        let taken = |carrier: &StubCarrier| {
            let sent = carrier.sent();
            sent.iter().any(|one| one.about.is_some_and(|(sid, _)| sid.to_string() == message))
        };
        if let Some(carrier) = self.stub
            && !carrier.until(DEADLINE, taken).await
        {
            bail!("after {DEADLINE:?} the carrier has still not taken {message}");
        }
        let path =
            format!("/conversations/v1/Conversations/{conversation}/Messages/{message}/Receipts");
        let delivered = |answer: &Value| {
            let mut all = answer["delivery_receipts"].as_array()?.iter();
            all.find(|one| one["status"] == "delivered").map(drop)
        };
        self.until(&path, "a receipt that says delivered", delivered).await
    }

    /// Looks at a list until what is wanted is in it.
    async fn until<T>(
        &self,
        path: &str,
        what: &str,
        wanted: impl Fn(&Value) -> Option<T>,
    ) -> Result<T> {
        let begun = Instant::now();
        loop {
            let answer = self.rest.get(path).await?;
            if let Some(found) = wanted(&answer) {
                return Ok(found);
            }
            if begun.elapsed() > DEADLINE {
                bail!("after {DEADLINE:?} there is still not {what} at {path}: {answer}");
            }
            sleep(GLANCE).await;
        }
    }

    /// Commands to copy.
    fn what_to_try(&self, customer: &Customer, served: &Served) -> String {
        let Served { conversation, task, agent } = served;
        let (address, prefix) = (&customer.address, stand_in_prefix_of(customer.carrier));
        let to =
            if prefix.is_empty() { String::new() } else { format!(" --to {prefix}{BUSINESS}") };
        let (base_url, workspace) = (&customer.base_url, self.workspace.path());
        let port = base_url.rsplit(':').next().unwrap_or_default();
        let mut arguments = format!("--port {port}");
        if *base_url != customer.public_url {
            arguments.push_str(&format!(" --public-url {}", customer.public_url));
        }
        if customer.account_sid.to_string() != Options::default().account_sid {
            arguments.push_str(&format!(" --account-sid {}", customer.account_sid));
        }
        if !customer.carrier.is_default() {
            arguments.push_str(&format!(" --carrier {}", customer.carrier.name()));
        }
        if customer.auth_token != Options::default().auth_token {
            arguments.push_str(" --auth-token …");
        }
        let curl = format!("curl -u {}:{}", self.rest.account(), customer.auth_token);
        let messages = format!("{base_url}/conversations/v1/Conversations/{conversation}/Messages");
        format!(
            "
What to try next, in another terminal:

  # the customer writes again: it is appended to the open conversation
  cargo run -- {arguments} say {address} 'Thank you!'{to}

  # somebody else writes: the next free agent is asked; a third has to wait
  cargo run -- {arguments} say {prefix}+15550199998 'Do you deliver on Sundays?'{to}

  # the whole conversation
  {curl} {messages}

  # {agent} writes once more
  {curl} {messages} -d Author={agent} --data-urlencode 'Body=You are welcome!'

  # {agent} is done: the task is completed, and the conversation is closed
  {curl} {base_url}{workspace}/Tasks/{task} -d AssignmentStatus=completed -d Reason=done

  # one function, one event
  cargo run -- invoke autocreation events/autocreation/typical.json
"
        )
    }
}

/// Waits until the functions have done what follows from a step, so that their lines stand below its heading.
async fn settle(deployment: &Deployment) {
    // If they have not, the next step says what is missing.
    let _ = deployment.drained(DEADLINE).await;
}

fn text(value: &Value, name: &str) -> Option<String> {
    value[name].as_str().map(str::to_owned)
}

/// An address as it is written in a URL.
fn plus(address: &str) -> String {
    address.replace('+', "%2B")
}

fn heading(text: &str) {
    say(&format!("\n{text}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn the_demo_can_be_played_again_on_what_it_left() {
        let account = Options::default();
        let sid = account.account_sid.parse().unwrap();
        let carrier = StubCarrier::start(sid, &account.auth_token).await.unwrap();
        let carrier_base_url = Some(carrier.base_url());
        let deployment = Deployment::start(Options { carrier_base_url, ..account }).await.unwrap();
        carrier.register(deployment.base_url());
        let all = carriers(None);
        for times in 1..=2 {
            run(&deployment, Some(&carrier), &all).await.unwrap();
            assert_eq!(carrier.sent().len(), times * all.len());
        }
        for name in all {
            let sent = carrier.sent();
            let ours: Vec<_> = sent.iter().filter(|one| one.carrier == name).collect();
            assert_eq!(ours.len(), 2, "{name:?}");
            for one in ours {
                let receipts = carrier.receipts();
                let about = receipts.iter().filter(|receipt| receipt.message == one.id);
                let statuses: Vec<&str> = about.map(|receipt| receipt.status.name()).collect();
                assert_eq!(statuses[..2], ["sent", "delivered"], "{name:?}");
            }
        }
        assert_eq!(deployment.dead_letters().await.unwrap(), []);
        deployment.stop().await;
    }
}
