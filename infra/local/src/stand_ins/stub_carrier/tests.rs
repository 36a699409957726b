use super::*;

use http_body_util::Empty;
use switchboard_carriers::{
    Carriers, Http, Lookup, RawRequest, Timeouts, stand_in_settings, webhook_path,
};
use switchboard_domain::carriage::{OutboundMessage, SendOutcome};
use switchboard_domain::sid::{MessageSid, Sid as _};

const ACCOUNT: &str = "AC00000000000000000000000000000001";
const TOKEN: &str = "a-token-of-the-test";
const SOON: Duration = Duration::from_secs(5);

/// Everything at once.
const PACE: Pace = Pace { sent: Duration::ZERO, delivered: Duration::ZERO, read: Duration::ZERO };

/// Calls that were made to us, and believed.
type Calls = Arc<Mutex<Vec<String>>>;

/// The carrier that is talked to.
fn name() -> CarrierName {
    CarrierName::default()
}

/// The carriers as the exchange has them.
struct Client(Carriers);

impl Client {
    async fn send(&self, message: &OutboundMessage) -> SendOutcome {
        self.0.send(name(), message).await
    }
}

async fn start() -> (StubCarrier, Client, Calls) {
    let carrier =
        StubCarrier::start_with(ACCOUNT.parse().unwrap(), TOKEN, PACE, Arc::new(system_time))
            .await
            .unwrap();
    let calls: Calls = Arc::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let client = client(&carrier, &origin);
    tokio::spawn(hear(listener, origin, Arc::clone(&calls)));
    (carrier, client, calls)
}

fn client(carrier: &StubCarrier, public_url: &str) -> Client {
    let timeouts = Timeouts { connect: SOON, total: Duration::from_millis(500) };
    let base_url = carrier.base_url();
    Client(carriers(&base_url, public_url).over(Arc::new(Http::new(timeouts))))
}

fn carriers(base_url: &str, public_url: &str) -> Carriers {
    let auth_token = TOKEN.into();
    let mut own = stand_in_settings();
    own.insert(name().setting("BASE_URL"), base_url.into());
    let account_sid = ACCOUNT.parse().unwrap();
    let settings = CarrierSettings {
        account_sid,
        auth_token: &auth_token,
        public_url,
        own: &own,
        connection: None,
    };
    Carriers::connect(&settings).unwrap()
}

/// Takes receipts, as the exchange does: only signed ones.
async fn hear(listener: TcpListener, origin: String, calls: Calls) {
    while let Ok((stream, _)) = listener.accept().await {
        let (origin, calls) = (origin.clone(), Arc::clone(&calls));
        tokio::spawn(async move {
            let service = service_fn(move |request: Request<Incoming>| {
                let (origin, calls) = (origin.clone(), Arc::clone(&calls));
                async move {
                    let (head, body) = request.into_parts();
                    let body = body.collect().await.unwrap().to_bytes();
                    let url = format!("{origin}{}", head.uri);
                    let raw = RawRequest {
                        method: &head.method,
                        url: &url,
                        headers: &head.headers,
                        body: &body,
                    };
                    assert_eq!(head.uri.path(), webhook_path(name()));
                    let ours = carriers("http://127.0.0.1:9", &origin);
                    ours.get(name()).verify(raw, system_time()).unwrap();
                    lock(&calls).push(String::from_utf8(body.to_vec()).unwrap());
                    Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
                }
            });
            http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.unwrap();
        });
    }
}

fn message(to: &str) -> OutboundMessage {
    let pair = (to.replace("0199999", "0100001").parse().unwrap(), to.parse().unwrap());
    OutboundMessage::text((MessageSid::derived(&["m"]), 1), pair, "It left this morning.")
}

const SMS: &str = "+15550199999";

async fn statuses(carrier: &StubCarrier, count: usize) -> Vec<&'static str> {
    assert!(carrier.until(SOON, |it| it.receipts().len() == count).await, "{carrier:?}");
    let receipts = carrier.receipts();
    assert!(receipts.iter().all(|one| one.answer == Some(200)), "{receipts:?}");
    receipts.into_iter().map(|one| one.status.name()).collect()
}

