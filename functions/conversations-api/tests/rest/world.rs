//! One account on an embedded DynamoDB, and somebody who sends requests to it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use base64::Engine as _;
use dynoxide::{Database, DynoxideError};
use lambda_http::Body;
use serde_json::{Value, json};
use switchboard_domain::decision::Decision;
use switchboard_domain::effect::QueueName;
use switchboard_domain::timestamp::Timestamp;
use switchboard_runtime::queue::Queues;
use switchboard_runtime::{Config, Dependencies};
use switchboard_store::Store;

pub(crate) const ACCOUNT: &str = "AC00000000000000000000000000000001";
pub(crate) const HOST: &str = "https://example.com";

/// The account.
pub(crate) struct World {
    pub(crate) on: Dependencies,
    clock: Arc<AtomicI64>,
    sent: Arc<std::sync::Mutex<Vec<Value>>>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Response {
    pub(crate) fn text(&self, name: &str) -> String {
        self.body[name].as_str().unwrap_or_default().to_owned()
    }

    /// The body of an answer with that status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }

    #[track_caller]
    pub(crate) fn refused(self, status: u16, code: u32) {
        assert_eq!((self.status, &self.body["code"]), (status, &json!(code)), "{}", self.body);
    }
}

impl World {
    pub(crate) fn new() -> Self {
        let database = Database::memory().unwrap();
        for table in ["conversations", "configuration"] {
            database.create_table(serde_json::from_value(table_of(table)).unwrap()).unwrap();
        }
        let sent = Arc::default();
        let connector = Connector { database: Arc::new(database), sent: Arc::clone(&sent) };
        let credentials = Credentials::new("local", "local", None, None, "test");
        let dynamo = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("local"))
            .credentials_provider(credentials.clone())
            .http_client(connector.clone())
            .build();
        let sqs = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("local"))
            .credentials_provider(credentials)
            .http_client(connector)
            .build();
        let config = Config::read(|name| match name {
            "ACCOUNT_SID" => Some(ACCOUNT.to_owned()),
            "AUTH_TOKEN" => Some("secret".to_owned()),
            "PUBLIC_URL" => Some(HOST.to_owned()),
            "TABLE_CONVERSATIONS" => Some("conversations".to_owned()),
            "TABLE_CONFIGURATION" => Some("configuration".to_owned()),
            _ => None,
        });
        let config = config.unwrap();
        let urls = [QueueName::Outbound, QueueName::Webhooks].map(|it| (it, format!("{HOST}/q")));
        let clock = Arc::new(AtomicI64::new(1_795_344_809_000));
        let (now, counter) = (Arc::clone(&clock), AtomicU64::new(1));
        let on = Dependencies::new(
            config.clone(),
            Store::new(aws_sdk_dynamodb::Client::from_conf(dynamo), config.tables),
            Queues::new(aws_sdk_sqs::Client::from_conf(sqs), BTreeMap::from(urls)),
            Arc::new(move || Timestamp(now.load(Ordering::SeqCst))),
            Arc::new(move || {
                let mut bytes = [7; 16];
                let number = counter.fetch_add(1, Ordering::SeqCst);
                bytes[4..12].copy_from_slice(&number.to_be_bytes());
                bytes
            }),
        );
        Self { on, clock, sent }
    }

    /// Lets seconds pass.
    pub(crate) fn wait(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    /// Writes records that other functions write.
    pub(crate) async fn given(&self, decision: Decision) {
        let _ = self.on.store.commit(&decision).await.unwrap();
    }

    /// What other functions were asked for since the last look.
    pub(crate) fn asked(&self) -> Vec<Value> {
        std::mem::take(&mut self.sent.lock().unwrap())
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.send("GET", path, &[], false).await
    }

    pub(crate) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Response {
        self.send("POST", path, form, false).await
    }

    /// With `X-Twilio-Webhook-Enabled`.
    pub(crate) async fn post_loudly(&self, path: &str, form: &[(&str, &str)]) -> Response {
        self.send("POST", path, form, true).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Response {
        self.send("DELETE", path, &[], true).await
    }

    async fn send(&self, method: &str, path: &str, form: &[(&str, &str)], loud: bool) -> Response {
        let path = path.strip_prefix(&format!("{HOST}/conversations")).unwrap_or(path);
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let password =
            base64::engine::general_purpose::STANDARD.encode(format!("{ACCOUNT}:secret"));
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{HOST}/conversations{path}"))
            .header("authorization", format!("Basic {password}"))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("x-twilio-webhook-enabled", loud.to_string())
            .body(Body::Text(body))
            .unwrap();
        let response = conversations_api::handle(&self.on, request).await.unwrap();
        let status = response.status().as_u16();
        let body = match response.body() {
            Body::Text(text) => serde_json::from_str(text).unwrap(),
            _ => Value::Null,
        };
        Response { status, body }
    }
}

/// The keys and the index of the tables, as the bundle's template has them.
fn table_of(name: &str) -> Value {
    let keys = |hash: &str, range: &str| {
        json!([{ "AttributeName": hash, "KeyType": "HASH" },
            { "AttributeName": range, "KeyType": "RANGE" }])
    };
    let attributes = ["pk", "sk", "lpk", "lsk"];
    json!({
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": keys("pk", "sk"),
        "AttributeDefinitions":
            attributes.map(|name| json!({ "AttributeName": name, "AttributeType": "S" })),
        "GlobalSecondaryIndexes": [{
            "IndexName": "list",
            "KeySchema": keys("lpk", "lsk"),
            "Projection": { "ProjectionType": "KEYS_ONLY" },
        }],
    })
}

/// The SDK's way into the embedded database, and to a queue that only keeps what is sent.
#[derive(Clone)]
struct Connector {
    database: Arc<Database>,
    sent: Arc<std::sync::Mutex<Vec<Value>>>,
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Connector")
    }
}

impl HttpClient for Connector {
    fn http_connector(
        &self,
        _settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default().to_owned();
        let body: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        let (status, body) = match self.answer(&target, body) {
            Ok(body) => (200, body.to_string()),
            Err(error) => (error.status_code(), error.to_json()),
        };
        let status = status.try_into().unwrap();
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(body))))
    }
}

impl Connector {
    fn answer(&self, target: &str, body: Value) -> Result<Value, DynoxideError> {
        let database = &self.database;
        macro_rules! ask {
            ($operation:ident) => {
                serde_json::to_value(database.$operation(serde_json::from_value(body).unwrap())?)
                    .unwrap()
            };
        }
        Ok(match target {
            "DynamoDB_20120810.GetItem" => ask!(get_item),
            "DynamoDB_20120810.PutItem" => ask!(put_item),
            "DynamoDB_20120810.DeleteItem" => ask!(delete_item),
            "DynamoDB_20120810.BatchGetItem" => ask!(batch_get_item),
            "DynamoDB_20120810.Query" => ask!(query),
            "DynamoDB_20120810.TransactWriteItems" => ask!(transact_write_items),
            "AmazonSQS.SendMessageBatch" => self.keep(&body),
            other => panic!("nobody answers {other}"),
        })
    }

    fn keep(&self, body: &Value) -> Value {
        let mut sent = self.sent.lock().unwrap();
        let entries = body["Entries"].as_array().unwrap();
        for entry in entries {
            let text = entry["MessageBody"].as_str().unwrap();
            sent.push(serde_json::from_str(text).unwrap());
        }
        let done: Vec<Value> = entries
            .iter()
            .map(|entry| json!({ "Id": entry["Id"], "MessageId": "m", "MD5OfMessageBody": "" }))
            .collect();
        json!({ "Successful": done, "Failed": [] })
    }
}
