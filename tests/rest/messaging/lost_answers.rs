//! A write whose answer gets lost is made again by the client; the caller must not notice.

use super::{account, world};

#[tokio::test]
async fn what_was_created_is_answered_as_created_and_is_there_once() {
    let world = world().await;
    world.lose_the_next_answer();
    let number = world.enter_number("+14155550100").await;
    world.lose_the_next_answer();
    let service = world.create_service().await;
    let pool = format!("/messaging/v1/Services/{service}");
    world.lose_the_next_answer();
    let numbers = format!("{pool}/PhoneNumbers");
    world.post(&numbers, &[("PhoneNumberSid", &number)]).await.expect(201);
    world.lose_the_next_answer();
    let senders = format!("{pool}/AlphaSenders");
    world.post(&senders, &[("AlphaSender", "ACME")]).await.expect(201);
    world.lose_the_next_answer();
    let messages = account("/Messages.json");
    let form = [("To", "+14155550199"), ("MessagingServiceSid", &service), ("Body", "Hi")];
    world.post(&messages, &form).await.expect(201);
    assert!(world.has_lost_it());
    for (path, list) in [
        (account("/IncomingPhoneNumbers.json").as_str(), "incoming_phone_numbers"),
        ("/messaging/v1/Services", "services"),
        (&numbers, "phone_numbers"),
        (&senders, "alpha_senders"),
        (&messages, "messages"),
    ] {
        let page = world.get(path).await.expect(200);
        assert_eq!(page[list].as_array().unwrap().len(), 1, "{list}");
    }
}
