//! Consents that are brought and read, and the keywords of a pool.

use serde_json::{Value, json};

use super::{account, world};
use crate::world::World;

const BULK: &str = "/accounts/v1/Consents/Bulk";
const CONSENTS: &str = "/accounts/v1/Consents";
const ANN: &str = "+14155550100";
const OURS: &str = "+18005550199";
const SERVICES: &str = "/messaging/v1/Services";

fn item(number: usize, sender: &str, status: &str) -> Value {
    json!({
        "contact_id": ANN,
        "correlation_id": format!("{number:032x}"),
        "sender_id": sender,
        "status": status,
        "source": "offline",
    })
}

async fn brings(world: &World, items: &[Value]) -> Value {
    let texts: Vec<String> = items.iter().map(Value::to_string).collect();
    let form: Vec<(&str, &str)> = texts.iter().map(|text| ("Items", text.as_str())).collect();
    world.post(BULK, &form).await.expect(201)
}

/// The first thing that is wrong with each item; empty if nothing is.
fn wrong(answer: &Value) -> Vec<(u64, String)> {
    let items = answer["items"].as_array().unwrap().iter();
    let first = |one: &Value| one["error_messages"][0].as_str().unwrap_or_default().to_owned();
    items.map(|one| (one["error_code"].as_u64().unwrap(), first(one))).collect()
}

async fn sends(world: &World, to: &str, by: (&str, &str)) -> (u16, u64) {
    let answer = world.post(&account("/Messages.json"), &[("To", to), by, ("Body", "news")]).await;
    if answer.status == 201 { (201, 0) } else { answer.refusal() }
}

