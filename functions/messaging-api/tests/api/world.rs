//! One account with empty tables, a clock that moves a second with each request, and queues that only listen.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use base64::Engine as _;
use dynoxide::Database;
use dynoxide::errors::DynoxideError;
use lambda_http::{Body, Request};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use switchboard_domain::decision::Decision;
use switchboard_domain::effect::QueueName;
use switchboard_domain::private::Private;
use switchboard_domain::sid::{MessageSid, Sid as _};
use switchboard_domain::timestamp::Timestamp;
use switchboard_runtime::dependencies::{Clock, Entropy};
use switchboard_runtime::queue::Queues;
use switchboard_runtime::{Config, Dependencies};
use switchboard_store::{Store, TableNames};

pub(crate) const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";
pub(crate) const URL: &str = "https://switchboard.example";
const TOKEN: &str = "token";
/// Sunday, 22 November 2026, 10:00 UTC.
pub(crate) const START: i64 = 1_795_341_600_000;

pub(crate) struct World {
    pub(crate) on: Dependencies,
    time: Arc<AtomicI64>,
    sent: Arc<Mutex<Vec<Value>>>,
    losing: Arc<AtomicBool>,
}

/// What was answered.
#[derive(Debug, PartialEq)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Answered {
    /// The published code of a refusal.
    pub(crate) fn refusal(&self) -> (u16, u64) {
        assert_eq!(self.body["status"], self.status, "{self:?}");
        (self.status, self.body["code"].as_u64().unwrap())
    }

    /// The body of a success.
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }
}

impl World {
    pub(crate) fn new() -> Self {
        let database = Database::memory().unwrap();
        for table in ["conversations", "configuration"] {
            let key = |name: &str, kind: &str| json!({ "AttributeName": name, "KeyType": kind });
            let text = |name: &str| json!({ "AttributeName": name, "AttributeType": "S" });
            let request = json!({
                "TableName": table,
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [text("pk"), text("sk"), text("lpk"), text("lsk")],
                "KeySchema": [key("pk", "HASH"), key("sk", "RANGE")],
                "GlobalSecondaryIndexes": [{
                    "IndexName": "list",
                    "KeySchema": [key("lpk", "HASH"), key("lsk", "RANGE")],
                    "Projection": { "ProjectionType": "KEYS_ONLY" },
                }],
            });
            database.create_table(serde_json::from_value(request).unwrap()).unwrap();
        }
        let (sent, losing) = (Arc::default(), Arc::default());
        let wire = Wire { database, sent: Arc::clone(&sent), losing: Arc::clone(&losing) };
        let config = Config {
            account_sid: ACCOUNT.parse().unwrap(),
            auth_token: Private(TOKEN.to_owned()),
            public_url: URL.to_owned(),
            tables: TableNames {
                conversations: Some("conversations".to_owned()),
                configuration: Some("configuration".to_owned()),
                ..TableNames::default()
            },
            queues: BTreeMap::from([(QueueName::Outbound, "http://sqs/outbound.fifo".to_owned())]),
            allow_loopback_webhooks: false,
            carriers: BTreeMap::new(),
        };
        let time = Arc::new(AtomicI64::new(START));
        let clock: Clock = {
            let time = Arc::clone(&time);
            Arc::new(move || Timestamp(time.load(Ordering::SeqCst)))
        };
        let count = AtomicU64::new(0);
        let entropy: Entropy = Arc::new(move || {
            let number = count.fetch_add(1, Ordering::SeqCst);
            MessageSid::derived(&["entropy", &number.to_string()]).bytes()
        });
        let store = Store::new(wire.dynamodb(), config.tables.clone());
        let queues = Queues::new(wire.sqs(), config.queues.clone());
        let on = Dependencies::new(config, store, queues, clock, entropy);
        Self { on, time, sent, losing }
    }

