//! Messages that no conversation wants: who hears of them, and what their answers send (rules E.1, E.4).

use std::time::Duration;

use serde_json::{Value, json};
use switchboard_tests::{ACCOUNT, Exchange, FileAnswer, FileHost};

use crate::endpoint::{Endpoint, Heard};
use crate::webhooks::DELIVERIES;

const LINE: &str = "+18005550188";
const CUSTOMER: &str = "+14155550121";

fn account() -> String {
    format!("/api/2010-04-01/Accounts/{ACCOUNT}")
}

/// A number of ours with these settings; its identifier.
async fn number(exchange: &Exchange, number: &str, settings: &[(&str, &str)]) -> String {
    let form = [&[("PhoneNumber", number)], settings].concat();
    exchange.api.make(&format!("{}/IncomingPhoneNumbers.json", account()), &form).await
}

async fn writes(exchange: &Exchange, body: &str) {
    exchange.customer(CUSTOMER).to(LINE).writes(body).await;
    exchange.settles().await;
}

/// The texts that went to customers, in order, with the numbers they came from and went to.
fn sent(exchange: &Exchange) -> Vec<(String, String, String)> {
    let all = exchange.carrier.sent();
    all.iter().map(|one| (one.from.clone(), one.to.clone(), one.body.clone())).collect()
}

fn bodies(exchange: &Exchange) -> Vec<String> {
    sent(exchange).into_iter().map(|(.., body)| body).collect()
}

