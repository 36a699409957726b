//! A test send: what the carrier says comes back, whatever it is.

use serde_json::{Value, json};

use super::{FIRST, SECOND, world};

#[tokio::test]
async fn what_the_carrier_says_to_a_wrong_secret_is_told() {
    let world = world().await;
    for (form, number, code) in [
        (&FIRST, vec![("Address", "+18005550100")], 20003),
        (&SECOND, vec![("Address", "whatsapp:+18005550100"), ("CarrierId", "77")], 190),
    ] {
        let path = world.connect(form).await;
        world.post(&format!("{path}/Numbers"), &number).await.expect(201);
        let from = number[0].1;
        let to = from.replace("0100", "0199");
        let said = world.post(&format!("{path}/Test"), &[("To", &to)]).await.expect(200);
        assert_eq!((&said["outcome"], &said["error_code"]), (&json!("rejected"), &json!(code)));
        assert_eq!((&said["from"], &said["to"]), (&json!(from), &json!(to)));
        assert_eq!(said["carrier_message_id"], Value::Null);
        assert!(said["reason"].as_str().unwrap().contains("401"), "{said}");
    }
}

#[tokio::test]
async fn a_test_that_cannot_be_sent_says_why() {
    let world = world().await;
    let path = world.connect(&FIRST).await;
    let test = format!("{path}/Test");
    let refused = world.post(&test, &[("To", "+14155550199")]).await;
    assert_eq!(refused.refusal(), (400, 20001));
    assert!(refused.body["message"].as_str().unwrap().contains("no number"), "{}", refused.body);
    for address in ["+18005550100", "whatsapp:+18005550100"] {
        world.post(&format!("{path}/Numbers"), &[("Address", address)]).await.expect(201);
    }
    for (form, refusal) in [
        (vec![], (400, 20001)),
        (vec![("To", "+14155550199")], (400, 20001)),
        (vec![("To", "nobody"), ("From", "+18005550100")], (400, 21211)),
        (vec![("To", "+14155550199"), ("From", "+18005550101")], (400, 20001)),
        (vec![("To", "whatsapp:+14155550199"), ("From", "+18005550100")], (400, 30016)),
        (vec![("To", "+18005550100"), ("From", "+18005550100")], (400, 63031)),
        (vec![("To", "+14155550199"), ("From", "+18005550100"), ("Media", "x")], (400, 20001)),
    ] {
        assert_eq!(world.post(&test, &form).await.refusal(), refusal, "{form:?}");
    }
    assert_eq!(world.get(&test).await.refusal(), (404, 20404));
}
