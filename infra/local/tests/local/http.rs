use serde_json::Value;
use switchboard::Trigger;

use crate::start;

#[tokio::test]
async fn the_api_answers_in_json_even_when_it_says_no() {
    let deployment = start().await;
    let mut traces = deployment.traces();
    let get = async |path: &str| {
        let answer = reqwest::get(format!("{}{path}", deployment.base_url())).await.unwrap();
        (answer.status().as_u16(), json(answer).await)
    };
    assert_eq!(get("/healthz").await.0, 200);
    let (status, body) = get("/nowhere").await;
    assert_eq!((status, &body["message"]), (404, &"Not Found".into()));
    let (status, body) = get("/conversations/v1/Conversations?PageSize=1").await;
    assert_eq!((status, &body["code"]), (401, &20003.into()));
    let trace = traces.recv().await.unwrap();
    assert_eq!(trace.function, "conversations-api");
    let path = "/conversations/v1/Conversations".to_owned();
    assert_eq!(trace.trigger, Trigger::Http { method: "GET".to_owned(), path });
    deployment.stop().await;
}

#[tokio::test]
async fn a_host_of_the_vendor_leads_to_the_product() {
    let deployment = start().await;
    let request = reqwest::Client::new()
        .get(format!("{}/v1/Workspaces", deployment.base_url()))
        .header("host", "taskrouter.twilio.com")
        .basic_auth("AC00000000000000000000000000000001", Some("local-auth-token"));
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(json(answer).await["workspaces"].is_array());
}

#[tokio::test]
async fn a_body_that_lambda_would_not_take_is_refused() {
    let deployment = start().await;
    let url = format!("{}/conversations/v1/Conversations", deployment.base_url());
    let body = vec![b'a'; 6 * 1024 * 1024 + 1];
    let answer = reqwest::Client::new().post(url).body(body).send().await.unwrap();
    assert_eq!(answer.status(), 413);
}

async fn json(answer: reqwest::Response) -> Value {
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}
