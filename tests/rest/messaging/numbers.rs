//! The account's phone numbers.

use serde_json::json;
use switchboard_domain::carriage::CarrierName;
use switchboard_tests::{ACCOUNT, Schema};

use super::{account, world};

const FILE: &str = "twilio_api_v2010_extras.json";

#[tokio::test]
async fn a_number_is_entered_changed_found_and_removed() {
    let world = world().await;
    let all = account("/IncomingPhoneNumbers.json");
    let form = [("PhoneNumber", "+1 415 555 0100"), ("SmsUrl", "https://hooks.example/in")];
    let entered = world.post(&all, &form).await.expect(201);
    assert_eq!(entered["phone_number"], "+14155550100");
    assert_eq!(entered["friendly_name"], "+14155550100");
    assert_eq!(
        entered["capabilities"],
        json!({"sms": true, "mms": true, "voice": false, "fax": false})
    );
    let uri = entered["uri"].as_str().unwrap();
    assert!(uri.starts_with("/2010-04-01/Accounts/AC") && uri.ends_with(".json"));
    let path = format!("/api{uri}");
    let changed = world.post(&path, &[("SmsMethod", "get"), ("FriendlyName", "Front desk")]).await;
    let changed = changed.expect(200);
    assert_eq!(changed["sms_method"], "GET");
    assert_eq!(changed["sms_url"], "https://hooks.example/in");
    assert_eq!(world.get(&path).await.expect(200), changed);
    world.enter_number("+442071838750").await;
    for (query, count) in [
        ("", 2),
        ("?PhoneNumber=%2B14155550100", 1),
        ("?PhoneNumber=%2B44*", 1),
        ("?PhoneNumber=999", 0),
        ("?FriendlyName=Front%20desk", 1),
        ("?FriendlyName=Front", 0),
    ] {
        let listed = world.get(&format!("{all}{query}")).await.expect(200);
        assert_eq!(listed["incoming_phone_numbers"].as_array().unwrap().len(), count, "{query}");
        if let Some(reference) = Schema::open(FILE) {
            let path = "/2010-04-01/Accounts/{AccountSid}/IncomingPhoneNumbers.json";
            reference.check("get", path, 200, &listed);
        }
    }
    if let Some(reference) = Schema::open(FILE) {
        let path = "/2010-04-01/Accounts/{AccountSid}/IncomingPhoneNumbers";
        reference.check("post", &format!("{path}.json"), 201, &entered);
        reference.check("post", &format!("{path}/{{Sid}}.json"), 200, &changed);
    }
    assert_eq!(world.delete(&path).await.status, 204);
    assert_eq!(world.delete(&path).await.refusal(), (404, 20404));
    world.post(&all, &form).await.expect(201);
}

#[tokio::test]
async fn numbers_that_are_not_ours_are_refused() {
    let world = world().await;
    let all = account("/IncomingPhoneNumbers.json");
    world.enter_number("+14155550100").await;
    for (form, code) in [
        (&[][..], 20001),
        (&[("AreaCode", "415")][..], 21457),
        (&[("PhoneNumber", "+14155550100")][..], 21422),
        (&[("PhoneNumber", "whatsapp:+14155550101")][..], 21421),
        (&[("PhoneNumber", "12345")][..], 21421),
        (&[("PhoneNumber", "+14155550101"), ("SmsUrl", "nonsense")][..], 20001),
        (&[("PhoneNumber", "+14155550101"), ("Carrier", "acme")][..], 20001),
    ] {
        assert_eq!(world.post(&all, form).await.refusal(), (400, code), "{form:?}");
    }
}

#[tokio::test]
async fn a_number_is_with_a_carrier_which_no_answer_shows() {
    let world = world().await;
    let carrier = ("Carrier", CarrierName::default().name());
    let all = account("/IncomingPhoneNumbers.json");
    let number = world.post(&all, &[("PhoneNumber", "+14155550100"), carrier]).await.expect(201);
    assert!(number.get("carrier").is_none(), "{number}");
    let one = account(&format!("/IncomingPhoneNumbers/{}.json", number["sid"].as_str().unwrap()));
    world.post(&one, &[carrier]).await.expect(200);
    assert_eq!(world.post(&one, &[("Carrier", "acme")]).await.refusal(), (400, 20001));
}

#[tokio::test]
async fn another_account_and_a_path_without_its_suffix_are_not_found() {
    let world = world().await;
    let other = "/api/2010-04-01/Accounts/AC00000000000000000000000000000000";
    for path in [
        format!("{other}/IncomingPhoneNumbers.json"),
        format!("{other}.json"),
        account("/IncomingPhoneNumbers"),
        account("/Calls.json"),
        "/api/2010-04-01/Accounts.json".to_owned(),
        "/messaging/v2/Services".to_owned(),
    ] {
        assert_eq!(world.get(&path).await.refusal(), (404, 20404), "{path}");
    }
}

#[tokio::test]
async fn the_account_shows_itself_but_not_its_token() {
    let world = world().await;
    let account = world.get(&account(".json")).await.expect(200);
    assert_eq!(account["auth_token"], json!(null));
    if let Some(reference) = Schema::open(FILE) {
        reference.check("get", "/2010-04-01/Accounts/{Sid}.json", 200, &account);
    }
}

#[tokio::test]
async fn the_account_is_named_and_stays_active() {
    let world = world().await;
    let path = account(".json");
    let before = world.get(&path).await.expect(200);
    assert_eq!((&before["status"], &before["sid"]), (&json!("active"), &json!(ACCOUNT)));
    let named = world.post(&path, &[("FriendlyName", "ACME support")]).await.expect(200);
    assert_eq!(named["friendly_name"], "ACME support");
    assert_eq!(world.get(&path).await.expect(200), named);
    for nothing_new in [&[("FriendlyName", "ACME support")][..], &[], &[("Status", "active")]] {
        assert_eq!(world.post(&path, nothing_new).await.expect(200), named, "{nothing_new:?}");
    }
    if let Some(reference) = Schema::open("twilio_api_v2010_extras.json") {
        reference.check("get", "/2010-04-01/Accounts/{Sid}.json", 200, &named);
        reference.check("post", "/2010-04-01/Accounts/{Sid}.json", 200, &named);
    }
    let long = "n".repeat(65);
    for wrong in
        [("Status", "suspended"), ("Status", "closed"), ("FriendlyName", &long), ("Name", "x")]
    {
        assert_eq!(world.post(&path, &[wrong]).await.refusal(), (400, 20001), "{wrong:?}");
    }
    let other = path.replace("AC", "AC9");
    assert_eq!(world.post(&other, &[]).await.refusal(), (404, 20404));
}
