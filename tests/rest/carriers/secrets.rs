//! The secrets of a connection: exchanged, and never shown.

use serde_json::{Value, json};

use super::{FIRST, SECOND, world};

fn names_and_ends(list: &Value) -> Vec<(String, Option<String>)> {
    let all = list["secrets"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    all.map(|one| (text(&one["name"]).unwrap(), text(&one["valid_until"]))).collect()
}

#[tokio::test]
async fn a_secret_is_exchanged_with_two_that_count_and_the_old_one_ends() {
    let world = world().await;
    let path = world.connect(&FIRST).await;
    let secrets = format!("{path}/Secrets");
    let old = world.get(&secrets).await.expect(200)["secrets"][0].clone();
    let form = [
        ("Name", "AuthToken"),
        ("Value", "0123456789-second-token"),
        ("PreviousValidUntil", "2026-11-22T11:00:00Z"),
    ];
    let new = world.post(&secrets, &form).await.expect(201);
    assert_eq!((&new["name"], &new["valid_until"]), (&json!("AuthToken"), &Value::Null));
    let end = Some("2026-11-22T11:00:00Z".to_owned());
    let listed = world.get(&secrets).await.expect(200);
    let token = || "AuthToken".to_owned();
    assert_eq!(names_and_ends(&listed), [(token(), end), (token(), None)]);
    let third = [("Name", "AuthToken"), ("Value", "0123456789-third-token")];
    assert_eq!(world.post(&secrets, &third).await.refusal(), (409, 20409));
    world.wait(3600);
    let listed = world.get(&secrets).await.expect(200);
    assert_eq!(names_and_ends(&listed), [(token(), None)]);
    let gone = format!("{secrets}/{}", old["sid"].as_str().unwrap());
    assert_eq!(world.get(&gone).await.refusal(), (404, 20404));
    world.post(&secrets, &third).await.expect(201);
    let second = format!("{secrets}/{}", new["sid"].as_str().unwrap());
    assert_eq!(world.delete(&second).await.status, 204);
    let listed = world.get(&secrets).await.expect(200);
    assert_eq!(listed["secrets"].as_array().unwrap().len(), 1);
    let last = format!("{secrets}/{}", listed["secrets"][0]["sid"].as_str().unwrap());
    assert_eq!(world.delete(&last).await.refusal(), (400, 20001), "a connection needs a token");
    assert_eq!(world.get(&last).await.expect(200), listed["secrets"][0]);
}

#[tokio::test]
async fn a_secret_of_which_there_can_be_one_is_replaced_at_once() {
    let world = world().await;
    let path = world.connect(&SECOND).await;
    let secrets = format!("{path}/Secrets");
    let form = [("Name", "VerifyToken"), ("Value", "another-word")];
    let new = world.post(&secrets, &form).await.expect(201);
    let shown = (&new["last_four"], &new["fingerprint"]);
    assert_eq!(shown, (&Value::Null, &Value::Null), "a short one shows nothing");
    let listed = world.get(&secrets).await.expect(200);
    let mut names: Vec<String> = names_and_ends(&listed).into_iter().map(|it| it.0).collect();
    names.sort();
    assert_eq!(names, ["AccessToken", "AppSecret", "VerifyToken"]);
    let both = [form[0], form[1], ("PreviousValidUntil", "2026-11-22T11:00:00Z")];
    assert_eq!(world.post(&secrets, &both).await.refusal(), (400, 20001));
}

#[tokio::test]
async fn a_wrong_secret_is_refused_by_its_parameter() {
    let world = world().await;
    let path = world.connect(&FIRST).await;
    let secrets = format!("{path}/Secrets");
    for (form, said) in [
        (vec![], "Name"),
        (vec![("Name", "AppSecret"), ("Value", "x")], "AuthToken, SharedKeys"),
        (vec![("Name", "AuthToken")], "Value"),
        (vec![("Name", "AuthToken"), ("Value", " padded ")], "Value"),
        (vec![("Name", "SharedKeys"), ("Value", "no-algorithm")], "SharedKeys"),
        (
            vec![
                ("Name", "AuthToken"),
                ("Value", "x"),
                ("PreviousValidUntil", "2026-11-22T09:00:00Z"),
            ],
            "PreviousValidUntil",
        ),
        (vec![("Name", "AuthToken"), ("Value", "x"), ("Until", "soon")], "Until"),
    ] {
        let answer = world.post(&secrets, &form).await;
        assert_eq!(answer.refusal(), (400, 20001), "{form:?}");
        assert!(answer.body["message"].as_str().unwrap().contains(said), "{}", answer.body);
    }
    assert_eq!(world.connection(&path).await.secrets.len(), 1);
    let other = world.connect(&FIRST).await;
    let own = world.get(&format!("{other}/Secrets")).await.expect(200);
    let foreign = format!("{secrets}/{}", own["secrets"][0]["sid"].as_str().unwrap());
    assert_eq!(world.get(&foreign).await.refusal(), (404, 20404));
    assert_eq!(world.delete(&foreign).await.refusal(), (404, 20404));
}

#[tokio::test]
async fn no_answer_and_no_record_has_a_secret_in_it() {
    let world = world().await;
    let path = world.connect(&SECOND).await;
    let secrets = format!("{path}/Secrets");
    let page = "77=0123456789-page-token";
    let form = [("Name", "PageTokens"), ("Value", page)];
    let rotated = world.post(&secrets, &form).await.expect(201);
    let mut shown = rotated.to_string();
    for path in ["/v1/Connections", &path, &secrets] {
        shown += &world.get(path).await.expect(200).to_string();
    }
    let record = world.connection(&path).await;
    let stored = serde_json::to_string(&record).unwrap();
    assert_eq!(record.secrets.len(), 4);
    for (_, secret) in SECOND[1..].iter().chain(&[("", page)]) {
        assert!(!shown.contains(secret), "an answer has {secret}");
        assert!(!stored.contains(secret), "the record has {secret}");
    }
    let one = &record.secrets[0];
    assert!(one.sealed.len() > 40 && one.fingerprint.as_ref().is_some_and(|it| it.len() == 16));
}
