//! Messaging services and their pools.

use serde_json::json;
use switchboard_tests::{ACCOUNT, Schema};

use super::{account, world};
use crate::world::HOST;

const SERVICES: &str = "/messaging/v1/Services";

#[tokio::test]
async fn a_service_is_created_changed_listed_and_removed() {
    let world = world().await;
    let form = [
        ("FriendlyName", "Support"),
        ("InboundRequestUrl", "https://hooks.example/in"),
        ("StickySender", "false"),
        ("Usecase", "Marketing"),
        ("ValidityPeriod", "600"),
    ];
    let created = world.post(SERVICES, &form).await.expect(201);
    assert_eq!(created["sticky_sender"], false);
    assert_eq!(created["usecase"], "marketing");
    assert_eq!(created["validity_period"], 600);
    assert_eq!(created["account_sid"], ACCOUNT);
    let url = created["url"].as_str().unwrap().to_owned();
    assert!(url.starts_with(HOST));
    assert_eq!(world.get(&url).await.expect(200), created);
    let changed = world.post(&url, &[("InboundRequestUrl", ""), ("FriendlyName", "Help")]).await;
    let changed = changed.expect(200);
    assert_eq!(changed["inbound_request_url"], json!(null));
    assert_eq!(changed["friendly_name"], "Help");
    assert_eq!(changed["usecase"], "marketing");
    assert_ne!(changed["date_updated"], changed["date_created"]);
    assert_eq!(world.post(&url, &[]).await.expect(200), changed);
    let listed = world.get(SERVICES).await.expect(200);
    assert_eq!(listed["services"], json!([changed]));
    if let Some(reference) = Schema::open("twilio_messaging_v1.json") {
        reference.check("post", "/v1/Services", 201, &created);
        reference.check("get", "/v1/Services", 200, &listed);
        reference.check("post", "/v1/Services/{Sid}", 200, &changed);
    }
    assert_eq!(world.delete(&url).await.status, 204);
    assert_eq!(world.delete(&url).await.refusal(), (404, 20404));
    assert_eq!(world.get(&url).await.refusal(), (404, 20404));
}

#[tokio::test]
async fn wrong_settings_of_a_service_are_refused() {
    let world = world().await;
    for (name, value, code) in [
        ("Usecase", "fun", 21713),
        ("ValidityPeriod", "36001", 21624),
        ("FallbackUrl", "nonsense", 20001),
        ("InboundMethod", "PUT", 20001),
    ] {
        let answer = world.post(SERVICES, &[("FriendlyName", "a"), (name, value)]).await;
        assert_eq!(answer.refusal(), (400, code), "{name}");
    }
    assert_eq!(world.post(SERVICES, &[]).await.refusal(), (400, 20001));
    let long = "a".repeat(65);
    assert_eq!(world.post(SERVICES, &[("FriendlyName", &long)]).await.refusal(), (400, 20001));
}

#[tokio::test]
async fn a_number_is_in_one_pool_at_most_and_both_sides_tell_of_it() {
    let world = world().await;
    let (one, other) = (world.create_service().await, world.create_service().await);
    let number = world.enter_number("+14155550100").await;
    let pool = format!("{SERVICES}/{one}/PhoneNumbers");
    let added = world.post(&pool, &[("PhoneNumberSid", &number)]).await.expect(201);
    assert_eq!(added["phone_number"], "+14155550100");
    assert_eq!(added["country_code"], "US");
    assert_eq!(added["service_sid"], one.as_str());
    let again = world.post(&pool, &[("PhoneNumberSid", &number)]).await;
    assert_eq!(again.refusal(), (409, 21710));
    let elsewhere = format!("{SERVICES}/{other}/PhoneNumbers");
    let taken = world.post(&elsewhere, &[("PhoneNumberSid", &number)]).await;
    assert_eq!(taken.refusal(), (409, 21712));
    let listed = world.get(&pool).await.expect(200);
    assert_eq!(listed["phone_numbers"], json!([added]));
    if let Some(reference) = Schema::open("twilio_messaging_v1.json") {
        let path = "/v1/Services/{ServiceSid}/PhoneNumbers";
        reference.check("post", path, 201, &added);
        reference.check("get", path, 200, &listed);
    }
    let place = added["url"].as_str().unwrap();
    assert_eq!(world.get(place).await.expect(200), added);
    assert_eq!(world.delete(place).await.status, 204);
    assert_eq!(world.delete(place).await.refusal(), (404, 20404));
    world.post(&elsewhere, &[("PhoneNumberSid", &number)]).await.expect(201);
}

#[tokio::test]
async fn removing_a_service_frees_its_numbers_and_removing_a_number_leaves_the_pool() {
    let world = world().await;
    let (one, other) = (world.create_service().await, world.create_service().await);
    let numbers =
        [world.enter_number("+14155550100").await, world.enter_number("+14155550101").await];
    for number in &numbers {
        let pool = format!("{SERVICES}/{one}/PhoneNumbers");
        world.post(&pool, &[("PhoneNumberSid", number)]).await.expect(201);
    }
    assert_eq!(world.delete(&format!("{SERVICES}/{one}")).await.status, 204);
    let pool = format!("{SERVICES}/{other}/PhoneNumbers");
    for number in &numbers {
        world.post(&pool, &[("PhoneNumberSid", number)]).await.expect(201);
    }
    let gone = account(&format!("/IncomingPhoneNumbers/{}.json", numbers[0]));
    assert_eq!(world.delete(&gone).await.status, 204);
    let left = world.get(&pool).await.expect(200);
    assert_eq!(left["phone_numbers"].as_array().unwrap().len(), 1);
    assert_eq!(left["phone_numbers"][0]["sid"], numbers[1].as_str());
}

