//! Bad input: a clear answer, the published code, and nothing written.

use std::time::Duration;

use reqwest::Method;
use switchboard_carriers::{SIGNATURE_HEADER, sign, webhook_path};
use switchboard_domain::carriage::CarrierName;
use switchboard_tests::{ACCOUNT, Api, Exchange, NUMBER, TOKEN, eventually};

/// A webhook with this signature; the right one if none is given.
async fn webhook(exchange: &Exchange, form: &[(&str, &str)], signature: Option<&str>) -> u16 {
    let path = webhook_path(CarrierName::default());
    let url = format!("{}{path}", exchange.deployment.base_url());
    let right = sign(&url, form, TOKEN);
    let headers = [(SIGNATURE_HEADER, signature.unwrap_or(&right))];
    exchange.api.send(Method::POST, &path, form, &headers).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_webhook_is_refused_and_nothing_is_written() {
    let exchange = Exchange::open().await;
    let form = [
        ("MessageSid", "SM0123456789abcdef0123456789abcdef"),
        ("AccountSid", ACCOUNT),
        ("From", "+14155550150"),
        ("To", NUMBER),
        ("Body", "I am somebody else"),
    ];
    let before = exchange.deployment.counters();
    assert_eq!(webhook(&exchange, &form, Some("bm90IHRoZSByaWdodCBvbmU=")).await, 403);
    let path = webhook_path(CarrierName::default());
    let unsigned = exchange.api.send(Method::POST, &path, &form, &[]).await;
    assert_eq!(unsigned.status, 403);
    exchange.settles().await;
    let used = exchange.deployment.counters().since(&before).total();
    assert!(used.write_units.abs() < f64::EPSILON, "{used:?}");
    assert_eq!(used.messages_sent, 0);
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_cannot_be_read_is_taken_and_kept_among_the_dead_letters() {
    let exchange = Exchange::open().await;
    let form = [
        ("MessageSid", "SM0123456789abcdef0123456789abcdef"),
        ("AccountSid", ACCOUNT),
        ("From", "nonsense:address"),
        ("To", NUMBER),
    ];
    let unknown = exchange.api.send(Method::POST, "/webhooks/nobody", &form, &[]).await;
    assert_eq!(unknown.status, 404);
    if !exchange.moves_time() {
        return;
    }
    assert_eq!(webhook(&exchange, &form, None).await, 200);
    let nobody = [("AccountSid", ACCOUNT), ("Body", "from nobody")];
    assert_eq!(webhook(&exchange, &nobody, None).await, 200);
    let letters = eventually("two dead letters", || async {
        exchange.later(Duration::from_secs(600));
        tokio::time::sleep(Duration::from_millis(50)).await;
        let letters = exchange.deployment.dead_letters().await.unwrap();
        (letters.len() == 2).then_some(letters)
    })
    .await;
    let kept = |text: &str| letters.iter().any(|letter| letter.body.contains(text));
    assert!(kept("From=nonsense%3Aaddress"), "{letters:?}");
    assert!(kept("parameter From is not valid"), "{letters:?}");
    assert!(kept("Body=from+nobody"), "{letters:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_too_long_is_cut_between_two_characters_and_says_so() {
    let exchange = Exchange::open().await;
    let customer = exchange.customer("+14155550152");
    // More than a queue takes, and the limit is in the middle of a character.
    let long = format!("{}é{}", "x".repeat(32 * 1024 - 1), "y".repeat(1_200_000));
    assert_eq!(customer.writes(&long).await, 200);
    assert_eq!(customer.writes("short").await, 200);
    exchange.settles().await;
    let conversation = customer.conversation().await;
    let path = format!("/conversations/v1/Conversations/{conversation}/Messages");
    let messages = exchange.api.all(&path, "messages").await;
    let kept = "x".repeat(32 * 1024 - 1);
    assert_eq!(messages.len(), 2);
    assert!(messages[0]["body"] == kept.as_str(), "{}", messages[0]["body"].to_string().len());
    assert_eq!(messages[0]["attributes"], r#"{"truncated":["body"]}"#);
    assert_eq!((&messages[1]["body"], &messages[1]["attributes"]), (&"short".into(), &"{}".into()));
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_no_conversation_may_have_is_kept_outside_of_them() {
    let exchange = Exchange::open().await;
    for (from, to) in [(NUMBER, NUMBER), ("whatsapp:+14155550153", NUMBER)] {
        let customer = exchange.customer(from).to(to);
        assert_eq!(customer.writes("is anybody there?").await, 200);
        exchange.settles().await;
        assert!(customer.conversations().await.is_empty());
    }
    let path = format!("/api/2010-04-01/Accounts/{ACCOUNT}/Messages.json");
    let kept = exchange.api.all(&path, "messages").await;
    let mut senders: Vec<&str> = kept.iter().filter_map(|one| one["from"].as_str()).collect();
    senders.sort_unstable();
    assert_eq!(senders, [NUMBER, "whatsapp:+14155550153"]);
    assert!(kept.iter().all(|one| one["body"] == "is anybody there?" && one["to"] == NUMBER));
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_identifier_for_messages_of_two_customers_loses_neither() {
    let exchange = Exchange::open().await;
    if !exchange.moves_time() {
        return;
    }
    let sid = "SM0123456789abcdef0123456789abcdef";
    let (first, second) = (exchange.customer("+14155550154"), exchange.customer("+14155550155"));
    assert_eq!(first.delivers(sid, "mine").await, 200);
    first.conversation().await;
    assert_eq!(first.delivers(sid, "mine").await, 200);
    assert_eq!(second.delivers(sid, "no, mine").await, 200);
    let letters = eventually("a dead letter", || async {
        exchange.later(Duration::from_secs(600));
        tokio::time::sleep(Duration::from_millis(50)).await;
        let letters = exchange.deployment.dead_letters().await.unwrap();
        (!letters.is_empty()).then_some(letters)
    })
    .await;
    let [letter] = &letters[..] else { panic!("{letters:?}") };
    assert!(letter.body.contains("no, mine"), "{letter:?}");
    assert!(second.conversations().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_carry_their_published_codes() {
    let exchange = Exchange::open().await;
    let stranger = Api::new(exchange.deployment.base_url(), ACCOUNT, "wrong");
    let denied = stranger.get("/conversations/v1/Conversations").await;
    assert_eq!((denied.status, denied.code()), (401, Some(20003)));

    let api = &exchange.api;
    let unknown = "/conversations/v1/Conversations/CH00000000000000000000000000000000";
    let missing = api.get(unknown).await;
    assert_eq!((missing.status, missing.code()), (404, Some(20404)));
    let message = missing.body["message"].as_str().unwrap_or_default();
    assert!(message.contains("/Conversations/CH0000"), "{message}");
    assert!(!message.contains("/v1/"), "the version is not named: {message}");

    let nameless = api.post("/taskrouter/v1/Workspaces", &[]).await;
    assert_eq!((nameless.status, nameless.code()), (400, Some(20001)));
    let workflows = format!("{}/Workflows", exchange.workspace);
    let form = [("FriendlyName", "broken"), ("Configuration", "{\"task_routing\":")];
    let broken = api.post(&workflows, &form).await;
    assert_eq!(broken.status, 400, "{}", broken.body);
    let queues = format!("{}/TaskQueues", exchange.workspace);
    let form = [("FriendlyName", "broken"), ("TargetWorkers", "languages HAS")];
    let broken = api.post(&queues, &form).await;
    assert_eq!(broken.status, 400, "{}", broken.body);
    let form = [("Attributes", "{not json")];
    let broken = api.post("/conversations/v1/Conversations", &form).await;
    assert_eq!((broken.status, broken.code()), (400, Some(50304)));
    assert!(broken.body.get("type").is_none() && broken.body.get("title").is_none());
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pair_is_bound_to_one_open_conversation() {
    let exchange = Exchange::open().await;
    let pair =
        [("MessagingBinding.Address", "+14155550151"), ("MessagingBinding.ProxyAddress", NUMBER)];
    let first = exchange.api.make("/conversations/v1/Conversations", &[]).await;
    let second = exchange.api.make("/conversations/v1/Conversations", &[]).await;
    let members = |sid: &str| format!("/conversations/v1/Conversations/{sid}/Participants");
    exchange.api.make(&members(&first), &pair).await;
    let taken = exchange.api.post(&members(&second), &pair).await;
    assert_eq!((taken.status, taken.code()), (409, Some(50416)));
    let message = taken.body["message"].as_str().unwrap_or_default();
    assert!(message.ends_with(&first), "clients read the holder out of it: {message}");
    let closed = [("State", "closed")];
    exchange.api.post(&format!("/conversations/v1/Conversations/{first}"), &closed).await.ok();
    exchange.api.make(&members(&second), &pair).await;
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_size_beyond_the_limit_is_clamped_and_pages_lead_on_and_back() {
    let exchange = Exchange::open().await;
    for number in 0..25 {
        let name = format!("conversation {number}");
        exchange.api.make("/conversations/v1/Conversations", &[("FriendlyName", &name)]).await;
    }
    let path = "/conversations/v1/Conversations";
    let first = exchange.api.get(&format!("{path}?PageSize=10")).await.ok();
    assert!(first["meta"]["previous_page_url"].is_null());
    let next = first["meta"]["next_page_url"].as_str().expect("a next page");
    let second = exchange.api.get(next).await.ok();
    let back = second["meta"]["previous_page_url"].as_str().expect("a previous page");
    let again = exchange.api.get(back).await.ok();
    assert_eq!(again["conversations"], first["conversations"]);
    let all = exchange.api.all(&format!("{path}?PageSize=10"), "conversations").await;
    assert_eq!(all.len(), 25);
    let clamped = exchange.api.get(&format!("{path}?PageSize=5000")).await.ok();
    assert_eq!(clamped["meta"]["page_size"], 100);
    let absolute = exchange.api.get(&format!("{path}?Page=1")).await;
    assert_eq!((absolute.status, absolute.code()), (400, Some(40153)));
    exchange.rests().await;
}
