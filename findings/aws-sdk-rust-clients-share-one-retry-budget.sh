#!/usr/bin/env bash
# Two clients of the AWS SDK for Rust, made apart and with endpoints of their own, use up one retry budget.
#
# Versions: crates aws-sdk-sqs 1.119.0, aws-smithy-http-client 1.5.2 and what they lock.
#
# Guess, written down first: the budget (a token bucket of 500) belongs to the client. A client whose endpoint is
# down stops to retry after a while; another client, built from its own configuration for another endpoint, still
# makes three attempts for each call.
#
# Seen: the budget belongs to the process, to one entry of a static table named by service and region. After the
# first client has met enough errors 500, the second one makes one attempt for its very first call, and gives up.
# A `RetryPartition` of its own brings the three attempts back.
#
# Matters to: a process that speaks to the queues of several accounts, to an emulator beside the cloud, or runs its
# tests side by side: an outage of one is a loss of retries for all.
#
# Fails if the second client makes any other number of attempts, with or without a partition of its own.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/src"

cat >"$folder/Cargo.toml" <<'TOML'
[package]
name = "shared-budget"
version = "0.0.0"
edition = "2024"
publish = false

[dependencies]
aws-sdk-sqs = { version = "=1.119.0", default-features = false, features = ["rt-tokio"] }
aws-smithy-http-client = { version = "=1.5.2", features = ["default-client"] }
tokio = { version = "1", features = ["rt", "macros", "net", "io-util", "time"] }
TOML

cat >"$folder/src/main.rs" <<'RUST'
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::retry::{RetryConfig, RetryPartition};
use aws_sdk_sqs::config::{BehaviorVersion, Builder, Credentials, Region};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// An endpoint that answers every request with an error of its own making, and counts them.
async fn failing() -> (String, Arc<AtomicU32>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let count = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 8192];
            let _ = socket.read(&mut request).await;
            counted.fetch_add(1, Ordering::SeqCst);
            let answer = b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
            let _ = socket.write_all(answer).await;
        }
    });
    (format!("http://{address}"), count)
}

fn client(endpoint: &str, partition: Option<&'static str>) -> Client {
    let quick = RetryConfig::standard().with_initial_backoff(std::time::Duration::from_millis(1));
    let mut config = Builder::new()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("id", "secret", None, None, "made up"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(endpoint)
        .retry_config(quick);
    if let Some(name) = partition {
        config = config.retry_partition(RetryPartition::new(name));
    }
    Client::from_conf(config.build())
}

async fn attempts_of_one_call(client: &Client, count: &AtomicU32) -> u32 {
    let before = count.load(Ordering::SeqCst);
    assert!(client.list_queues().send().await.is_err());
    count.load(Ordering::SeqCst) - before
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let (first_at, first_count) = failing().await;
    let (second_at, second_count) = failing().await;
    let first = client(&first_at, None);
    let fresh = attempts_of_one_call(&first, &first_count).await;
    for _ in 0..60 {
        attempts_of_one_call(&first, &first_count).await;
    }
    let second = attempts_of_one_call(&client(&second_at, None), &second_count).await;
    let apart = attempts_of_one_call(&client(&second_at, Some("mine")), &second_count).await;
    println!("first client, first call: {fresh}");
    println!("second client, first call: {second}");
    println!("second client with a partition of its own: {apart}");
}
RUST

cargo run --quiet --manifest-path "$folder/Cargo.toml" >"$folder/seen"
cat "$folder/seen"
diff - "$folder/seen" <<'SEEN'
first client, first call: 3
second client, first call: 1
second client with a partition of its own: 3
SEEN
