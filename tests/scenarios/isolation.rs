//! An endpoint that hangs delays nobody else. Time is simulated, so what is counted does not depend on the machine.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use switchboard::{Answer, Called, Deployment, Endpoints, Options};
use switchboard_domain::address::ChannelType;
use switchboard_domain::conversation::{
    Answers, Conversation, Defaults, EventName, Level, Source, Target,
};
use switchboard_domain::decision::Decision;
use switchboard_domain::effect::{Call, WebhookCall};
use switchboard_domain::process::conversation::{Command, decide};
use switchboard_domain::sid::{ConversationSid, ServiceSid, Sid as _};
use switchboard_domain::timestamp::Timestamp;
use switchboard_domain::version::CommitId;
use switchboard_store::{Store, TableNames};
use tokio::time::{Instant, sleep, timeout};

/// How many endpoints there are, each of a conversation of its own.
const ENDPOINTS: usize = 100;
/// How long one that is well takes to answer.
const ANSWERS_WITHIN: Duration = Duration::from_millis(50);
/// All endpoints are to be called this often.
const ROUNDS: usize = 5;
/// So far apart.
const ROUND: Duration = Duration::from_secs(2);

/// The endpoints; the first ones hang.
#[derive(Debug)]
struct Hooks {
    hang: AtomicUsize,
    began: Instant,
    /// Which calls each answered, and when.
    answered: Mutex<BTreeMap<usize, Vec<(String, Duration)>>>,
}

impl Endpoints for Hooks {
    fn answer(
        &self,
        request: reqwest::Request,
    ) -> Pin<Box<dyn Future<Output = (Called, Answer)> + Send + '_>> {
        Box::pin(async move {
            let number: usize = request.url().path()[1..].parse().unwrap();
            let patience = *request.timeout().unwrap();
            let hangs = number < self.hang.load(Ordering::SeqCst);
            let takes = if hangs { Duration::MAX } else { ANSWERS_WITHIN };
            let call = request.headers()["i-twilio-idempotency-token"].to_str().unwrap().to_owned();
            if timeout(patience, sleep(takes)).await.is_err() {
                return (Called::TimedOut, Answer::default());
            }
            let mut answered = self.answered.lock().unwrap();
            answered.entry(number).or_default().push((call, self.began.elapsed()));
            (Called::Answered(200), Answer::default())
        })
    }
}

/// A deployment whose clock is the runtime's.
struct Centre {
    deployment: Deployment,
    hooks: Arc<Hooks>,
    conversations: Vec<ConversationSid>,
    calls: usize,
}

impl Centre {
    async fn with(hang: usize) -> Self {
        let began = Instant::now();
        let hang = AtomicUsize::new(hang);
        let hooks = Arc::new(Hooks { hang, began, answered: Mutex::default() });
        let clock = move || {
            let passed = i64::try_from(began.elapsed().as_millis()).unwrap();
            Timestamp(1_795_000_000_000 + passed)
        };
        let options = Options {
            clock: Some(Arc::new(clock)),
            endpoints: Some(Arc::clone(&hooks) as _),
            ..Options::default()
        };
        let deployment = Deployment::start(options).await.unwrap();
        let name = Some(deployment.table_name("conversations"));
        let names = TableNames { conversations: name, ..TableNames::default() };
        let store = Store::new(deployment.dynamodb("conversations-api"), names);
        let mut conversations = Vec::new();
        for number in 0..ENDPOINTS {
            let decision = listened_to(number);
            let id = CommitId([0, 0, 0, 0, 0, u8::try_from(number).unwrap()]);
            let _ = store.commit(&decision.0, id).await.unwrap();
            conversations.push(decision.1);
        }
        Self { deployment, hooks, conversations, calls: 0 }
    }

    /// Asks for a call of each of these endpoints, in this order.
    async fn asks_for(&mut self, endpoints: impl Iterator<Item = usize>) {
        let sqs = self.deployment.sqs_client("conversations-api");
        for number in endpoints {
            let call = Call::Conversation(WebhookCall {
                level: Level::Conversation,
                conversation: self.conversations[number],
                webhook: 1,
                who: None,
                event: EventName::OnConversationUpdated,
                message: None,
                number: None,
                state_from: None,
                state_to: None,
                reason: None,
                speaker: None,
                source: "API".to_owned(),
                client: None,
            });
            self.calls += 1;
            let message = sqs.send_message().queue_url(self.deployment.queue_url("webhooks.fifo"));
            let message = message.message_body(serde_json::to_string(&call).unwrap());
            let message = message.message_group_id(number.to_string());
            let message = message.message_deduplication_id(self.calls.to_string());
            message.send().await.unwrap();
        }
    }

