//! The search by identity and by address.

use super::{ALICE, a_conversation, world};

#[tokio::test]
async fn a_participant_is_found_in_open_and_closed_conversations() {
    let world = world().await;
    let mut all = Vec::new();
    for proxy in ["+18005550191", "+18005550192", "+18005550193", "+18005550194"] {
        world.wait(1);
        let conversation = a_conversation(&world).await;
        let form = [("MessagingBinding.Address", ALICE), ("MessagingBinding.ProxyAddress", proxy)];
        world.post(&format!("{conversation}/Participants"), &form).await.expect(201);
        all.push(conversation);
    }
    for closed in &all[..2] {
        world.post(closed, &[("State", "closed")]).await.expect(200);
    }
    let lookup = "/v1/ParticipantConversations";
    let mut url = format!("{lookup}?Address=%2B14155550100&PageSize=1");
    let (mut states, mut back) = (Vec::new(), String::new());
    loop {
        let page = world.get(&url).await.expect(200);
        let records = page["conversations"].as_array().unwrap();
        states.extend(records.iter().map(|one| one["conversation_state"].clone()));
        back = page["meta"]["previous_page_url"].as_str().unwrap_or(&back).to_owned();
        match page["meta"]["next_page_url"].as_str() {
            Some(next) => next.clone_into(&mut url),
            None => break,
        }
    }
    assert_eq!(states, ["active", "active", "closed", "closed"]);
    let mut before = Vec::new();
    loop {
        let page = world.get(&back).await.expect(200);
        let records = page["conversations"].as_array().unwrap();
        before.extend(records.iter().map(|one| one["conversation_state"].clone()));
        match page["meta"]["previous_page_url"].as_str() {
            Some(previous) => previous.clone_into(&mut back),
            None => break,
        }
    }
    assert_eq!(before, ["closed", "active", "active"]);
    let whole = world.get(&format!("{lookup}?Address=%2B14155550100")).await.expect(200);
    assert_eq!(whole["conversations"].as_array().unwrap().len(), 4);
    world.get(lookup).await.refused(400, 20001);
    world.get(&format!("{lookup}?Address=%2B14155550100&Identity=a")).await.refused(400, 50451);
}
