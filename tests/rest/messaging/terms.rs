//! How a message is sent: every parameter is obeyed, published as without effect, or refused (rules E.1, E.7).

use std::collections::BTreeSet;

use serde_json::{Value, json};
use switchboard_domain::timestamp::{Millis, Timestamp};
use switchboard_tests::reference;

use super::{World, account, world};
use crate::world::START;

const CUSTOMER: &str = "+14155550199";
const BUSINESS: &str = "+14155550100";

/// What comes of a parameter with a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Outcome {
    /// It is obeyed, or says what is done anyhow.
    Taken,
    /// It is published as one without any effect, or tells about the caller.
    WithoutEffect,
    /// It is refused with this code.
    Refused(u64),
}

use Outcome::{Refused, Taken, WithoutEffect};

/// Every parameter of the request, with values that stand for all that are published.
const PARAMETERS: &[(&str, &str, Outcome)] = &[
    ("To", CUSTOMER, Taken),
    ("From", BUSINESS, Taken),
    ("Body", "Hi", Taken),
    ("MediaUrl", "https://files.example/a.png", Taken),
    ("StatusCallback", "https://hooks.example/status", Taken),
    ("StatusCallback", "hooks.example", Refused(21609)),
    ("ApplicationSid", "AP0123456789abcdef0123456789abcdef", Refused(21218)),
    ("MaxPrice", "0.05", WithoutEffect),
    ("ProvideFeedback", "false", Taken),
    ("ProvideFeedback", "true", Refused(20001)),
    ("Attempt", "2", WithoutEffect),
    ("Attempt", "second", Refused(20001)),
    ("ValidityPeriod", "600", Taken),
    ("ValidityPeriod", "0", Refused(21624)),
    ("ForceDelivery", "false", Taken),
    ("ForceDelivery", "true", Refused(20001)),
    ("ContentRetention", "retain", Taken),
    ("ContentRetention", "discard", Refused(30029)),
    ("AddressRetention", "retain", Taken),
    ("AddressRetention", "obfuscate", Refused(30030)),
    ("SmartEncoded", "true", Taken),
    ("SmartEncoded", "perhaps", Refused(20001)),
    ("PersistentAction", "geo:1,2|Here", Refused(20001)),
    ("TrafficType", "free", Refused(20001)),
    ("ShortenUrls", "false", Taken),
    ("ShortenUrls", "true", Refused(20001)),
    ("ScheduleType", "fixed", Refused(35111)),
    ("ScheduleType", "optimal", Refused(35126)),
    ("SendAt", "2030-01-01T00:00:00Z", Refused(35126)),
    ("SendAsMms", "false", Taken),
    ("SendAsMms", "true", Refused(20001)),
    ("RiskCheck", "disable", Taken),
    ("RiskCheck", "enable", Refused(20001)),
    ("FallbackFrom", BUSINESS, Refused(20001)),
    ("MessagingServiceSid", "MG1", Refused(21705)),
    ("ContentSid", "HX0123456789abcdef0123456789abcdef", Refused(21655)),
    ("ContentVariables", "{}", Refused(21654)),
];

/// A service with a number of ours; its identifier.
async fn pool(world: &World) -> String {
    let service = world.create_service().await;
    let number = world.enter_number(BUSINESS).await;
    let numbers = format!("/messaging/v1/Services/{service}/PhoneNumbers");
    world.post(&numbers, &[("PhoneNumberSid", &number)]).await.expect(201);
    service
}

fn messages() -> String {
    account("/Messages.json")
}

fn one(message: &Value) -> String {
    account(&format!("/Messages/{}.json", message["sid"].as_str().unwrap()))
}

