//! The numbers and pages that go by a connection.

use serde_json::{Value, json};

use super::{FIRST, SECOND, world};

const NUMBER: [(&str, &str); 1] = [("Address", "+1 800 555 0100")];

#[tokio::test]
async fn a_number_goes_by_one_connection_at_a_time() {
    let world = world().await;
    let (one, other) = (world.connect(&FIRST).await, world.connect(&FIRST).await);
    let added = world.post(&format!("{one}/Numbers"), &NUMBER).await.expect(201);
    assert_eq!((&added["address"], &added["carrier_id"]), (&json!("+18005550100"), &Value::Null));
    let sid = added["sid"].as_str().unwrap();
    assert_eq!(world.get(&format!("{one}/Numbers/{sid}")).await.expect(200), added);
    assert_eq!(world.get(&one).await.expect(200)["numbers"], 1);
    for path in [&one, &other] {
        let refused = world.post(&format!("{path}/Numbers"), &NUMBER).await;
        assert_eq!(refused.refusal(), (409, 20409));
        let named = one.rsplit('/').next().unwrap();
        assert!(refused.body["message"].as_str().unwrap().contains(named), "{}", refused.body);
    }
    let refused = world.delete(&one).await;
    assert_eq!(refused.refusal(), (400, 20001), "numbers go by it");
    assert_eq!(world.get(&format!("{other}/Numbers/{sid}")).await.refusal(), (404, 20404));
    assert_eq!(world.delete(&format!("{other}/Numbers/{sid}")).await.refusal(), (404, 20404));
    assert_eq!(world.delete(&format!("{one}/Numbers/{sid}")).await.status, 204);
    world.post(&format!("{other}/Numbers"), &NUMBER).await.expect(201);
    assert_eq!(world.delete(&one).await.status, 204);
}

#[tokio::test]
async fn numbers_are_listed_in_the_order_in_which_they_came() {
    let world = world().await;
    let path = format!("{}/Numbers", world.connect(&SECOND).await);
    let mut added = Vec::new();
    for (address, id) in
        [("whatsapp:+18005550100", "77"), ("messenger:12", ""), ("instagram:13", "")]
    {
        let form = [("Address", address), ("CarrierId", id)];
        added.push(world.post(&path, &form).await.expect(201));
    }
    let first = world.get(&format!("{path}?PageSize=2")).await.expect(200);
    assert_eq!(first["numbers"], json!(added[..2]));
    let second = world.get(first["meta"]["next_page_url"].as_str().unwrap()).await.expect(200);
    assert_eq!(second["numbers"], json!(added[2..]));
}

#[tokio::test]
async fn what_the_carrier_could_not_send_from_is_refused() {
    let world = world().await;
    let (first, second) = (world.connect(&FIRST).await, world.connect(&SECOND).await);
    for (path, form, said) in [
        (&first, vec![], "Address"),
        (&first, vec![("Address", "nobody@example.com")], "Address"),
        (&first, vec![("Address", "+18005550100"), ("CarrierId", "77")], "CarrierId"),
        (&second, vec![("Address", "whatsapp:+18005550100")], "CarrierId"),
        (&second, vec![("Address", "whatsapp:+18005550100"), ("CarrierId", "x")], "CarrierId"),
        (&second, vec![("Address", "messenger:12"), ("CarrierId", "77")], "CarrierId"),
        (&second, vec![("Address", "+18005550100"), ("CarrierId", "77")], "Address"),
        (&second, vec![("Address", "messenger:12"), ("Colour", "red")], "Colour"),
    ] {
        let answer = world.post(&format!("{path}/Numbers"), &form).await;
        assert_eq!(answer.refusal(), (400, 20001), "{form:?}");
        assert!(answer.body["message"].as_str().unwrap().contains(said), "{}", answer.body);
    }
    for path in [&first, &second] {
        assert_eq!(world.get(path).await.expect(200)["numbers"], 0);
    }
    let nowhere = "/v1/Connections/CN00000000000000000000000000000000/Numbers";
    assert_eq!(world.get(nowhere).await.refusal(), (404, 20404));
    assert_eq!(world.post(nowhere, &NUMBER).await.refusal(), (404, 20404));
}
