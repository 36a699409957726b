//! The HTTP API: routes of the template on one port, in API Gateway's payload format 2.0.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, COOKIE, HOST, HeaderName, HeaderValue, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Map, Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::aws::invocation::Functions;
use crate::aws::mappings::stopped;
use crate::aws::template::Route;
use crate::aws::trace::{Trigger, masked};

/// The largest event that Lambda takes, in bytes.
const BODY_BYTES_MAX: usize = 6 * 1024 * 1024;
/// How long API Gateway waits for a function.
const INTEGRATION_TIMEOUT: Duration = Duration::from_secs(30);
/// A host below this names a product.
const VENDOR_DOMAIN: &str = ".twilio.com";

/// The HTTP API of a deployment.
#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) routes: Vec<Route>,
    pub(crate) functions: Arc<Functions>,
    /// A client that does not finish its request's headers, or its body, within this time is left.
    pub(crate) patience: Duration,
}

impl Gateway {
    /// Serves a listener until the deployment stops. Requests that are under way then are answered first.
    pub(crate) async fn serve(
        self: Arc<Self>,
        listener: TcpListener,
        mut stopping: watch::Receiver<bool>,
    ) {
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                Some(_) = connections.join_next() => continue,
                () = stopped(&mut stopping) => break,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!("cannot accept a connection: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            // Small answers must not wait for more; without it they only come later.
            let _ = stream.set_nodelay(true);
            connections.spawn(Arc::clone(&self).converse(stream, peer.ip(), stopping.clone()));
        }
        drop(listener);
        while connections.join_next().await.is_some() {}
    }

