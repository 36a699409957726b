#!/usr/bin/env bash
# Behind a custom domain, a function's request names a URL that nobody called: lambda_http adds the stage to its path.
#
# Version: crate lambda_http 1.3.2, and what it locks.
#
# Guess, written down first: `request.uri()` is the URL that the client called. An HTTP API that is called by its own host
# has the stage in the raw path, and so in the URI; behind a custom domain, whose mapping takes the stage's place, neither has.
#
# Seen: the first holds. For the second event, whose raw path and host are those of the custom domain, the path of the URI
# begins with the stage, taken from the request's context, and so the whole URL is one that leads nowhere. Only
# `raw_http_path()` is what was called. An environment variable, AWS_LAMBDA_HTTP_IGNORE_STAGE_IN_PATH, leaves the stage
# away; a stage that is called `$default` never comes up.
#
# Matters to: whoever checks a signature over the URL, as carriers of messages sign their webhooks: every webhook is refused
# from the day the custom domain is there; and whoever routes by the path, or answers with links made of the URI.
#
# Fails if any of the three paths is another one.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/src"

cat >"$folder/Cargo.toml" <<'TOML'
[package]
name = "added-stage"
version = "0.0.0"
edition = "2024"
publish = false

[dependencies]
lambda_http = { version = "=1.3.2", default-features = false, features = ["apigw_http"] }
TOML

cat >"$folder/src/main.rs" <<'RUST'
use lambda_http::RequestExt as _;

/// An event of an HTTP API with the stage `live`, in payload format 2.0.
fn event(host: &str, raw_path: &str) -> String {
    format!(
        r#"{{
          "version": "2.0", "routeKey": "POST /hooks/sms", "rawPath": "{raw_path}", "rawQueryString": "",
          "headers": {{ "host": "{host}", "x-forwarded-proto": "https", "content-type": "text/plain" }},
          "requestContext": {{
            "accountId": "000000000000", "apiId": "a1b2c3d4e5", "domainName": "{host}", "domainPrefix": "x",
            "http": {{
              "method": "POST", "path": "{raw_path}", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.7", "userAgent": "none"
            }},
            "requestId": "id", "routeKey": "POST /hooks/sms", "stage": "live",
            "time": "01/Nov/2026:00:00:00 +0000", "timeEpoch": 1793491200000
          }},
          "body": "text", "isBase64Encoded": false
        }}"#
    )
}

fn show(what: &str, host: &str, raw_path: &str) {
    let request = lambda_http::request::from_str(&event(host, raw_path)).unwrap();
    println!("{what}: raw {}, uri {}", request.raw_http_path(), request.uri());
}

fn main() {
    show("own host", "a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com", "/live/hooks/sms");
    show("custom domain", "chat.example.com", "/hooks/sms");
    // Nothing else runs in this program.
    unsafe { std::env::set_var("AWS_LAMBDA_HTTP_IGNORE_STAGE_IN_PATH", "true") };
    show("custom domain, told to ignore it", "chat.example.com", "/hooks/sms");
}
RUST

cargo run --quiet --manifest-path "$folder/Cargo.toml" >"$folder/seen"
cat "$folder/seen"
diff - "$folder/seen" <<'SEEN'
own host: raw /live/hooks/sms, uri https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com/live/hooks/sms
custom domain: raw /hooks/sms, uri https://chat.example.com/live/hooks/sms
custom domain, told to ignore it: raw /hooks/sms, uri https://chat.example.com/hooks/sms
SEEN
