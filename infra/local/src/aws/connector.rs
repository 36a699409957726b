//! The road from an SDK client into this process: an HTTP connector without a network.

use std::fmt;
use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;
use serde_json::{Value, json};
use switchboard_runtime::Patience;
use switchboard_runtime::dependencies::behavior_version;

use crate::aws::answer::Answer;
use crate::aws::dynamo::Tables;
use crate::aws::faults::{Call, Death, Fault, Faults, Passage, Service};
use crate::aws::keys::Keys;
use crate::aws::objects::{Asked, Objects, refused};
use crate::aws::options::Road;
use crate::aws::queues::Queues;
use crate::aws::trace::invocation;

/// What somebody hears who forgot to sign.
const MISSING_SIGNATURE: &str =
    "com.amazonaws.dynamodb.v20120810#MissingAuthenticationTokenException";

/// The services that live in this process.
#[derive(Debug, Clone)]
pub(crate) struct Services {
    pub(crate) tables: Tables,
    pub(crate) queues: Queues,
    pub(crate) keys: Keys,
    pub(crate) objects: Objects,
    pub(crate) faults: Option<Arc<dyn Faults>>,
    /// Whether the same entropy has to give the same run, down to the pauses between attempts.
    pub(crate) is_steady: bool,
    pub(crate) road: Road,
    /// Whether clients of the SDK sign.
    pub(crate) signs: bool,
}

/// One function's way to the services.
#[derive(Clone)]
struct Connector {
    function: Arc<str>,
    /// Whether it leads to the bucket, whose requests do not say so.
    is_to_bucket: bool,
    services: Services,
}

/// A client of one of the SDK's crates, which share the shape of their configurations and no type of it.
macro_rules! client {
    ($sdk:ident, $connector:expr, $services:expr, $function:ident, $patience:ident $(, $setting:ident)*) => {{
        use $sdk::config::retry::{RetryPartition, TokenBucket};
        let bucket = TokenBucket::default();
        let partition = RetryPartition::custom($function.to_owned()).token_bucket(bucket).build();
        let config = $sdk::Config::builder()
            .behavior_version(behavior_version())
            .region($sdk::config::Region::new($services.queues.region().to_owned()))
            .http_client($connector)
            $(.$setting(true))*
            .timeout_config($patience.timeouts())
            .retry_config($services.retries($patience))
            .retry_partition(partition);
        let config = match $services.signs {
            true => config.credentials_provider(credentials()),
            false => config.allow_no_auth(),
        };
        $sdk::Client::from_conf(config.build())
    }};
}

/// Each client has an allowance of retries of its own. Otherwise all clients of a process share one, which on Lambda
/// is one function, but here is every function of every deployment: those would decide how often the others try.
impl Services {
    /// A real DynamoDB client whose requests stay in this process, in a function's name.
    pub(crate) fn dynamodb(&self, function: &str, patience: Patience) -> aws_sdk_dynamodb::Client {
        client!(aws_sdk_dynamodb, self.connector(function), self, function, patience)
    }

    /// A real SQS client whose requests stay in this process, in a function's name.
    pub(crate) fn sqs(&self, function: &str, patience: Patience) -> aws_sdk_sqs::Client {
        client!(aws_sdk_sqs, self.connector(function), self, function, patience)
    }

    /// A real KMS client whose requests stay in this process, in a function's name.
    pub(crate) fn kms(&self, function: &str, patience: Patience) -> aws_sdk_kms::Client {
        client!(aws_sdk_kms, self.connector(function), self, function, patience)
    }

    /// A real S3 client whose requests stay in this process, in a function's name.
    pub(crate) fn s3(&self, function: &str, patience: Patience) -> aws_sdk_s3::Client {
        let connector = Connector { is_to_bucket: true, ..self.connector(function) };
        client!(aws_sdk_s3, connector, self, function, patience, force_path_style)
    }

    /// As the function wants it; without chance, if it has to be steady.
    fn retries(&self, patience: Patience) -> RetryConfig {
        patience.retries().with_use_static_exponential_base(self.is_steady)
    }

    fn connector(&self, function: &str) -> Connector {
        Connector { function: Arc::from(function), is_to_bucket: false, services: self.clone() }
    }
}

fn credentials() -> Credentials {
    Credentials::new("local", "local", None, None, "local")
}

impl fmt::Debug for Connector {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Connector").field("function", &self.function).finish_non_exhaustive()
    }
}

impl HttpClient for Connector {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let connector = self.clone();
        HttpConnectorFuture::new(async move { connector.answer(&request).await })
    }
}

impl Connector {
    async fn answer(&self, request: &HttpRequest) -> Result<HttpResponse, ConnectorError> {
        if self.services.signs && !is_signed(request) {
            return response(Answer::error(400, MISSING_SIGNATURE, "the request is not signed"));
        }
        if self.is_to_bucket {
            return self.answer_objects(request).await;
        }
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let (version, operation) = target.split_once('.').unwrap_or_default();
        let service = match version {
            "AmazonSQS" => Service::Queues,
            "TrentService" => Service::Keys,
            _ => Service::Tables,
        };
        let bytes = request.body().bytes().unwrap_or_default();
        let Ok(body) = serde_json::from_slice::<Value>(bytes) else {
            return response(Answer::not_json());
        };
        let function: &str = &self.function;
        let call = Call { function, service, operation, body: &body, invocation: invocation() };
        let faults = self.services.faults.as_deref();
        let passage = match faults.and_then(|faults| faults.gate(&call)) {
            Some(gate) => gate.await,
            None => Passage::default(),
        };
        let before = || faults.and_then(|faults| faults.before(&call));
        if let Some(fault) = passage.before.or_else(before) {
            return failed(fault, &call).await;
        }
        let answer = match service {
            Service::Tables => self.services.tables.answer(&self.function, operation, &body).await,
            Service::Queues => {
                self.services.queues.answer(&self.function, operation, bytes, &body).await
            }
            Service::Keys => self.services.keys.answer(&self.function, operation, &body),
            // They came in before.
            Service::Objects => Answer::not_json(),
        };
        if let Some(faults) = faults {
            faults.answered(&call, answer.status);
        }
        let after = || faults.and_then(|faults| faults.after(&call));
        match passage.after.or_else(after) {
            Some(fault) => failed(fault, &call).await,
            None => response(answer),
        }
    }
}