    /// Serves one connection until either side ends it.
    async fn converse(
        self: Arc<Self>,
        stream: TcpStream,
        peer: IpAddr,
        mut stopping: watch::Receiver<bool>,
    ) {
        let patience = self.patience;
        let service = service_fn(move |request| {
            let gateway = Arc::clone(&self);
            async move { Ok::<_, Infallible>(gateway.answer(request, peer).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(patience)
            .serve_connection(TokioIo::new(stream), service);
        tokio::pin!(connection);
        // A client that goes away in the middle is its own affair.
        tokio::select! {
            _ = connection.as_mut() => {}
            () = stopped(&mut stopping) => {
                connection.as_mut().graceful_shutdown();
                let _ = connection.await;
            }
        }
    }

    async fn answer(&self, request: Request<Incoming>, peer: IpAddr) -> Response<Full<Bytes>> {
        let (parts, body) = request.into_parts();
        let path = path(&parts);
        if parts.method == Method::GET && path == "/healthz" {
            return plain(StatusCode::OK, &json!({ "status": "ok" }));
        }
        let Some((route, values)) = route(&self.routes, &parts.method, &path) else {
            return message(StatusCode::NOT_FOUND, "Not Found");
        };
        let body = match timeout(self.patience, Limited::new(body, BODY_BYTES_MAX).collect()).await
        {
            Ok(Ok(body)) => body,
            Ok(Err(_)) => {
                return message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
            }
            // What is left of the body could not be told from the next request, so this ends the connection.
            Err(_) => {
                let mut late = message(StatusCode::REQUEST_TIMEOUT, "Request Timeout");
                late.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                return late;
            }
        };
        let event = event(&parts, &path, &body.to_bytes(), route, values, peer, &self.functions);
        let trigger = Trigger::Http { method: parts.method.to_string(), path: masked(&path) };
        let invoked = self.functions.invoke(&route.function, trigger, event);
        match timeout(INTEGRATION_TIMEOUT, invoked).await {
            Ok(Ok(answer)) => response(&answer)
                .unwrap_or_else(|| message(StatusCode::INTERNAL_SERVER_ERROR, SERVER_ERROR)),
            // HTTP APIs answer so, where REST APIs say 502 and 504.
            Ok(Err(_)) => message(StatusCode::INTERNAL_SERVER_ERROR, SERVER_ERROR),
            Err(_) => message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
        }
    }
}

const SERVER_ERROR: &str = "Internal Server Error";

/// The path, after the product that the host names: `conversations.twilio.com`, also with a region.
fn path(parts: &Parts) -> String {
    let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default().to_ascii_lowercase();
    let path = parts.uri.path();
    match host.strip_suffix(VENDOR_DOMAIN).and_then(|rest| rest.split('.').next()) {
        Some(product) if !product.is_empty() => format!("/{product}{path}"),
        _ => path.to_owned(),
    }
}

/// The route of a request, with the values in its path. Of those that match, the one that says most wins:
/// a literal before a variable, a variable before the greedy one, a method before any.
fn route<'a>(
    routes: &'a [Route],
    method: &Method,
    path: &str,
) -> Option<(&'a Route, BTreeMap<String, String>)> {
    let mut best: Option<(Vec<u8>, &Route, BTreeMap<String, String>)> = None;
    for route in routes {
        if route.method != "ANY" && route.method != method.as_str() {
            continue;
        }
        let Some((mut rank, values)) = matched(&route.path, path) else {
            continue;
        };
        rank.push(u8::from(route.method != "ANY"));
        if best.as_ref().is_none_or(|(known, ..)| rank > *known) {
            best = Some((rank, route, values));
        }
    }
    best.map(|(_, route, values)| (route, values))
}

fn matched(pattern: &str, path: &str) -> Option<(Vec<u8>, BTreeMap<String, String>)> {
    let (mut rank, mut values) = (Vec::new(), BTreeMap::new());
    let mut rest = path.trim_start_matches('/').split('/').peekable();
    for part in pattern.trim_start_matches('/').split('/') {
        let variable = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
        match variable {
            Some(name) if name.ends_with('+') => {
                let all: Vec<&str> = rest.by_ref().collect();
                if all.iter().all(|part| part.is_empty()) {
                    return None;
                }
                values.insert(name.trim_end_matches('+').to_owned(), all.join("/"));
                rank.push(0);
            }
            Some(name) => {
                let value = rest.next().filter(|value| !value.is_empty())?;
                values.insert(name.to_owned(), value.to_owned());
                rank.push(1);
            }
            None => {
                rest.next_if(|value| *value == part)?;
                rank.push(2);
            }
        }
    }
    // One slash at the end makes no difference.
    rest.all(str::is_empty).then_some((rank, values))
}

/// The event of a request made by hand: for tests, and for those that have no connection.
pub fn http_event(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Value {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let headers = headers.iter().map(|(name, value)| (name.to_lowercase(), json!(value)));
    payload(&Payload {
        method,
        path,
        query,
        headers: headers.collect(),
        cookies: Vec::new(),
        values: BTreeMap::new(),
        route: "$default",
        source_ip: "127.0.0.1".to_owned(),
        milliseconds: 0,
        number: 0,
        body,
    })
}

/// What a payload is made of.
struct Payload<'a> {
    method: &'a str,
    path: &'a str,
    query: &'a str,
    headers: Map<String, Value>,
    cookies: Vec<String>,
    values: BTreeMap<String, String>,
    route: &'a str,
    source_ip: String,
    milliseconds: i64,
    number: u64,
    body: &'a [u8],
}

fn event(
    parts: &Parts,
    path: &str,
    body: &[u8],
    route: &Route,
    values: BTreeMap<String, String>,
    peer: IpAddr,
    functions: &Functions,
) -> Value {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let mut headers = Map::new();
    for name in parts.headers.keys().filter(|name| **name != COOKIE) {
        let joined: Vec<String> = parts.headers.get_all(name).iter().map(text).collect();
        headers.insert(name.as_str().to_owned(), json!(joined.join(",")));
    }
    let cookies = parts.headers.get_all(COOKIE).iter().map(text);
    let cookies: Vec<String> =
        cookies.flat_map(|line| line.split("; ").map(str::to_owned).collect::<Vec<_>>()).collect();
    payload(&Payload {
        method: parts.method.as_str(),
        path,
        query: parts.uri.query().unwrap_or_default(),
        headers,
        cookies,
        values,
        route: &route.key,
        source_ip: peer.to_string(),
        milliseconds: functions.now().0,
        number: functions.activity().1,
        body,
    })
}

fn payload(it: &Payload<'_>) -> Value {
    let mut query: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(it.query.as_bytes()) {
        let joined = query.entry(name.into_owned()).or_default();
        if !joined.is_empty() {
            joined.push(',');
        }
        joined.push_str(&value);
    }
    let host = it.headers.get("host").cloned().unwrap_or_default();
    let mut event = json!({
        "version": "2.0",
        "routeKey": it.route,
        "rawPath": it.path,
        "rawQueryString": it.query,
        "headers": it.headers,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": host,
            "domainPrefix": "local",
            "http": {
                "method": it.method,
                "path": it.path,
                "protocol": "HTTP/1.1",
                "sourceIp": it.source_ip,
                "userAgent": it.headers.get("user-agent").cloned().unwrap_or_default(),
            },
            "requestId": format!("local-{:08x}", it.number),
            "routeKey": it.route,
            "stage": "$default",
            "time": clf(it.milliseconds),
            "timeEpoch": it.milliseconds,
        },
        "isBase64Encoded": false,
    });
    if !query.is_empty() {
        event["queryStringParameters"] = json!(query);
    }
    if !it.values.is_empty() {
        event["pathParameters"] = json!(it.values);
    }
    if !it.cookies.is_empty() {
        event["cookies"] = json!(it.cookies);
    }
    if !it.body.is_empty() {
        let kind = it.headers.get("content-type").and_then(Value::as_str).unwrap_or_default();
        match std::str::from_utf8(it.body).ok().filter(|_| is_text(kind)) {
            Some(text) => event["body"] = json!(text),
            None => {
                event["body"] = json!(STANDARD.encode(it.body));
                event["isBase64Encoded"] = json!(true);
            }
        }
    }
    event
}

/// `22/Nov/2026:10:53:29 +0000`.
fn clf(milliseconds: i64) -> String {
    let instant = jiff::Timestamp::from_millisecond(milliseconds).unwrap_or_default();
    instant.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string()
}

/// API Gateway hands over as text what says that it is; the rest in base64.
fn is_text(kind: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let texts = ["application/json", "application/javascript", "application/xml"];
    kind.starts_with("text/")
        || texts.contains(&kind)
        || kind.ends_with("+json")
        || kind.ends_with("+xml")
}

/// A function's answer as a response; `None` if it is none.
fn response(answer: &Value) -> Option<Response<Full<Bytes>>> {
    let status = u16::try_from(answer["statusCode"].as_u64()?).ok()?;
    let body = answer["body"].as_str().unwrap_or_default();
    let body = match answer["isBase64Encoded"].as_bool() {
        Some(true) => Bytes::from(STANDARD.decode(body).ok()?),
        _ => Bytes::from(body.to_owned()),
    };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = StatusCode::from_u16(status).ok()?;
    let headers = response.headers_mut();
    let single = answer["headers"].as_object().into_iter().flatten();
    for (name, value) in single {
        append(headers, name, value)?;
    }
    for (name, values) in answer["multiValueHeaders"].as_object().into_iter().flatten() {
        values.as_array()?.iter().try_for_each(|value| append(headers, name, value))?;
    }
    for cookie in answer["cookies"].as_array().into_iter().flatten() {
        append(headers, SET_COOKIE.as_str(), cookie)?;
    }
    headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("text/plain; charset=utf-8"));
    Some(response)
}

fn append(headers: &mut HeaderMap, name: &str, value: &Value) -> Option<()> {
    let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
    let value = match value {
        Value::String(text) => HeaderValue::from_str(text).ok()?,
        other => HeaderValue::from_str(&other.to_string()).ok()?,
    };
    headers.append(name, value);
    Some(())
}

fn message(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    plain(status, &json!({ "message": text }))
}

fn plain(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes() -> Vec<Route> {
        ["ANY /api/{proxy+}", "GET /hooks/{carrier}", "POST /hooks/{carrier}", "GET /hooks/own"]
            .map(|key| {
                let (method, path) = key.split_once(' ').unwrap();
                let (method, path) = (method.to_owned(), path.to_owned());
                Route { key: key.to_owned(), method, path, function: String::new() }
            })
            .to_vec()
    }

    fn found(method: Method, path: &str) -> Option<String> {
        route(&routes(), &method, path).map(|(route, _)| route.key.clone())
    }

    #[test]
    fn the_route_that_says_most_wins() {
        assert_eq!(found(Method::GET, "/hooks/acme").unwrap(), "GET /hooks/{carrier}");
        assert_eq!(found(Method::GET, "/hooks/own").unwrap(), "GET /hooks/own");
        assert_eq!(found(Method::DELETE, "/hooks/own"), None);
        assert_eq!(found(Method::PUT, "/api/a/b/").unwrap(), "ANY /api/{proxy+}");
        assert_eq!(found(Method::PUT, "/api/"), None);
        assert_eq!(found(Method::PUT, "/apis/a"), None);
        let routes = routes();
        let (_, values) = route(&routes, &Method::POST, "/api/a/b").unwrap();
        assert_eq!(values["proxy"], "a/b");
    }

    #[test]
    fn a_host_of_the_vendor_names_the_product() {
        let path_of = |host: &str| {
            let request =
                Request::builder().uri("/v1/Services").header(HOST, host).body(()).unwrap();
            path(&request.into_parts().0)
        };
        assert_eq!(path_of("conversations.twilio.com"), "/conversations/v1/Services");
        assert_eq!(path_of("taskrouter.dublin.ie1.twilio.com:443"), "/taskrouter/v1/Services");
        assert_eq!(path_of("Conversations.TWILIO.com"), "/conversations/v1/Services");
        assert_eq!(path_of("127.0.0.1:8080"), "/v1/Services");
    }

    #[test]
    fn a_form_is_base64_and_json_is_text() {
        let form = [("Content-Type", "application/x-www-form-urlencoded")];
        let event = http_event("POST", "/x?a=1&a=2", &form, b"b=2");
        assert_eq!(event["isBase64Encoded"], true);
        assert_eq!(event["body"], "Yj0y");
        assert_eq!(event["queryStringParameters"]["a"], "1,2");
        let event = http_event("POST", "/x", &[("Content-Type", "application/json")], b"{}");
        assert_eq!(
            (event["isBase64Encoded"].clone(), event["body"].clone()),
            (json!(false), json!("{}"))
        );
    }

    #[test]
    fn an_answer_without_a_status_is_none() {
        assert!(response(&json!({ "body": "x" })).is_none());
        let answer =
            json!({ "statusCode": 201, "headers": { "etag": "\"1\"" }, "cookies": ["a=b"] });
        let response = response(&answer).unwrap();
        assert_eq!(response.status(), 201);
        assert_eq!(response.headers()["set-cookie"], "a=b");
    }
}
