//! Every sample event ends as the expectation beside it says.

use std::fs;

use crate::tree::{functions, root};

#[tokio::test(flavor = "multi_thread")]
async fn every_sample_event_ends_as_its_name_says() {
    let mut failures = Vec::new();
    let mut count = 0;
    for function in functions() {
        let folder = root().join("events").join(&function);
        let mut events: Vec<_> = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| {
                let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                name.ends_with(".json") && name.matches('.').count() == 1
            })
            .collect();
        events.sort();
        assert!(!events.is_empty(), "{function} has no sample event");
        for event in events {
            count += 1;
            if let Err(why) = switchboard::invoke::check(&event).await {
                failures.push(format!("{}: {why}", event.display()));
            }
        }
    }
    assert!(failures.is_empty(), "{} of {count}:\n{}", failures.len(), failures.join("\n"));
}
