//! A DynamoDB or an SQS outside of this process, asked in AWS's JSON protocol over HTTP: what holds against
//! the embedded services has to hold against somebody else's as well.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::aws::answer::Answer;
use crate::aws::template;

/// Longer than any long poll.
const PATIENCE: Duration = Duration::from_secs(60);
/// What an answer may say beside its body.
const HEADERS: [&str; 2] = ["content-type", "x-amzn-query-error"];
/// How long a table may take until it can be used, ….
const TABLE_PATIENCE: Duration = Duration::from_secs(60);
/// … and how often that is looked at.
const TABLE_GLANCE: Duration = Duration::from_millis(50);

const TABLES: &str = "DynamoDB_20120810";
const STREAMS: &str = "DynamoDBStreams_20120810";

/// One service behind an endpoint; clones share its connections.
#[derive(Debug, Clone)]
pub(crate) struct Remote {
    client: reqwest::Client,
    endpoint: String,
    authorization: String,
}

impl Remote {
    /// A service, `dynamodb` or `sqs`, at this address. The signature has the right form and no other merit:
    /// emulators read the service and the region out of it and check nothing.
    pub(crate) fn new(endpoint: &str, service: &str, region: &str) -> Result<Self> {
        let client = reqwest::Client::builder().timeout(PATIENCE).no_proxy().build()?;
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=local/20260101/{region}/{service}/aws4_request, \
             SignedHeaders=host;x-amz-date;x-amz-target, Signature={:064}",
            0
        );
        let endpoint = endpoint.trim_end_matches('/').to_owned();
        Ok(Self { client, endpoint, authorization })
    }

    /// Does one request. Who cannot be reached answers as a service that is not available.
    pub(crate) async fn call(&self, target: &str, body: Vec<u8>) -> Answer {
        match self.exchange(target, body).await {
            Ok(answer) => answer,
            Err(error) => {
                let message = format!("{} cannot be reached: {error}", self.endpoint);
                let kind = "ServiceUnavailable";
                Answer::new(503, json!({ "__type": kind, "message": message }).to_string())
            }
        }
    }

    async fn exchange(&self, target: &str, body: Vec<u8>) -> reqwest::Result<Answer> {
        let request = self
            .client
            .post(format!("{}/", self.endpoint))
            .header("x-amz-target", target)
            .header("x-amz-date", "20260101T000000Z")
            .header("content-type", "application/x-amz-json-1.0")
            .header("authorization", &self.authorization);
        let response = request.body(body).send().await?;
        let status = response.status().as_u16();
        let said = |name: &'static str| {
            let value = response.headers().get(name)?.to_str().ok()?;
            Some((name, value.to_owned()))
        };
        let headers = HEADERS.into_iter().filter_map(said).collect();
        Ok(Answer { status, headers, body: response.bytes().await?.to_vec() })
    }

    /// Does one request that has to succeed.
    async fn ask(&self, target: &str, request: &Value) -> Result<Value> {
        let answer = self.call(target, request.to_string().into_bytes()).await;
        answer.read().with_context(|| target.to_owned())
    }
}

/// Tables outside of this process.
#[derive(Debug)]
pub(crate) struct RemoteTables {
    remote: Remote,
    streams: Mutex<BTreeMap<String, Reading>>,
}

/// How far a table's stream was read: one line of shards, of which only the last is open. That is what the
/// emulators have; AWS may split a stream, and is read by Lambda itself.
#[derive(Debug)]
struct Reading {
    arn: String,
    shard: String,
    /// The last record that was read.
    last: Option<String>,
    /// What leads to the one behind it.
    iterator: Option<String>,
}

impl RemoteTables {
    pub(crate) fn new(remote: Remote) -> Self {
        Self { remote, streams: Mutex::default() }
    }

    /// Does one request to the tables.
    pub(crate) async fn call(&self, operation: &str, body: &Value) -> Answer {
        self.remote.call(&format!("{TABLES}.{operation}"), body.to_string().into_bytes()).await
    }

    /// Makes a table, and waits until it can be used.
    pub(crate) async fn create(&self, table: &template::Table) -> Result<()> {
        self.remote.ask(&format!("{TABLES}.CreateTable"), &table.request).await?;
        self.is_ready(&table.name).await?;
        if let Some(request) = table.expiry() {
            self.remote.ask(&format!("{TABLES}.UpdateTimeToLive"), &request).await?;
        }
        Ok(())
    }