#[tokio::test]
async fn a_pool_takes_only_numbers_that_exist() {
    let world = world().await;
    let pool = format!("{SERVICES}/{}/PhoneNumbers", world.create_service().await);
    let unknown = "PN0123456789abcdef0123456789abcdef";
    assert_eq!(world.post(&pool, &[("PhoneNumberSid", unknown)]).await.refusal(), (404, 20404));
    assert_eq!(world.post(&pool, &[("PhoneNumberSid", "PN1")]).await.refusal(), (400, 20001));
    assert_eq!(world.post(&pool, &[]).await.refusal(), (400, 20001));
    let nowhere = format!("{SERVICES}/MG0123456789abcdef0123456789abcdef/PhoneNumbers");
    assert_eq!(world.get(&nowhere).await.refusal(), (404, 20404));
}

#[tokio::test]
async fn a_full_pool_takes_no_more_and_can_still_be_removed() {
    let world = world().await;
    let service = format!("{SERVICES}/{}", world.create_service().await);
    for place in 0..100 {
        let number = world.enter_number(&format!("+1415555{place:04}")).await;
        let answer =
            world.post(&format!("{service}/PhoneNumbers"), &[("PhoneNumberSid", &number)]).await;
        match place {
            99 => assert_eq!(answer.refusal(), (400, 21714)),
            _ => assert_eq!(answer.status, 201),
        }
    }
    let page = world.get(&format!("{service}/PhoneNumbers?PageSize=60")).await.expect(200);
    let next = page["meta"]["next_page_url"].as_str().unwrap();
    let rest = world.get(next).await.expect(200);
    assert_eq!(rest["phone_numbers"].as_array().unwrap().len(), 39);
    assert_eq!(rest["meta"]["next_page_url"], json!(null));
    assert_eq!(world.delete(&service).await.status, 204);
}

#[tokio::test]
async fn alphanumeric_senders_are_added_once_and_removed() {
    let world = world().await;
    let pool = format!("{SERVICES}/{}/AlphaSenders", world.create_service().await);
    let added = world.post(&pool, &[("AlphaSender", "ACME")]).await.expect(201);
    let listed = world.get(&pool).await.expect(200);
    assert_eq!(listed["alpha_senders"], json!([added]));
    if let Some(reference) = Schema::open("twilio_messaging_v1.json") {
        let path = "/v1/Services/{ServiceSid}/AlphaSenders";
        reference.check("post", path, 201, &added);
        reference.check("get", path, 200, &listed);
    }
    for (form, refusal) in [
        (&[][..], (400, 21708)),
        (&[("AlphaSender", "much too long")][..], (400, 21709)),
        (&[("AlphaSender", "12345")][..], (400, 21709)),
        (&[("AlphaSender", "ACME")][..], (409, 21710)),
    ] {
        assert_eq!(world.post(&pool, form).await.refusal(), refusal, "{form:?}");
    }
    let place = added["url"].as_str().unwrap();
    assert_eq!(world.get(place).await.expect(200), added);
    assert_eq!(world.delete(place).await.status, 204);
    assert_eq!(world.get(place).await.refusal(), (404, 20404));
}

#[tokio::test]
async fn replies_wait_for_each_other_where_a_service_asks_for_it() {
    let world = world().await;
    let service = world.create_service().await;
    let path = format!("{SERVICES}/{service}/Merging");
    let before = world.get(&path).await.expect(200);
    assert_eq!((&before["seconds"], &before["service_sid"]), (&json!(0), &json!(service)));
    let set = world.post(&path, &[("Seconds", "2")]).await.expect(200);
    assert_eq!(set["seconds"], 2);
    assert_eq!(world.post(&path, &[("Seconds", "2")]).await.expect(200), set);
    assert_eq!(world.get(&path).await.expect(200), set);
    let published = world.get(&format!("{SERVICES}/{service}")).await.expect(200);
    assert!(!published.to_string().contains("merg"), "no key in a published resource");
    for (form, code) in [
        (vec![("Seconds", "6")], 20001),
        (vec![("Seconds", "-1")], 20001),
        (vec![("Seconds", "soon")], 20001),
        (vec![], 20001),
        (vec![("Seconds", "1"), ("Minutes", "1")], 20001),
    ] {
        assert_eq!(world.post(&path, &form).await.refusal(), (400, code), "{form:?}");
    }
    assert_eq!(world.post(&path, &[("Seconds", "0")]).await.expect(200)["seconds"], 0);
    world.post(&path, &[("Seconds", "5")]).await.expect(200);
    assert_eq!(world.delete(&path).await.status, 204);
    assert_eq!(world.get(&path).await.expect(200)["seconds"], 0);
    let nowhere = format!("{SERVICES}/MG00000000000000000000000000000000/Merging");
    assert_eq!(world.get(&nowhere).await.refusal(), (404, 20404));
    assert_eq!(world.post(&nowhere, &[("Seconds", "1")]).await.refusal(), (404, 20404));
}