fn texts(endpoint: &Endpoint) -> Vec<String> {
    endpoint.calls().iter().map(|call: &Heard| call.get("Body").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_endpoint_of_a_number_hears_and_its_answer_is_sent() {
    let exchange = Exchange::open().await;
    let host = FileHost::start().await;
    host.answers("/a.png", FileAnswer::file("image/png", b"a picture"));
    let said = format!(
        "<Response><Message>Thanks &amp; hello</Message>\
         <Message><Body>A picture</Body><Media>{}</Media></Message></Response>",
        host.url("/a.png")
    );
    let endpoint = Endpoint::speaking("text/xml; charset=utf-8", &[(200, said.as_str())]).await;
    number(&exchange, LINE, &[("SmsUrl", endpoint.url.as_str())]).await;
    writes(&exchange, "are you there?").await;
    let [call] = &endpoint.calls()[..] else { panic!("{:?}", texts(&endpoint)) };
    assert!(endpoint.signed(call));
    let expected = [
        ("From", CUSTOMER),
        ("To", LINE),
        ("Body", "are you there?"),
        ("AccountSid", ACCOUNT),
        ("NumMedia", "0"),
        ("NumSegments", "1"),
        ("SmsStatus", "received"),
        ("ApiVersion", "2010-04-01"),
    ];
    for (name, value) in expected {
        assert_eq!(call.get(name), value, "{name}");
    }
    assert_eq!(call.get("MessageSid"), call.get("SmsSid"));
    let path = format!("{}/Messages/{}.json", account(), call.get("MessageSid"));
    assert_eq!(exchange.api.get(&path).await.ok()["direction"], "inbound");
    assert_eq!(bodies(&exchange), ["Thanks & hello", "A picture"]);
    let first = &sent(&exchange)[0];
    assert_eq!((first.0.as_str(), first.1.as_str()), (LINE, CUSTOMER));
    let path = format!("{}/Messages.json?From={}", account(), "%2B18005550188");
    let shown = exchange.api.get(&path).await.ok();
    let shown = shown["messages"].as_array().unwrap();
    assert!(shown.iter().all(|one| one["direction"] == "outbound-reply"), "{shown:?}");
    assert_eq!(shown.len(), 2);
    assert!(exchange.customer(CUSTOMER).conversations().await.is_empty());
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fallback_is_told_what_went_wrong_and_answers_instead() {
    let exchange = Exchange::open().await;
    let main = Endpoint::speaking("text/xml", &[(500, ""), (200, "<Response>")]).await;
    let said = "<Response><Message>Sorry</Message></Response>";
    let fallback = Endpoint::speaking("application/xml", &[(200, said)]).await;
    let settings = [("SmsUrl", main.url.as_str()), ("SmsFallbackUrl", fallback.url.as_str())];
    number(&exchange, LINE, &settings).await;
    for (body, code) in [("broken", "11200"), ("unreadable", "12100")] {
        writes(&exchange, body).await;
        let calls = fallback.calls();
        let call = calls.last().unwrap();
        assert_eq!((call.get("Body"), call.get("ErrorCode")), (body, code));
        assert_eq!(call.get("ErrorUrl"), main.url);
    }
    assert_eq!(bodies(&exchange), ["Sorry", "Sorry"]);
    let listed = exchange.api.all(DELIVERIES, "deliveries").await;
    assert!(listed.iter().all(|one| one["status"] == "delivered"), "{listed:?}");
    let tries = listed[0]["attempts"].as_array().unwrap();
    let why = tries[0]["error"].as_str().unwrap();
    assert!(why.starts_with("12100: <Response> does not end"), "{why}");
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_be_reached_is_asked_again_and_answers_once() {
    let exchange = Exchange::open().await;
    if !exchange.moves_time() {
        return;
    }
    let said = "<Response><Message>Late</Message></Response>";
    let endpoint = Endpoint::speaking("text/xml", &[(503, ""), (200, said)]).await;
    number(&exchange, LINE, &[("SmsUrl", endpoint.url.as_str())]).await;
    writes(&exchange, "hello?").await;
    assert!(sent(&exchange).is_empty());
    exchange.later(Duration::from_secs(60));
    exchange.ticks().await;
    assert_eq!(bodies(&exchange), ["Late"]);
    // Asked once more by REST it says the same, which is sent already.
    let listed = exchange.api.all(DELIVERIES, "deliveries").await;
    let path = format!("{DELIVERIES}/{}/Replay", listed[0]["sid"].as_str().unwrap());
    exchange.api.post(&path, &[]).await.expect(202);
    exchange.settles().await;
    assert_eq!((endpoint.calls().len(), bodies(&exchange)), (3, vec!["Late".to_owned()]));
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fallback_that_talks_nonsense_does_not_keep_the_first_from_being_asked_again() {
    let exchange = Exchange::open().await;
    if !exchange.moves_time() {
        return;
    }
    let said = "<Response><Message>Back again</Message></Response>";
    let main = Endpoint::speaking("text/xml", &[(503, ""), (200, said)]).await;
    let fallback = Endpoint::speaking("text/xml", &[(200, "nonsense")]).await;
    let settings = [("SmsUrl", main.url.as_str()), ("SmsFallbackUrl", fallback.url.as_str())];
    number(&exchange, LINE, &settings).await;
    writes(&exchange, "hello?").await;
    assert!(sent(&exchange).is_empty());
    exchange.later(Duration::from_secs(60));
    exchange.ticks().await;
    assert_eq!(bodies(&exchange), ["Back again"]);
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_kept_as_failed_with_its_code_and_sends_nothing() {
    let exchange = Exchange::open().await;
    for (kind, said, code, line) in [
        ("text/xml", "thanks", "12100", "+18005550187"),
        ("application/json", "{}", "12300", "+18005550189"),
    ] {
        let endpoint = Endpoint::speaking(kind, &[(200, said)]).await;
        number(&exchange, line, &[("SmsUrl", endpoint.url.as_str())]).await;
        exchange.customer(CUSTOMER).to(line).writes("hello").await;
        exchange.settles().await;
        let failed = exchange.api.all(&format!("{DELIVERIES}?Status=failed"), "deliveries").await;
        assert_eq!(failed[0]["event_type"], "incomingMessage");
        assert_eq!(failed[0]["failure_reason"], "unreadable");
        let why = failed[0]["attempts"][0]["error"].as_str().unwrap().to_owned();
        assert!(why.starts_with(code), "{why}");
    }
    assert!(sent(&exchange).is_empty());
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_are_followed_and_not_for_ever() {
    let exchange = Exchange::open().await;
    let last =
        Endpoint::speaking("text/xml", &[(200, "<Response><Sms>two</Sms></Response>")]).await;
    let said = format!(
        "<Response><Message>one</Message><Redirect>{}</Redirect><Message>never</Message></Response>",
        last.url
    );
    let first = Endpoint::speaking("text/xml", &[(200, said.as_str())]).await;
    number(&exchange, LINE, &[("SmsUrl", first.url.as_str())]).await;
    writes(&exchange, "go on").await;
    assert_eq!(bodies(&exchange), ["one", "two"]);
    assert_eq!(last.calls()[0].get("Body"), "go on");
    let round = Endpoint::speaking("text/xml", &[(200, "<Response><Redirect/></Response>")]).await;
    let other = "+18005550187";
    number(&exchange, other, &[("SmsUrl", round.url.as_str())]).await;
    exchange.customer(CUSTOMER).to(other).writes("round").await;
    exchange.settles().await;
    assert_eq!(round.calls().len(), 6);
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn conversations_come_before_services_and_services_before_numbers() {
    let exchange = Exchange::open().await;
    let empty: &[(u16, &str)] = &[(200, "")];
    let own = Endpoint::speaking("text/xml", empty).await;
    let pool = Endpoint::speaking("text/xml", empty).await;
    let sid = number(&exchange, LINE, &[("SmsUrl", own.url.as_str())]).await;
    writes(&exchange, "alone").await;
    let form = [("FriendlyName", "pool"), ("InboundRequestUrl", pool.url.as_str())];
    let service = exchange.api.make("/messaging/v1/Services", &form).await;
    let path = format!("/messaging/v1/Services/{service}");
    exchange.api.make(&format!("{path}/PhoneNumbers"), &[("PhoneNumberSid", &sid)]).await;
    writes(&exchange, "in a pool").await;
    assert_eq!(pool.calls()[0].get("MessagingServiceSid"), service);
    let defers = [("UseInboundWebhookOnNumber", "true")];
    exchange.api.post(&path, &defers).await.ok();
    writes(&exchange, "left to the number").await;
    let form = [
        ("Type", "sms"),
        ("Address", LINE),
        ("AutoCreation.Enabled", "true"),
        ("AutoCreation.Type", "default"),
    ];
    exchange.api.make("/conversations/v1/Configuration/Addresses", &form).await;
    for body in ["opens a conversation", "goes on in it"] {
        writes(&exchange, body).await;
    }
    assert_eq!(texts(&own), ["alone", "left to the number"]);
    assert_eq!(texts(&pool), ["in a pool"]);
    let conversation = exchange.customer(CUSTOMER).conversation().await;
    assert_eq!(exchange.messages(&conversation).await.len(), 2);
    assert!(sent(&exchange).is_empty());
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_can_go_elsewhere_by_a_number_of_ours_and_by_no_other() {
    let exchange = Exchange::open().await;
    let said = "<Response>\
        <Message from=\"+18005550199\">not ours</Message>\
        <Message to=\"+14155550122\" from=\"+18005550186\">to a colleague</Message>\
        <Message to=\"nobody\">lost</Message><Message/>\
        <Message>to you</Message></Response>";
    let endpoint = Endpoint::speaking("text/xml", &[(200, said)]).await;
    number(&exchange, LINE, &[("SmsUrl", endpoint.url.as_str())]).await;
    number(&exchange, "+18005550186", &[]).await;
    writes(&exchange, "tell everybody").await;
    let mut sent = sent(&exchange);
    sent.sort();
    let expected = [("+18005550186", "+14155550122", "to a colleague"), (LINE, CUSTOMER, "to you")]
        .map(|(from, to, body)| (from.to_owned(), to.to_owned(), body.to_owned()));
    assert_eq!(sent, expected);
    let shown: Value = json!(exchange.api.all(DELIVERIES, "deliveries").await.len());
    assert_eq!(shown, 1);
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn short_codes_and_senders_on_channels_are_heard_as_numbers_are() {
    let exchange = Exchange::open().await;
    let said = |text: &str| format!("<Response><Message>{text}</Message></Response>");
    let (of_code, of_pool) = (said("by the code"), said("by the pool"));
    let own = Endpoint::speaking("text/xml", &[(200, of_code.as_str())]).await;
    let pool = Endpoint::speaking("text/xml", &[(200, of_pool.as_str())]).await;
    let code = [("ShortCode", "12345"), ("CountryCode", "US"), ("SmsUrl", own.url.as_str())];
    exchange.api.make(&format!("{}/SMS/ShortCodes.json", account()), &code).await;
    let desk = "whatsapp:+18005550188";
    let sender = exchange.api.make("/messaging/v2/Channels/Senders", &[("sender_id", desk)]).await;
    let form = [("FriendlyName", "WhatsApp"), ("InboundRequestUrl", pool.url.as_str())];
    let service = exchange.api.make("/messaging/v1/Services", &form).await;
    let senders = format!("/messaging/v1/Services/{service}/ChannelSenders");
    exchange.api.make(&senders, &[("Sid", &sender)]).await;

    exchange.customer(CUSTOMER).to("12345").writes("vote for blue").await;
    let whatsapp = format!("whatsapp:{CUSTOMER}");
    exchange.customer(&whatsapp).to(desk).writes("hello").await;
    exchange.settles().await;
    assert_eq!(
        (texts(&own), texts(&pool)),
        (vec!["vote for blue".to_owned()], vec!["hello".to_owned()])
    );
    assert_eq!(pool.calls()[0].get("MessagingServiceSid"), service);
    let mut all = sent(&exchange);
    all.sort();
    let expected = [("12345", CUSTOMER, "by the code"), (desk, &whatsapp, "by the pool")];
    let expected = expected.map(|(from, to, body)| (from.into(), to.into(), body.into()));
    assert_eq!(all, expected);
    exchange.rests().await;
}