#[tokio::test]
async fn a_message_is_taken_and_reported_with_a_signature() {
    let (carrier, client, calls) = start().await;
    let outcome = client.send(&message(SMS)).await;
    let [taken] = carrier.sent().try_into().unwrap();
    assert_eq!(outcome, SendOutcome::Accepted { carrier_message_id: taken.id.clone() });
    assert_eq!((taken.to.as_str(), taken.body.as_str()), (SMS, "It left this morning."));
    assert_eq!(statuses(&carrier, 2).await, ["sent", "delivered"]);
    assert!(lock(&calls)[1].contains("MessageStatus=delivered"), "{calls:?}");
}

#[tokio::test]
async fn a_channel_that_knows_reports_the_reading() {
    let (carrier, client, _) = start().await;
    client.send(&message("whatsapp:+15550199999")).await;
    assert_eq!(statuses(&carrier, 3).await, ["sent", "delivered", "read"]);
}

#[tokio::test]
async fn receipts_come_twice_or_backwards_or_with_a_failure() {
    let (carrier, client, calls) = start().await;
    carrier.set(Behaviour::DuplicateReceipts);
    client.send(&message(SMS)).await;
    assert_eq!(statuses(&carrier, 4).await, ["sent", "sent", "delivered", "delivered"]);
    carrier.set(Behaviour::ReversedReceipts);
    client.send(&message(SMS)).await;
    assert_eq!(statuses(&carrier, 6).await[4..], ["delivered", "sent"]);
    carrier.set(Behaviour::Undelivered(30005));
    client.send(&message(SMS)).await;
    assert_eq!(statuses(&carrier, 8).await[6..], ["sent", "undelivered"]);
    assert!(lock(&calls)[7].contains("ErrorCode=30005"), "{calls:?}");
}

#[tokio::test]
async fn a_carrier_that_is_down_or_busy_or_gone_takes_nothing() {
    let (carrier, client, _) = start().await;
    for (behaviour, wait) in [(Behaviour::Down, None), (Behaviour::Busy(7), Some(7))] {
        carrier.set(behaviour);
        let outcome = client.send(&message(SMS)).await;
        let SendOutcome::Retry { after_seconds, .. } = outcome else { panic!("{outcome:?}") };
        assert_eq!(after_seconds, wait);
    }
    carrier.set(Behaviour::Reject(21610));
    let outcome = client.send(&message(SMS)).await;
    assert!(matches!(outcome, SendOutcome::Rejected { error_code: 21610, .. }), "{outcome:?}");
    carrier.stop();
    let is_gone = || async { tokio::net::TcpStream::connect(carrier.address).await.is_err() };
    while !is_gone().await {
        tokio::task::yield_now().await;
    }
    let connecting_anew = self::client(&carrier, "http://127.0.0.1:9");
    let outcome = connecting_anew.send(&message(SMS)).await;
    assert!(matches!(outcome, SendOutcome::Retry { .. }), "{outcome:?}");
    assert_eq!(carrier.sent(), []);
}

#[tokio::test]
async fn a_message_that_was_taken_without_an_answer_is_found_in_the_list() {
    let (carrier, client, _) = start().await;
    let attempted = system_time();
    carrier.set(Behaviour::AcceptThenSilence);
    let outcome = client.send(&message(SMS)).await;
    assert!(matches!(outcome, SendOutcome::Unknown { .. }), "{outcome:?}");
    let later = attempted + client.0.get(name()).settling();
    let found = client.0.find(name(), &message(SMS), attempted, later).await;
    let carrier_message_id = carrier.sent()[0].id.clone();
    assert_eq!(found, Lookup::Found { carrier_message_id });
    carrier.set(Behaviour::Silence);
    client.send(&message(SMS)).await;
    assert_eq!(carrier.sent().len(), 1);
    assert_eq!(carrier.receipts(), []);
}

#[tokio::test]
async fn nothing_is_posted_to_another_machine() {
    let (carrier, _, _) = start().await;
    client(&carrier, "http://192.0.2.1").send(&message(SMS)).await;
    assert!(carrier.until(SOON, |it| it.receipts().len() == 2).await);
    assert!(carrier.receipts().iter().all(|one| one.answer.is_none()), "{:?}", carrier.receipts());
}

#[tokio::test]
async fn a_stranger_is_refused() {
    let (carrier, _, _) = start().await;
    let url = format!("{}/2010-04-01/Accounts/{ACCOUNT}/Messages.json", carrier.base_url());
    let answer = reqwest::Client::new().get(&url).basic_auth(ACCOUNT, Some("guess")).send().await;
    assert_eq!(answer.unwrap().status(), 401);
}
