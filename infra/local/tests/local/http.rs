use std::time::Duration;

use serde_json::Value;
use switchboard::{Deployment, Options, Trigger};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::{PATIENCE, start, start_with};

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
    let answer = request.try_clone().unwrap().send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(json(answer).await["workspaces"].is_array());
    let mut shouted = request.build().unwrap();
    shouted.headers_mut().insert("host", "TaskRouter.TWILIO.com".parse().unwrap());
    let answer = reqwest::Client::new().execute(shouted).await.unwrap();
    assert_eq!(answer.status(), 200, "names of hosts have no case");
}

/// Sends something, and reads until the connection is closed.
async fn exchanged(deployment: &Deployment, sent: &str) -> String {
    let address = deployment.base_url().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(sent.as_bytes()).await.unwrap();
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer)).await.expect("it is closed").unwrap();
    answer
}

#[tokio::test]
async fn a_client_that_does_not_finish_its_request_is_left() {
    let patience = Duration::from_millis(200);
    let deployment = start_with(Options { patience, ..Options::default() }).await;
    let head =
        "POST /taskrouter/v1/Workspaces HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n";
    assert!(!exchanged(&deployment, head).await.contains(" 200 "), "half the headers");
    let half = exchanged(&deployment, &format!("{head}\r\nFriendlyName=")).await;
    assert!(half.starts_with("HTTP/1.1 408"), "half a body: {half}");
    assert_eq!(Options::default().patience, Duration::from_secs(30));
    deployment.stop().await;
}

#[tokio::test]
async fn no_carrier_is_met_by_accident() {
    let deployment = start().await;
    for function in ["outbound-message", "inbound-webhook"] {
        let carriers = deployment.dependencies(function).unwrap().config.carriers;
        let urls = carriers.iter().filter(|(name, _)| name.ends_with("BASE_URL"));
        let urls: Vec<_> = urls.map(|(name, url)| (name, url.0.as_str())).collect();
        assert!(!urls.is_empty(), "{function}");
        for (name, url) in urls {
            assert!(url.starts_with("http://127.0.0.1:"), "{function}: {name} is {url}");
        }
    }
    deployment.stop().await;
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