    pub(crate) async fn request(
        &self,
        method: &str,
        path: &str,
        form: &[(&str, &str)],
        (user, password): (&str, &str),
    ) -> Answered {
        self.time.fetch_add(1000, Ordering::SeqCst);
        let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let pair = format!("{user}:{password}");
        let basic = base64::engine::general_purpose::STANDARD.encode(pair);
        let request: Request = http::Request::builder()
            .method(method)
            .uri(path.strip_prefix(URL).unwrap_or(path))
            .header("authorization", format!("Basic {basic}"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::Text(text))
            .unwrap();
        let response = messaging_api::handle(&self.on, request).await.unwrap();
        let status = response.status().as_u16();
        let body = match response.body() {
            Body::Text(text) => serde_json::from_str(text).unwrap(),
            _ => Value::Null,
        };
        Answered { status, body }
    }

    pub(crate) async fn get(&self, path: &str) -> Answered {
        self.request("GET", path, &[], (ACCOUNT, TOKEN)).await
    }

    pub(crate) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answered {
        self.request("POST", path, form, (ACCOUNT, TOKEN)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answered {
        self.request("DELETE", path, &[], (ACCOUNT, TOKEN)).await
    }

    /// The path of a resource of the 2010 API.
    pub(crate) fn account(path: &str) -> String {
        format!("/api/2010-04-01/Accounts/{ACCOUNT}{path}")
    }

    pub(crate) async fn enter_number(&self, number: &str) -> String {
        let path = Self::account("/IncomingPhoneNumbers.json");
        let entered = self.post(&path, &[("PhoneNumber", number)]).await.expect(201);
        entered["sid"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn create_service(&self) -> String {
        let created = self.post("/messaging/v1/Services", &[("FriendlyName", "Pool")]).await;
        created.expect(201)["sid"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn keep(&self, decision: Decision) {
        let _ = self.on.store.commit(&decision).await.unwrap();
    }

    /// The next write is done, but its answer gets lost, so the client writes again.
    pub(crate) fn lose_the_next_answer(&self) {
        self.losing.store(true, Ordering::SeqCst);
    }

    /// What went to queues.
    pub(crate) fn sent(&self) -> Vec<Value> {
        self.sent.lock().unwrap().clone()
    }
}

/// The way of both SDK clients into this process.
#[derive(Clone)]
struct Wire {
    database: Database,
    sent: Arc<Mutex<Vec<Value>>>,
    losing: Arc<AtomicBool>,
}

impl fmt::Debug for Wire {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Wire")
    }
}

impl Wire {
    fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
            .region(aws_sdk_dynamodb::config::Region::new("us-east-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .http_client(self.clone());
        aws_sdk_dynamodb::Client::from_conf(config.build())
    }

    fn sqs(&self) -> aws_sdk_sqs::Client {
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version(aws_sdk_sqs::config::BehaviorVersion::latest())
            .region(aws_sdk_sqs::config::Region::new("us-east-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .http_client(self.clone());
        aws_sdk_sqs::Client::from_conf(config.build())
    }

    fn answer(&self, target: &str, body: &[u8]) -> Result<Value, DynoxideError> {
        let db = &self.database;
        match target.rsplit('.').next().unwrap() {
            "GetItem" => run(body, |it| db.get_item(it)),
            "PutItem" => run(body, |it| db.put_item(it)),
            "DeleteItem" => run(body, |it| db.delete_item(it)),
            "Query" => run(body, |it| db.query(it)),
            "Scan" => run(body, |it| db.scan(it)),
            "BatchGetItem" => run(body, |it| db.batch_get_item(it)),
            "TransactWriteItems" => run(body, |it| db.transact_write_items(it)),
            "SendMessageBatch" => {
                let request: Value = serde_json::from_slice(body).unwrap();
                let entries = request["Entries"].as_array().unwrap();
                self.sent.lock().unwrap().extend(entries.iter().cloned());
                Ok(json!({ "Successful": [], "Failed": [] }))
            }
            other => panic!("nothing here does {other}"),
        }
    }
}

fn run<Q: DeserializeOwned, A: Serialize>(
    body: &[u8],
    operation: impl FnOnce(Q) -> Result<A, DynoxideError>,
) -> Result<Value, DynoxideError> {
    let answer = operation(serde_json::from_slice(body).unwrap())?;
    Ok(serde_json::to_value(answer).unwrap())
}

impl HttpClient for Wire {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let answer = self.answer(target, request.body().bytes().unwrap());
        let write = target.ends_with("PutItem") || target.ends_with("TransactWriteItems");
        if write && self.losing.swap(false, Ordering::SeqCst) {
            let lost = ConnectorError::timeout("no answer arrived".into());
            return HttpConnectorFuture::ready(Err(lost));
        }
        let (status, body) = match answer {
            Ok(answer) => (200, answer.to_string()),
            Err(error) => (error.status_code(), error.to_json()),
        };
        let status = status.try_into().unwrap();
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(body))))
    }
}
