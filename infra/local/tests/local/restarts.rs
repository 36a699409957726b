use std::path::PathBuf;

use aws_sdk_dynamodb::types::AttributeValue;
use switchboard::{Deployment, Options};

use crate::{PATIENCE, start_with};

/// A folder of its own, gone at the end.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let name = format!("switchboard-{name}-{}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    pub(crate) fn options(&self) -> Options {
        Options { data: Some(self.0.clone()), ..Options::default() }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn put(deployment: &Deployment, pk: &str) {
    let put = deployment.dynamodb("test").put_item();
    let put = put.table_name(deployment.table_name("routing"));
    let text = |value: &str| AttributeValue::S(value.to_owned());
    // With effects, or it would wake nobody.
    let put = put.item("pk", text(pk)).item("sk", text("-")).item("fx", text("[]"));
    put.item("v", AttributeValue::N("1".to_owned())).send().await.unwrap();
}

#[tokio::test]
async fn stream_records_not_seen_before_the_end_are_seen_after_the_next_start() {
    let folder = Folder::new("restart");
    let still = Options { is_driven: false, ..folder.options() };
    let before = start_with(still).await;
    put(&before, "a").await;
    let sent = before
        .sqs_client("test")
        .send_message()
        .queue_url(before.queue_url("inbound.fifo"))
        .message_body("kept")
        .message_group_id("g")
        .message_deduplication_id("d")
        .send();
    sent.await.unwrap();
    before.stop().await;

    let after = start_with(folder.options()).await;
    let mut traces = after.traces();
    after.drained(PATIENCE).await.unwrap();
    let mut seen = Vec::new();
    while let Ok(trace) = traces.try_recv() {
        seen.push(trace.function.clone());
    }
    assert!(seen.contains(&"effect-relay".to_owned()), "{seen:?}");
    assert_eq!(after.dead_letters().await.unwrap()[0].body, "kept");
    let get = after.dynamodb("test").get_item().table_name(after.table_name("routing"));
    let get = get.key("pk", AttributeValue::S("a".to_owned()));
    let found = get.key("sk", AttributeValue::S("-".to_owned())).send().await.unwrap();
    assert!(found.item.is_some());
    after.stop().await;

    let third = start_with(folder.options()).await;
    let mut traces = third.traces();
    third.drained(PATIENCE).await.unwrap();
    assert!(traces.try_recv().is_err(), "what was done stays done");
}

#[tokio::test]
async fn a_folder_or_a_port_in_use_is_named() {
    let folder = Folder::new("in-use");
    let first = Deployment::start(folder.options()).await.unwrap();
    let second = Deployment::start(folder.options()).await.unwrap_err();
    let (second, path) = (format!("{second:#}"), folder.0.display().to_string());
    assert!(second.contains(&path) && second.contains("in use"), "{second}");
    let port: u16 = first.base_url().rsplit(':').next().unwrap().parse().unwrap();
    let taken = Deployment::start(Options { port, ..Options::default() }).await.unwrap_err();
    assert!(format!("{taken:#}").contains(&format!("port {port}")), "{taken:#}");
    let wrong = Options { account_sid: "ACME".to_owned(), ..Options::default() };
    let wrong = Deployment::start(wrong).await.unwrap_err();
    assert!(format!("{wrong:#}").contains("ACCOUNT_SID"), "{wrong:#}");
}