    async fn is_ready(&self, table: &str) -> Result<()> {
        let target = format!("{TABLES}.DescribeTable");
        let request = json!({ "TableName": table });
        let looks = TABLE_PATIENCE.as_millis() / TABLE_GLANCE.as_millis();
        for _ in 0..looks {
            let described = self.remote.ask(&target, &request).await?;
            if described["Table"]["TableStatus"] == "ACTIVE" {
                return Ok(());
            }
            tokio::time::sleep(TABLE_GLANCE).await;
        }
        bail!("is not ready after {} s", TABLE_PATIENCE.as_secs())
    }

    /// Reads the records of a table's stream after one that was read, from the first one kept without one.
    pub(crate) async fn records(
        &self,
        table: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Value>> {
        let mut streams = self.streams.lock().await;
        let mut reading = match streams.remove(table) {
            Some(reading) => reading,
            None => self.first(table).await?,
        };
        if reading.last.as_deref() != after {
            (reading.last, reading.iterator) = (after.map(str::to_owned), None);
        }
        let records = self.read(&mut reading, limit).await;
        streams.insert(table.to_owned(), reading);
        records
    }

    async fn first(&self, table: &str) -> Result<Reading> {
        let request = json!({ "TableName": table });
        let described = self.remote.ask(&format!("{TABLES}.DescribeTable"), &request).await?;
        let arn = described["Table"]["LatestStreamArn"].as_str();
        let arn = arn.ok_or_else(|| anyhow!("table {table} has no stream"))?.to_owned();
        let shard = self.shard(&arn, None).await?;
        let shard = shard.ok_or_else(|| anyhow!("the stream of {table} has no shard"))?;
        Ok(Reading { arn, shard, last: None, iterator: None })
    }

    /// The shard that follows another one; the oldest without one.
    async fn shard(&self, arn: &str, parent: Option<&str>) -> Result<Option<String>> {
        let target = format!("{STREAMS}.DescribeStream");
        let described = self.remote.ask(&target, &json!({ "StreamArn": arn })).await?;
        let shards = described["StreamDescription"]["Shards"].as_array();
        let mut shards = shards.into_iter().flatten();
        let found = match parent {
            Some(parent) => shards.find(|shard| shard["ParentShardId"] == *parent),
            None => shards.next(),
        };
        Ok(found.and_then(|shard| shard["ShardId"].as_str()).map(str::to_owned))
    }

    async fn read(&self, reading: &mut Reading, limit: usize) -> Result<Vec<Value>> {
        let mut after = reading.last.clone();
        loop {
            let iterator = match reading.iterator.take() {
                Some(iterator) => iterator,
                None => self.iterator(reading, after.as_deref()).await?,
            };
            let request = json!({ "ShardIterator": iterator, "Limit": limit });
            let mut found = self.remote.ask(&format!("{STREAMS}.GetRecords"), &request).await?;
            reading.iterator = found["NextShardIterator"].as_str().map(str::to_owned);
            let records = match found["Records"].take() {
                Value::Array(records) => records,
                _ => Vec::new(),
            };
            if let Some(last) = records.last() {
                let number = last["dynamodb"]["SequenceNumber"].as_str();
                reading.last = number.map(str::to_owned);
                return Ok(records);
            }
            if reading.iterator.is_some() {
                return Ok(records);
            }
            // A shard that is closed and read to its end.
            match self.shard(&reading.arn, Some(&reading.shard)).await? {
                Some(next) => (reading.shard, after) = (next, None),
                None => return Ok(records),
            }
        }
    }

    async fn iterator(&self, reading: &Reading, after: Option<&str>) -> Result<String> {
        let mut request = json!({
            "StreamArn": reading.arn,
            "ShardId": reading.shard,
            "ShardIteratorType": "TRIM_HORIZON",
        });
        if let Some(last) = after {
            request["ShardIteratorType"] = json!("AFTER_SEQUENCE_NUMBER");
            request["SequenceNumber"] = json!(last);
        }
        let found = self.remote.ask(&format!("{STREAMS}.GetShardIterator"), &request).await?;
        let iterator = found["ShardIterator"].as_str().map(str::to_owned);
        iterator.ok_or_else(|| anyhow!("no iterator for shard {}", reading.shard))
    }
}