#[tokio::test]
async fn no_parameter_is_dropped_in_silence() {
    if let Some(published) = reference("openapi/twilio_api_v2010_messages.json") {
        let request = &published["paths"]["/2010-04-01/Accounts/{AccountSid}/Messages.json"]["post"]
            ["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"];
        let published: BTreeSet<&str> =
            request["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        let known: BTreeSet<&str> = PARAMETERS.iter().map(|(name, ..)| *name).collect();
        assert_eq!(known, published, "each has an outcome");
    }
    let world = world().await;
    let service = pool(&world).await;
    for (name, value, outcome) in PARAMETERS {
        let by = ("MessagingServiceSid", service.as_str());
        let form = [("To", CUSTOMER), by, ("Body", "Hi"), (*name, *value)];
        let answer = world.post(&messages(), &form).await;
        match outcome {
            Taken | WithoutEffect => drop(answer.expect(201)),
            Refused(code) => assert_eq!(answer.refusal(), (400, *code), "{name}={value}"),
        }
    }
    // A parameter that nobody knows is refused, so nothing that is added to the list is taken unawares.
    let form = [("To", CUSTOMER), ("From", BUSINESS), ("Body", "Hi"), ("Nonsense", "1")];
    assert_eq!(world.post(&messages(), &form).await.refusal(), (400, 20001));
}

#[tokio::test]
async fn a_text_is_encoded_as_the_message_says_whatever_its_service_does() {
    let world = world().await;
    let service = pool(&world).await;
    for (by, asked, expected) in [
        ("MessagingServiceSid", None, "\"yes\""),
        ("MessagingServiceSid", Some("false"), "“yes”"),
        ("From", None, "“yes”"),
        ("From", Some("true"), "\"yes\""),
    ] {
        let sender = if by == "From" { BUSINESS } else { service.as_str() };
        let mut form = vec![("To", CUSTOMER), (by, sender), ("Body", "“yes”")];
        form.extend(asked.map(|asked| ("SmartEncoded", asked)));
        let sent = world.post(&messages(), &form).await.expect(201);
        assert_eq!(sent["body"], expected, "{by} {asked:?}");
    }
}

#[tokio::test]
async fn a_message_is_scheduled_shown_and_taken_back() {
    let world = world().await;
    let service = pool(&world).await;
    let at = (Timestamp(START) + Millis::seconds(3600)).iso();
    let by = ("MessagingServiceSid", service.as_str());
    let form = [("To", CUSTOMER), by, ("Body", "Hi"), ("ScheduleType", "fixed"), ("SendAt", &at)];
    let before = world.asked().len();
    let scheduled = world.post(&messages(), &form).await.expect(201);
    assert_eq!(
        (&scheduled["status"], &scheduled["date_sent"]),
        (&json!("scheduled"), &json!(null))
    );
    assert_eq!(world.asked().len(), before, "nothing is asked of anybody");
    let listed = world.get(&format!("{}?To=%2B14155550199", messages())).await.expect(200);
    assert_eq!(listed["messages"][0], scheduled);
    let path = one(&scheduled);
    assert_eq!(world.post(&path, &[("Body", "")]).await.refusal(), (409, 20009));
    assert_eq!(world.delete(&path).await.refusal(), (409, 20009));
    assert_eq!(world.post(&path, &[("Status", "sent")]).await.refusal(), (400, 20001));
    let canceled = [("Status", "canceled")];
    let taken_back = world.post(&path, &canceled).await.expect(200);
    assert_eq!(taken_back["status"], "canceled");
    assert_eq!(world.get(&path).await.expect(200), taken_back);
    assert_eq!(world.post(&path, &canceled).await.refusal(), (400, 30409));
    let missing = account("/Messages/SM0123456789abcdef0123456789abcdef.json");
    assert_eq!(world.post(&missing, &canceled).await.refusal(), (404, 20404));
    assert_eq!(world.post(&path, &[("Body", "")]).await.expect(200)["body"], "");
    assert_eq!(world.delete(&path).await.status, 204);
    let both = world.post(&messages(), &form).await.expect(201);
    let both = world.post(&one(&both), &[("Status", "canceled"), ("Body", "")]).await.expect(200);
    assert_eq!((&both["status"], &both["body"]), (&json!("canceled"), &json!("")));
}

#[tokio::test]
async fn a_time_that_cannot_be_is_refused_with_its_published_code() {
    let world = world().await;
    let service = pool(&world).await;
    let at = |seconds: i64| (Timestamp(START) + Millis::seconds(seconds)).iso();
    let (soon, late, right) = (at(200), at(36 * 24 * 3600), at(3600));
    let by = ("MessagingServiceSid", service.as_str());
    for (form, code) in [
        (vec![by, ("ScheduleType", "fixed")], 35111),
        (vec![by, ("ScheduleType", "fixed"), ("SendAt", soon.as_str())], 35114),
        (vec![by, ("ScheduleType", "fixed"), ("SendAt", late.as_str())], 35114),
        (vec![by, ("ScheduleType", "fixed"), ("SendAt", "tomorrow")], 35114),
        (vec![("From", BUSINESS), ("ScheduleType", "fixed"), ("SendAt", &right)], 35118),
        (vec![by, ("ScheduleType", "optimal"), ("SendAt", &right)], 35126),
        (vec![by, ("SendAt", &right)], 35126),
    ] {
        let form = [&[("To", CUSTOMER), ("Body", "Hi")], form.as_slice()].concat();
        assert_eq!(world.post(&messages(), &form).await.refusal(), (400, code), "{form:?}");
    }
}