impl Connector {
    /// Requests to the bucket meet the same faults. To those who watch, the document of one is what it names.
    async fn answer_objects(&self, request: &HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let asked = Asked::of(request);
        let body = json!({ "Bucket": asked.bucket, "Key": asked.key });
        let (service, operation) = (Service::Objects, asked.operation);
        let function: &str = &self.function;
        let call = Call { function, service, operation, body: &body, invocation: invocation() };
        let faults = self.services.faults.as_deref();
        let passage = match faults.and_then(|faults| faults.gate(&call)) {
            Some(gate) => gate.await,
            None => Passage::default(),
        };
        let before = || faults.and_then(|faults| faults.before(&call));
        if let Some(fault) = passage.before.or_else(before) {
            return failed(fault, &call).await;
        }
        let answer = self.services.objects.answer(function, &asked).await;
        if let Some(faults) = faults {
            faults.answered(&call, answer.status);
        }
        let after = || faults.and_then(|faults| faults.after(&call));
        match passage.after.or_else(after) {
            Some(fault) => failed(fault, &call).await,
            None => response(answer),
        }
    }
}

/// Whether a request has a signature, of these credentials for its service; what it is worth only AWS can tell.
fn is_signed(request: &HttpRequest) -> bool {
    let said = request.headers().get("authorization").unwrap_or_default();
    said.starts_with("AWS4-HMAC-SHA256 Credential=local/") && said.contains("/aws4_request, ")
}

fn response(answer: Answer) -> Result<HttpResponse, ConnectorError> {
    let status = StatusCode::try_from(answer.status)
        .map_err(|error| ConnectorError::other(error.into(), None))?;
    let mut response = HttpResponse::new(status, SdkBody::from(answer.body));
    for (name, value) in answer.headers {
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}

async fn failed(fault: Fault, call: &Call<'_>) -> Result<HttpResponse, ConnectorError> {
    if call.service == Service::Objects {
        match fault {
            Fault::Throttled => {
                return response(refused(503, "SlowDown", "the request is throttled"));
            }
            Fault::Conflict => {
                return response(refused(409, "ConditionalRequestConflict", "somebody makes one"));
            }
            Fault::Failed => return response(refused(500, "InternalError", "the service failed")),
            Fault::Lost | Fault::Hung | Fault::Killed => {}
        }
    }
    let (space, throttled, failure) = match call.service {
        Service::Tables => {
            ("com.amazonaws.dynamodb.v20120810", "ThrottlingException", "InternalServerError")
        }
        Service::Queues => ("com.amazonaws.sqs", "RequestThrottled", "InternalFailure"),
        Service::Keys => ("com.amazonaws.kms", "ThrottlingException", "KMSInternalException"),
        // Its errors are no JSON, and were told above.
        Service::Objects => ("com.amazonaws.s3", "SlowDown", "InternalError"),
    };
    let of = |kind: &str| format!("{space}#{kind}");
    match fault {
        Fault::Throttled => {
            response(Answer::error(400, &of(throttled), "the request is throttled"))
        }
        Fault::Conflict => response(conflict(call)),
        Fault::Failed => response(Answer::error(500, &of(failure), "the service failed")),
        Fault::Lost => Err(ConnectorError::timeout("no answer arrived".into())),
        Fault::Hung => std::future::pending().await,
        // Without the panic hook: it is the fault that was asked for.
        Fault::Killed => std::panic::resume_unwind(Box::new(Death)),
    }
}

/// Another transaction holds an item: each action of a transaction has a reason of its own.
fn conflict(call: &Call<'_>) -> Answer {
    const SPACE: &str = "com.amazonaws.dynamodb.v20120810";
    let message = "Transaction is ongoing for the item";
    let Some(actions) = call.body["TransactItems"].as_array() else {
        return Answer::error(400, &format!("{SPACE}#TransactionConflictException"), message);
    };
    let reason = |place: usize| match place {
        0 => json!({ "Code": "TransactionConflict", "Message": message }),
        _ => json!({ "Code": "None" }),
    };
    let reasons: Vec<Value> = (0..actions.len()).map(reason).collect();
    let codes: Vec<&str> = reasons.iter().filter_map(|it| it["Code"].as_str()).collect();
    let body = json!({
        "__type": format!("{SPACE}#TransactionCanceledException"),
        "Message": format!(
            "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
            codes.join(", ")
        ),
        "CancellationReasons": reasons,
    });
    Answer::new(400, body.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_without_a_signature_is_known_by_it() {
        let mut request = HttpRequest::empty();
        assert!(!is_signed(&request));
        request.headers_mut().insert("authorization", "Basic bG9jYWw6bG9jYWw=");
        assert!(!is_signed(&request));
        let scope = "Credential=local/20260101/us-east-1/dynamodb/aws4_request";
        let said = format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0");
        request.headers_mut().insert("authorization", said);
        assert!(is_signed(&request));
    }
}