    /// How many calls those endpoints have answered that never hang.
    fn answered_by_the_others(&self, hang: usize) -> usize {
        let answered = self.hooks.answered.lock().unwrap();
        answered.range(hang..).map(|(_, times)| times.len()).sum()
    }
}

/// A conversation with a webhook.
fn listened_to(number: usize) -> (Decision, ConversationSid) {
    let sid = ConversationSid::derived(&[&number.to_string()]);
    let new =
        Conversation::new(sid, ServiceSid::derived(&["s"]), Defaults::default(), Timestamp(0));
    let target = Target::Webhook {
        url: format!("https://customer.example/{number}"),
        method: "POST".to_owned(),
        filters: vec![EventName::OnConversationUpdated],
    };
    let attach = Command::Attach(target);
    let change =
        decide(&new, attach, Source::Channel(ChannelType::Sms), &Answers::NONE, Timestamp(0))
            .unwrap();
    (Decision::put(change.conversation), sid)
}

/// Whether the tables and queues are those in this process, whose clock is ours.
fn is_embedded() -> bool {
    ["DYNAMODB_ENDPOINT", "SQS_ENDPOINT"].iter().all(|name| std::env::var_os(name).is_none())
}

/// How many calls are answered by those who are well in either run, while this many others hang.
async fn throughput(hang: usize, counted_from: usize) -> usize {
    let mut centre = Centre::with(hang).await;
    for _ in 0..ROUNDS {
        centre.asks_for(0..ENDPOINTS).await;
        sleep(ROUND).await;
    }
    let answered = centre.answered_by_the_others(counted_from);
    centre.deployment.stop().await;
    answered
}

#[tokio::test(start_paused = true)]
async fn while_three_of_ten_endpoints_hang_the_others_keep_nine_tenths_of_their_calls() {
    if !is_embedded() {
        return;
    }
    let hang = 3 * ENDPOINTS / 10;
    let well = throughput(0, hang).await;
    assert_eq!(well, (ENDPOINTS - hang) * ROUNDS, "all are called when nobody hangs");
    let beside = throughput(hang, hang).await;
    assert!(beside * 10 >= well * 9, "{beside} of {well} calls");
}

#[tokio::test(start_paused = true)]
async fn whoever_is_called_behind_thirty_that_hang_is_called_at_once() {
    if !is_embedded() {
        return;
    }
    let mut centre = Centre::with(30).await;
    let asked = centre.hooks.began.elapsed();
    centre.asks_for(0..31).await;
    sleep(Duration::from_secs(60)).await;
    let answered = centre.hooks.answered.lock().unwrap().get(&30).cloned();
    let waited = answered.expect("it was called")[0].1 - asked;
    assert!(waited < Duration::from_secs(1), "{waited:?}");
    centre.deployment.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_comes_back_hears_of_everything_in_order() {
    if !is_embedded() {
        return;
    }
    let mut centre = Centre::with(1).await;
    for _ in 0..3 {
        centre.asks_for(0..1).await;
    }
    sleep(Duration::from_secs(40)).await;
    centre.hooks.hang.store(0, Ordering::SeqCst);
    sleep(Duration::from_secs(600)).await;
    let answered = centre.hooks.answered.lock().unwrap().get(&0).cloned().unwrap_or_default();
    let calls: Vec<&str> = answered.iter().map(|(call, _)| call.as_str()).collect();
    assert_eq!(calls, ["1", "2", "3"]);
    // Nothing is known against it any more.
    centre.asks_for(0..1).await;
    let asked = centre.hooks.began.elapsed();
    sleep(Duration::from_secs(10)).await;
    let answered = centre.hooks.answered.lock().unwrap()[&0].clone();
    assert!(answered[3].1 - asked < Duration::from_secs(1), "{answered:?}");
    centre.deployment.stop().await;
}