#[tokio::test]
async fn a_consent_that_is_brought_holds_and_is_read_as_it_was_brought() {
    let world = world().await;
    world.enter_number(OURS).await;
    let pool = world.create_service().await;
    let other = world.enter_number("+18005550198").await;
    let numbers = format!("{SERVICES}/{pool}/PhoneNumbers");
    world.post(&numbers, &[("PhoneNumberSid", &other)]).await.expect(201);

    let answer = brings(&world, &[item(1, OURS, "opt-out"), item(2, &pool, "opt-out")]).await;
    assert_eq!(wrong(&answer), [(0, String::new()), (0, String::new())]);
    assert_eq!(answer["items"][0]["correlation_id"], format!("{:032x}", 1));
    for by in [("From", OURS), ("From", "+18005550198"), ("MessagingServiceSid", pool.as_str())] {
        assert_eq!(sends(&world, ANN, by).await, (400, 21610), "{by:?}");
    }
    // RCS reaches the same telephone.
    let rcs = format!("rcs:{ANN}");
    let by_agent = [("To", rcs.as_str()), ("From", "rcs:agent"), ("Body", "news")];
    let by_agent = [by_agent.as_slice(), &[("MessagingServiceSid", pool.as_str())]].concat();
    let refused = world.post(&account("/Messages.json"), &by_agent).await;
    assert_eq!(refused.refusal(), (400, 21610));
    assert_eq!(sends(&world, "+14155550101", ("From", OURS)).await, (201, 0));

    let read = world.get(&format!("{CONSENTS}/{ANN}")).await.expect(200);
    assert_eq!(read["contact_id"], ANN);
    let senders: Vec<&Value> =
        read["consents"].as_array().unwrap().iter().map(|one| &one["sender_id"]).collect();
    assert_eq!(senders, [OURS, pool.as_str()]);
    assert_eq!(read["consents"][0]["status"], "opt-out");
    assert_eq!(read["consents"][0]["source"], "offline");
    assert_eq!(world.get(&format!("{CONSENTS}/rcs:{ANN}")).await.expect(200), read);
    let listed = world.get(CONSENTS).await.expect(200);
    assert_eq!(listed["consents"], json!([read]));
    assert_eq!(world.get(&format!("{CONSENTS}/+14155550109")).await.refusal(), (404, 20404));
    assert_eq!(world.get(&format!("{CONSENTS}/nobody at all")).await.refusal(), (404, 20404));
    assert_eq!(world.delete(&format!("{CONSENTS}/{ANN}")).await.refusal(), (404, 20404));

    // What was exported can be brought again, and changes nothing.
    let mut again = read["consents"].clone();
    for (number, one) in again.as_array_mut().unwrap().iter_mut().enumerate() {
        one["contact_id"] = json!(ANN);
        one["correlation_id"] = json!(format!("{number:032x}"));
        for name in ["messaging_service_sid", "date_created"] {
            one.as_object_mut().unwrap().remove(name);
        }
    }
    let answer = brings(&world, again.as_array().unwrap()).await;
    assert_eq!(wrong(&answer), [(0, String::new()), (0, String::new())]);
    assert_eq!(world.get(&format!("{CONSENTS}/{ANN}")).await.expect(200), read);

    brings(&world, &[item(1, &pool, "opt-in"), item(2, OURS, "opt-in")]).await;
    for by in [("From", OURS), ("MessagingServiceSid", pool.as_str())] {
        assert_eq!(sends(&world, ANN, by).await, (201, 0), "{by:?}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_one_consent_keeps_out_no_other() {
    let world = world().await;
    world.enter_number(OURS).await;
    let with = |number: usize, name: &str, value: Value| {
        let mut item = item(number, OURS, "opt-out");
        item[name] = value;
        item
    };
    let none = "MG00000000000000000000000000000000";
    let items = [
        with(1, "correlation_id", json!("1")),
        with(2, "sender_id", json!(none)),
        with(3, "sender_id", json!("+18005550100")),
        with(4, "contact_id", json!("ann")),
        with(5, "status", json!("maybe")),
        with(6, "source", json!("hearsay")),
        with(7, "date_of_consent", json!("2999-01-01T00:00:00Z")),
        with(8, "zip_code", json!("94110")),
        item(9, OURS, "opt-out"),
        with(9, "contact_id", json!("+14155550101")),
    ];
    let answer = brings(&world, &items).await;
    let expected = [
        "INVALID_CORRELATION_ID",
        "INVALID_SENDER_ID",
        "INVALID_SENDER_ID",
        "INVALID_CONTACT_ID",
        "INVALID_STATUS",
        "INVALID_SOURCE",
        "INVALID_DATE_OF_CONSENT",
        "UNSUPPORTED_FIELD: zip_code",
        "",
        "INVALID_CORRELATION_ID",
    ];
    let expected: Vec<(u64, String)> = expected
        .iter()
        .map(|word| (if word.is_empty() { 0 } else { 30646 }, (*word).to_owned()))
        .collect();
    assert_eq!(wrong(&answer), expected);
    assert_eq!(sends(&world, ANN, ("From", OURS)).await, (400, 21610));
    assert_eq!(sends(&world, "+14155550101", ("From", OURS)).await, (201, 0));

    // An old list does not undo what was said later.
    let mut old = item(1, OURS, "opt-in");
    old["date_of_consent"] = json!("2020-01-01T00:00:00Z");
    let answer = brings(&world, &[old]).await;
    assert_eq!(wrong(&answer)[0].0, 30646);
    assert_eq!(sends(&world, ANN, ("From", OURS)).await, (400, 21610));
}

#[tokio::test]
async fn a_request_that_brings_no_consents_is_refused() {
    let world = world().await;
    let many: Vec<String> =
        (0..26).map(|number| item(number, OURS, "opt-in").to_string()).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|text| ("Items", text.as_str())).collect();
    for form in
        [&[][..], &[("Items", "[]")], &[("Items", "{")], &[("Items", "{}"), ("Other", "1")], &many]
    {
        assert_eq!(world.post(BULK, form).await.refusal(), (400, 20001), "{form:?}");
    }
}

#[tokio::test]
async fn a_pool_has_keywords_of_its_own_until_they_are_removed() {
    let world = world().await;
    let path = format!("{SERVICES}/{}/OptOut", world.create_service().await);
    let first = world.get(&path).await.expect(200);
    assert_eq!((&first["confirmations"], &first["languages"]), (&json!("auto"), &json!({})));
    let languages = r#"{"es":{"stop":["ALTO","BAJA"],"stop_text":"Adiós."}}"#;
    let form = [("Confirmations", "Always"), ("Languages", languages)];
    let changed = world.post(&path, &form).await.expect(200);
    assert_eq!(changed["confirmations"], "always");
    assert_eq!(changed["languages"]["es"]["stop"], json!(["ALTO", "BAJA"]));
    assert_eq!(world.get(&path).await.expect(200), changed);
    let kept = world.post(&path, &[("Confirmations", "never")]).await.expect(200);
    assert_eq!(kept["languages"], changed["languages"], "what is not given stays");
    let emptied = world.post(&path, &[("Languages", "")]).await.expect(200);
    assert_eq!(emptied["languages"], json!({}));
    assert_eq!(world.delete(&path).await.status, 204);
    assert_eq!(world.delete(&path).await.status, 204, "it is as everybody has it");
    assert_eq!(world.get(&path).await.expect(200)["confirmations"], "auto");
}

#[tokio::test]
async fn keywords_that_a_pool_cannot_have_are_refused() {
    let world = world().await;
    let path = format!("{SERVICES}/{}/OptOut", world.create_service().await);
    let long = format!(r#"{{"es":{{"help_text":"{}"}}}}"#, "a".repeat(70_000));
    for (name, value) in [
        ("Confirmations", "sometimes"),
        ("Languages", "[]"),
        ("Languages", "{"),
        ("Languages", r#"{"es":{"words":["ALTO"]}}"#),
        ("Languages", r#"{"es":{"stop":["DOS PALABRAS"]}}"#),
        ("Languages", r#"{"es":{"start":["STOP"]}}"#),
        ("Languages", r#"{"es":[["ALTO"]]}"#),
        ("Languages", r#"{"es":{"stop_text":""}}"#),
        ("Languages", long.as_str()),
        ("Keywords", "ALTO"),
    ] {
        let refused = world.post(&path, &[(name, value)]).await;
        assert_eq!(refused.refusal(), (400, 20001), "{name}={:.40}", value);
    }
    let nowhere = format!("{SERVICES}/MG00000000000000000000000000000000/OptOut");
    assert_eq!(world.get(&nowhere).await.refusal(), (404, 20404));
    let form = [("Confirmations", "never")];
    assert_eq!(world.post(&nowhere, &form).await.refusal(), (404, 20404));
    assert_eq!(world.delete(&nowhere).await.refusal(), (404, 20404));
}
