//! Roles, users, and the conversations of a user; with a service in the path and without.

use serde_json::{Value, json};

use super::{ALICE, World, a_conversation, events, joins, listens, sids, world};

/// The paths below which everything exists: of the default service, and of another one.
async fn scopes(world: &World) -> [String; 2] {
    let service = world.post("/v1/Services", &[("FriendlyName", "Other")]).await.text("sid");
    ["/v1".to_owned(), format!("/v1/Services/{service}")]
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// The role of a service with that name.
async fn role(world: &World, base: &str, name: &str) -> String {
    let all = world.get(&format!("{base}/Roles")).await.expect(200);
    let mut all = all["roles"].as_array().unwrap().iter();
    let found = all.find(|role| role["friendly_name"] == name);
    text(&found.unwrap_or_else(|| panic!("no {name}"))["sid"]).to_owned()
}

async fn talks(world: &World, base: &str, identity: &str) -> String {
    let sid = world.post(&format!("{base}/Conversations"), &[]).await.text("sid");
    let conversation = format!("{base}/Conversations/{sid}");
    let participants = format!("{conversation}/Participants");
    world.post(&participants, &[("Identity", identity)]).await.expect(201);
    sid
}

#[tokio::test]
async fn every_service_has_its_roles_and_takes_others() {
    let world = world().await;
    for base in scopes(&world).await {
        let roles = format!("{base}/Roles");
        let all = world.get(&roles).await.expect(200);
        let names: Vec<&Value> =
            all["roles"].as_array().unwrap().iter().map(|role| &role["friendly_name"]).collect();
        let standard = ["service admin", "service user", "channel admin", "channel user", "agent"];
        assert_eq!(names, standard);
        assert_eq!(world.get(&roles).await.expect(200), all, "their identifiers stay");
        let agent = format!("{roles}/{}", role(&world, &base, "agent").await);
        let before = world.get(&agent).await.expect(200);
        assert_eq!(before["type"], "conversation");
        let permissions = before["permissions"].as_array().unwrap();
        assert!(permissions.contains(&json!("sendMediaMessage")), "{permissions:?}");

        let form = [("Permission", "sendMessage"), ("Permission", "LEAVEconversation")];
        let changed = world.post(&agent, &form).await.expect(200);
        assert_eq!(changed["permissions"], json!(["leaveConversation", "sendMessage"]));
        assert_eq!(changed["sid"], before["sid"]);
        assert_eq!(world.get(&agent).await.expect(200), changed);
        assert_eq!(sids(&world.get(&roles).await.expect(200)), sids(&all));
        world.delete(&agent).await.refused(400, 20001);

        let form =
            [("FriendlyName", "guest"), ("Type", "Conversation"), ("Permission", "sendMessage")];
        let made = world.post(&roles, &form).await.expect(201);
        assert_eq!(
            (&made["friendly_name"], &made["type"]),
            (&json!("guest"), &json!("conversation"))
        );
        let one = format!("{roles}/{}", text(&made["sid"]));
        assert_eq!(world.get(&one).await.expect(200), made);
        world.delete(&one).await.expect(204);
        world.delete(&one).await.refused(404, 20404);
        world.post(&one, &[("Permission", "sendMessage")]).await.refused(404, 20404);
        let next = world.post(&roles, &form).await.expect(201);
        assert_ne!(next["sid"], made["sid"], "an identifier means one role for ever");
    }
}

#[tokio::test]
async fn roles_that_make_no_sense_are_refused_with_their_codes() {
    let world = world().await;
    let right = [("FriendlyName", "r"), ("Type", "service"), ("Permission", "joinConversation")];
    let long = "x".repeat(65);
    for (name, value, code) in [
        ("FriendlyName", "", 20001),
        ("FriendlyName", long.as_str(), 50003),
        ("Type", "", 20001),
        ("Type", "deployment", 50105),
        ("Permission", "", 20001),
        ("Permission", "fly", 50104),
        ("Permission", "sendMessage", 50104),
    ] {
        let form =
            right.map(|(known, given)| if known == name { (name, value) } else { (known, given) });
        world.post("/v1/Roles", &form).await.refused(400, code);
    }
    let admin = role(&world, "/v1", "service admin").await;
    let path = format!("/v1/Roles/{admin}");
    world.post(&path, &[]).await.refused(400, 20001);
    world.post(&path, &[("Permission", "leaveConversation")]).await.refused(400, 50104);
    world
        .post(&path, &[("FriendlyName", "a"), ("Permission", "joinConversation")])
        .await
        .refused(400, 20001);
    world.get("/v1/Roles/RL00000000000000000000000000000009").await.refused(404, 20404);
    let other = scopes(&world).await[1].clone();
    world.get(&format!("{other}/Roles/{admin}")).await.refused(404, 20404);
}

#[tokio::test]
async fn a_service_says_which_roles_newcomers_get() {
    let world = world().await;
    let [_, base] = scopes(&world).await;
    let settings = format!("{base}/Configuration");
    let before = world.get(&settings).await.expect(200);
    for (member, name) in [
        ("default_conversation_creator_role_sid", "channel admin"),
        ("default_conversation_role_sid", "channel user"),
        ("default_chat_service_role_sid", "service user"),
    ] {
        assert_eq!(before[member], role(&world, &base, name).await);
    }
    assert_eq!(before["reachability_enabled"], false);
    let form = [("FriendlyName", "guest"), ("Type", "conversation"), ("Permission", "sendMessage")];
    let guest = world.post(&format!("{base}/Roles"), &form).await.text("sid");
    let admin = role(&world, &base, "service admin").await;
    let form = [
        ("DefaultConversationRoleSid", guest.as_str()),
        ("DefaultConversationCreatorRoleSid", &guest),
        ("DefaultChatServiceRoleSid", &admin),
    ];
    let after = world.post(&settings, &form).await.expect(200);
    assert_eq!(after["default_conversation_role_sid"], guest);
    assert_eq!(world.get(&settings).await.expect(200), after);
    world.delete(&format!("{base}/Roles/{guest}")).await.refused(400, 20001);

    let sid = talks(&world, &base, "ann").await;
    let ann = world.get(&format!("{base}/Conversations/{sid}/Participants/ann")).await.expect(200);
    assert_eq!(ann["role_sid"], guest);
    let ann = world.get(&format!("{base}/Users/ann")).await.expect(200);
    assert_eq!((&ann["role_sid"], &ann["is_online"]), (&json!(admin), &json!(null)));
    let shown = world.post(&settings, &[("ReachabilityEnabled", "true")]).await.expect(200);
    assert_eq!(shown["reachability_enabled"], true);
    let ann = world.get(&format!("{base}/Users/ann")).await.expect(200);
    assert_eq!((&ann["is_online"], &ann["is_notifiable"]), (&json!(false), &json!(false)));
    let listed = world.get(&format!("{base}/Users")).await.expect(200);
    assert_eq!(listed["users"][0]["is_online"], json!(null));

    let unknown = "RL00000000000000000000000000000009";
    for (name, value, code) in [
        ("DefaultConversationRoleSid", unknown, 50109),
        ("DefaultConversationRoleSid", admin.as_str(), 50109),
        ("DefaultConversationCreatorRoleSid", unknown, 50106),
        ("DefaultConversationCreatorRoleSid", "x", 50106),
        ("DefaultChatServiceRoleSid", guest.as_str(), 50100),
        ("DefaultChatServiceRoleSid", "", 50103),
    ] {
        world.post(&settings, &[(name, value)]).await.refused(400, code);
    }
    let here = role(&world, "/v1", "channel user").await;
    world.post(&settings, &[("DefaultConversationRoleSid", &here)]).await.refused(400, 50109);
}

#[tokio::test]
async fn a_participant_has_a_role_of_their_own_service() {
    let world = world().await;
    let conversation = a_conversation(&world).await;
    let participants = format!("{conversation}/Participants");
    let channel_user = role(&world, "/v1", "channel user").await;
    let agent = role(&world, "/v1", "agent").await;
    let ann = world.post(&participants, &[("Identity", "ann")]).await.expect(201);
    assert_eq!(ann["role_sid"], channel_user);
    let form = [("Identity", "bob"), ("RoleSid", agent.as_str())];
    let bob = world.post(&participants, &form).await.expect(201);
    assert_eq!(bob["role_sid"], agent);
    let customer = joins(&world, &conversation, ALICE).await;
    let customer = world.get(&format!("{participants}/{customer}")).await.expect(200);
    assert_eq!(customer["role_sid"], json!(null));
    let admin = role(&world, "/v1", "service admin").await;
    let base = scopes(&world).await[1].clone();
    let foreign = role(&world, &base, "agent").await;
    for wrong in ["RL1", "RL00000000000000000000000000000009", &admin, &foreign] {
        let form = [("Identity", "carol"), ("RoleSid", wrong)];
        world.post(&participants, &form).await.refused(400, 50109);
        let bob = format!("{participants}/bob");
        world.post(&bob, &[("RoleSid", wrong)]).await.refused(400, 50109);
    }
    let participant = json!({ "identity": "x", "role_sid": admin }).to_string();
    let form = [("Participant", participant.as_str())];
    world.post("/v1/ConversationWithParticipants", &form).await.refused(400, 50109);
}

#[tokio::test]
async fn a_user_is_one_identity_of_a_service() {
    let world = world().await;
    let scopes = scopes(&world).await;
    let mut made = Vec::new();
    for base in &scopes {
        let users = format!("{base}/Users");
        let attributes = r#"{ "duty": "tech" }"#;
        let form =
            [("Identity", "ann@example.com"), ("FriendlyName", "Ann"), ("Attributes", attributes)];
        let user = world.post(&users, &form).await.expect(201);
        assert_eq!(user["attributes"], attributes);
        assert_eq!(user["role_sid"], role(&world, base, "service user").await);
        world.post(&users, &form[..1]).await.refused(409, 50201);
        for name in [text(&user["sid"]), "ann@example.com", "ann%40example.com"] {
            assert_eq!(world.get(&format!("{users}/{name}")).await.expect(200), user);
        }
        let one = format!("{users}/{}", text(&user["sid"]));
        let admin = role(&world, base, "service admin").await;
        let form = [("FriendlyName", ""), ("RoleSid", admin.as_str())];
        let changed = world.post(&one, &form).await.expect(200);
        assert_eq!(
            (&changed["friendly_name"], &changed["role_sid"]),
            (&json!(null), &json!(admin))
        );
        assert_eq!(changed["attributes"], attributes);
        assert_eq!(world.post(&one, &[]).await.expect(200), changed);
        assert_eq!(sids(&world.get(&users).await.expect(200)), [text(&user["sid"])]);
        made.push(user);
    }
    assert_ne!(made[0]["sid"], made[1]["sid"]);
    let foreign = format!("{}/Users/{}", scopes[1], text(&made[0]["sid"]));
    world.get(&foreign).await.refused(404, 20404);
    world.get("/v1/Users/nobody").await.refused(404, 20404);
    world.get(&format!("/v1/Users/{}", "x".repeat(300))).await.refused(404, 20404);
    world.delete("/v1/Users/ann@example.com").await.expect(204);
    world.delete("/v1/Users/ann@example.com").await.refused(404, 20404);
    world.post("/v1/Users", &[("Identity", "ann@example.com")]).await.expect(201);
}

#[tokio::test]
async fn users_that_make_no_sense_are_refused_with_their_codes() {
    let world = world().await;
    let (long, like_a_sid) = ("x".repeat(257), format!("US{:032}", 1));
    for (identity, code) in
        [("", 50204), ("System", 50203), (long.as_str(), 50207), (like_a_sid.as_str(), 50206)]
    {
        world.post("/v1/Users", &[("Identity", identity)]).await.refused(400, code);
    }
    world.post("/v1/Users", &[]).await.refused(400, 50204);
    let (agent, large) = (role(&world, "/v1", "agent").await, format!("\"{}\"", "x".repeat(4096)));
    world.post("/v1/Users", &[("Identity", "ann")]).await.expect(201);
    for (name, value, code) in [
        ("FriendlyName", long.as_str(), 50003),
        ("Attributes", "{", 50304),
        ("Attributes", large.as_str(), 50303),
        ("RoleSid", "", 50103),
        ("RoleSid", "RL1", 50100),
        ("RoleSid", "RL00000000000000000000000000000009", 50100),
        ("RoleSid", agent.as_str(), 50100),
    ] {
        world.post("/v1/Users", &[("Identity", "bob"), (name, value)]).await.refused(400, code);
        world.post("/v1/Users/ann", &[(name, value)]).await.refused(400, code);
    }
    world.get("/v1/Users/bob").await.refused(404, 20404);
}

#[tokio::test]
async fn who_joins_for_the_first_time_is_a_user_and_nobody_is_twice() {
    let world = world().await;
    for base in scopes(&world).await {
        let first = talks(&world, &base, "ann").await;
        let user = world.get(&format!("{base}/Users/ann")).await.expect(200);
        assert_eq!(user["friendly_name"], json!(null));
        talks(&world, &base, "ann").await;
        assert_eq!(
            sids(&world.get(&format!("{base}/Users")).await.expect(200)),
            [text(&user["sid"])]
        );
        let lookup = format!("{base}/ParticipantConversations?Identity=ann");
        let found = world.get(&lookup).await.expect(200);
        assert_eq!(found["conversations"].as_array().unwrap().len(), 2);
        assert_eq!(found["conversations"][0]["participant_user_sid"], user["sid"]);

        // They leave what is open; what is closed remembers them.
        let closed = format!("{base}/Conversations/{first}");
        world.post(&closed, &[("State", "closed")]).await.expect(200);
        world.delete(&format!("{base}/Users/ann")).await.expect(204);
        world.get(&format!("{base}/Users/ann")).await.refused(404, 20404);
        let found = world.get(&lookup).await.expect(200);
        let left = found["conversations"].as_array().unwrap();
        assert_eq!(left.len(), 1);
        assert_eq!(
            (&left[0]["conversation_sid"], &left[0]["participant_user_sid"]),
            (&json!(first), &json!(null))
        );
        world.get(&format!("{closed}/Participants/ann")).await.expect(200);
    }
}

#[tokio::test]
async fn two_who_join_at_once_are_one_user() {
    // Where each commit has an identifier of its own.
    let world = World::ticking("conversations-api", "/conversations").await;
    let (one, other) = (a_conversation(&world).await, a_conversation(&world).await);
    let path = format!("{other}/Participants");
    let between = async { drop(world.post(&path, &[("Identity", "ann")]).await.expect(201)) };
    let path = format!("{one}/Participants");
    let form = [("Identity", "ann")];
    let joins = world.post(&path, &form);
    world.crossed("conversations-api", joins, between).await.expect(201);
    assert_eq!(sids(&world.get("/v1/Users").await.expect(200)).len(), 1);
    let between = async { drop(world.post("/v1/Users", &[("Identity", "bob")]).await.expect(201)) };
    let form = [("Identity", "bob")];
    let made = world.post("/v1/Users", &form);
    world.crossed("conversations-api", made, between).await.refused(409, 50201);
}

#[tokio::test]
async fn a_user_has_conversations_with_how_far_they_have_read() {
    let world = world().await;
    for base in scopes(&world).await {
        let sid = talks(&world, &base, "ann").await;
        let conversation = format!("{base}/Conversations/{sid}");
        world
            .post(&conversation, &[("UniqueName", "first"), ("FriendlyName", "F")])
            .await
            .expect(200);
        for body in ["one", "two", "three"] {
            world.post(&format!("{conversation}/Messages"), &[("Body", body)]).await.expect(201);
        }
        let user = world.get(&format!("{base}/Users/ann")).await.text("sid");
        let path = format!("{base}/Users/{user}/Conversations/{sid}");
        let seen = world.get(&path).await.expect(200);
        assert_eq!(seen["unread_messages_count"], json!(null));
        assert_eq!(seen["notification_level"], "default");
        assert_eq!((&seen["unique_name"], &seen["friendly_name"]), (&json!("first"), &json!("F")));
        assert_eq!(
            (&seen["user_sid"], &seen["conversation_state"]),
            (&json!(user), &json!("active"))
        );
        for same in [
            format!("{base}/Users/ann/Conversations/{sid}"),
            format!("{base}/Users/ann/Conversations/first"),
        ] {
            assert_eq!(world.get(&same).await.expect(200), seen);
        }
        let form = [("LastReadMessageIndex", "0"), ("NotificationLevel", "Muted")];
        let read = world.post(&path, &form).await.expect(200);
        assert_eq!(
            (&read["unread_messages_count"], &read["last_read_message_index"]),
            (&json!(2), &json!(0))
        );
        assert_eq!(read["notification_level"], "muted");
        let participant = world.get(&format!("{conversation}/Participants/ann")).await.expect(200);
        assert_eq!(participant["sid"], read["participant_sid"]);
        assert_eq!(participant["last_read_message_index"], 0);
        let at = [("LastReadTimestamp", "2026-11-22T09:00:00Z"), ("LastReadMessageIndex", "2")];
        let read = world.post(&path, &at).await.expect(200);
        assert_eq!(
            (&read["unread_messages_count"], &read["notification_level"]),
            (&json!(0), &json!("muted"))
        );
        let participant = world.get(&format!("{conversation}/Participants/ann")).await.expect(200);
        assert_eq!(participant["last_read_timestamp"], "2026-11-22T09:00:00Z");
        let cleared = world.post(&path, &[("LastReadMessageIndex", "")]).await.expect(200);
        assert_eq!(cleared["unread_messages_count"], json!(null));

        let second = talks(&world, &base, "ann").await;
        let listed = world.get(&format!("{base}/Users/ann/Conversations")).await.expect(200);
        let listed = listed["conversations"].as_array().unwrap();
        let mut found: Vec<&str> =
            listed.iter().map(|one| text(&one["conversation_sid"])).collect();
        found.sort_unstable();
        let mut expected = [sid.as_str(), second.as_str()];
        expected.sort_unstable();
        assert_eq!(found, expected);
        world.delete(&path).await.expect(204);
        world.get(&path).await.refused(404, 20404);
        world.get(&format!("{conversation}/Participants/ann")).await.refused(404, 20404);
        world.get(&format!("{base}/Users/ann")).await.expect(200);
    }
}

#[tokio::test]
async fn horizons_that_make_no_sense_are_refused_with_their_codes() {
    let world = world().await;
    let sid = talks(&world, "/v1", "ann").await;
    talks(&world, "/v1", "bob").await;
    let path = format!("/v1/Users/ann/Conversations/{sid}");
    for (name, value, code) in [
        ("NotificationLevel", "loud", 50210),
        ("NotificationLevel", "", 50210),
        ("LastReadMessageIndex", "-1", 50421),
        ("LastReadMessageIndex", "last", 50421),
        ("LastReadTimestamp", "yesterday", 20001),
    ] {
        world.post(&path, &[(name, value)]).await.refused(400, code);
    }
    for nowhere in [
        format!("/v1/Users/bob/Conversations/{sid}"),
        format!("/v1/Users/nobody/Conversations/{sid}"),
        "/v1/Users/ann/Conversations/CH00000000000000000000000000000009".to_owned(),
    ] {
        world.get(&nowhere).await.refused(404, 20404);
        world.post(&nowhere, &[("NotificationLevel", "muted")]).await.refused(404, 20404);
        world.delete(&nowhere).await.refused(404, 20404);
    }
    world.get("/v1/Users/nobody/Conversations").await.refused(404, 20404);
    let conversation = format!("/v1/Conversations/{sid}");
    listens(&world, &conversation, &["onParticipantUpdated"]).await;
    let read = [("LastReadMessageIndex", "0")];
    world.post(&path, &read).await.expect(200);
    assert!(world.asked().is_empty(), "requests call no webhooks unless they say so");
    world.post_with_webhooks(&path, &[("LastReadMessageIndex", "1")]).await.expect(200);
    assert_eq!(events(&world.asked()), ["onParticipantUpdated"]);
    world.post(&conversation, &[("State", "closed")]).await.expect(200);
    world.post(&path, &[("NotificationLevel", "muted")]).await.refused(400, 50377);
}

#[tokio::test]
async fn a_service_goes_with_its_users() {
    let world = world().await;
    let [_, base] = scopes(&world).await;
    for number in 0..60 {
        let identity = format!("user{number}");
        world.post(&format!("{base}/Users"), &[("Identity", &identity)]).await.expect(201);
    }
    world.delete(&base).await.expect(204);
    world.get(&format!("{base}/Users/user59")).await.refused(404, 20404);
    world.get(&format!("{base}/Users")).await.refused(404, 20404);
}
