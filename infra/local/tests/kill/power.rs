//! The power goes: what was acknowledged was on the disk. The disk of these tests loses everything that was not
//! synced, so a process that answers before the sync fails them.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::{join, join_all};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use crate::disk::{Disk, While};
use crate::process::{Running, check, customer, has_all, in_order, set_up};

const CUSTOMERS: usize = 6;
const CLIENTS: usize = 4;
const CONVERSATIONS: &str = "/conversations/v1/Conversations";
/// When the power goes, in milliseconds after a message and a conversation were acknowledged.
const CUTS_MS: [u64; 5] = [1, 20, 60, 120, 250];
/// How long the first acknowledgement may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What was acknowledged.
#[derive(Default)]
struct Promised {
    /// Messages, by customer.
    messages: BTreeMap<String, Vec<String>>,
    /// Conversations that clients made, and the last name that each was given.
    made: BTreeMap<String, String>,
}

impl Promised {
    async fn hold(&self, on: &Running) {
        for (sid, name) in &self.made {
            let found = on.api(&format!("{CONVERSATIONS}/{sid}"), &[]).await;
            assert_eq!(found["friendly_name"], **name, "{sid}");
        }
        for (from, sids) in &self.messages {
            check(on, from, sids).await;
        }
    }
}

/// Customers write, one message after the other, until nobody answers.
async fn write(on: &Running, round: usize, first: &Notify) -> Vec<(String, String)> {
    let each = (0..CUSTOMERS).map(|number| async move {
        let (from, mut said) = (customer(number), Vec::new());
        for count in 0.. {
            let sid = format!("SM{round:08x}{number:08x}{count:016x}");
            match on.answer_to(&from, &sid).await {
                Some(200) => {
                    first.notify_one();
                    said.push((from.clone(), sid));
                }
                Some(status) => panic!("a message was answered {status}"),
                None => break,
            }
        }
        said
    });
    join_all(each).await.concat()
}

/// Clients make conversations and rename them, until nobody answers.
async fn make(on: &Running, round: usize, first: &Notify) -> Vec<(String, String)> {
    let each = (0..CLIENTS).map(|client| async move {
        let mut made = Vec::new();
        for count in 0.. {
            let name = format!("{round}-{client}-{count}");
            let Some((status, body)) = on.asked(CONVERSATIONS, &[("FriendlyName", &name)]).await
            else {
                break;
            };
            assert_eq!(status, 201, "{body}");
            let body: serde_json::Value = serde_json::from_str(&body).unwrap();
            let sid = body["sid"].as_str().unwrap().to_owned();
            made.push((sid.clone(), name.clone()));
            first.notify_one();
            let (path, name) = (format!("{CONVERSATIONS}/{sid}"), format!("{name} again"));
            let Some((status, body)) = on.asked(&path, &[("FriendlyName", &name)]).await else {
                // It may have either name.
                made.pop();
                break;
            };
            assert_eq!(status, 200, "{body}");
            made.push((sid, name));
        }
        made
    });
    join_all(each).await.concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_a_power_cut_and_goes_on_by_itself() {
    let mut disk = Disk::new("power");
    let mut running = disk.start();
    set_up(&running).await;
    let mut promised = Promised::default();
    for (round, cut) in CUTS_MS.into_iter().enumerate() {
        let (on, message, conversation) = (&running, &Notify::new(), &Notify::new());
        let busy = join(write(on, round, message), make(on, round, conversation));
        let cutting = async {
            // Where there is none, the count says so.
            let both = join(message.notified(), conversation.notified());
            let _ = timeout(PATIENCE, both).await;
            sleep(Duration::from_millis(cut)).await;
            on.stop_answering();
        };
        let busy = timeout(Duration::from_secs(20), join(busy, cutting)).await;
        let ((said, made), ()) = busy.expect("no answer hangs");
        disk.cut(running);
        for (from, sid) in said {
            promised.messages.entry(from).or_default().push(sid);
        }
        has_all(&disk.folder(), &promised.messages);
        promised.made.extend(made);
        running = disk.start();
        // Also before the power goes again: a message in whose midst it goes five times is given up.
        promised.hold(&running).await;
    }
    let messages: usize = promised.messages.values().map(Vec::len).sum();
    println!("{messages} messages and {} conversations were acknowledged", promised.made.len());
    assert!(messages > 0 && !promised.made.is_empty(), "the power is cut too early");
    disk.cut(running);
    in_order(&disk.folder());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_and_goes_on_when_there_is_room_again() {
    let mut disk = Disk::new("full");
    let running = disk.start();
    set_up(&running).await;
    let mut promised = Promised::default();
    let (before, after) = (format!("SM{:032x}", 1), format!("SM{:032x}", 2));
    assert_eq!(running.answer_to(&customer(0), &before).await, Some(200));
    check(&running, &customer(0), std::slice::from_ref(&before)).await;
    let sid = running.make(CONVERSATIONS, &[("FriendlyName", "before")]).await;
    promised.made.insert(sid, "before".to_owned());
    let there = count(&running).await;
    {
        let full = disk.full();
        let _full = While::is_there(&full);
        let refused = running.answer_to(&customer(0), &after).await.unwrap();
        assert!((500..600).contains(&refused), "a message was answered {refused}");
        let form = [("FriendlyName", "no room")];
        let (refused, body) = running.asked(CONVERSATIONS, &form).await.unwrap();
        assert!((500..600).contains(&refused), "a conversation was answered {refused}: {body}");
        assert_eq!(count(&running).await, there, "what is there is read, and nothing was made");
    }
    // The carrier tries again.
    assert_eq!(running.answer_to(&customer(0), &after).await, Some(200));
    let form = [("FriendlyName", "room")];
    let sid = running.make(CONVERSATIONS, &form).await;
    promised.made.insert(sid, "room".to_owned());
    promised.messages.insert(customer(0), vec![before, after]);
    promised.hold(&running).await;
    disk.cut(running);
    in_order(&disk.folder());
    promised.hold(&disk.start()).await;
}

async fn count(running: &Running) -> usize {
    running.all(CONVERSATIONS, "conversations").await.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_sync_that_failed_nothing_is_acknowledged_until_the_next_start() {
    let mut disk = Disk::new("broken");
    let running = disk.start();
    set_up(&running).await;
    let mut promised = Promised::default();
    let sid = running.make(CONVERSATIONS, &[("FriendlyName", "kept")]).await;
    promised.made.insert(sid, "kept".to_owned());
    {
        let broken = disk.broken();
        let _broken = While::is_there(&broken);
        let (refused, body) =
            running.asked(CONVERSATIONS, &[("FriendlyName", "lost")]).await.unwrap();
        assert!((500..600).contains(&refused), "a conversation was answered {refused}: {body}");
        let refused = running.answer_to(&customer(0), &format!("SM{:032x}", 1)).await.unwrap();
        assert!((500..600).contains(&refused), "a message was answered {refused}");
    }
    let (refused, _) = running.asked(CONVERSATIONS, &[("FriendlyName", "later")]).await.unwrap();
    assert!((500..600).contains(&refused), "a sync that follows proves nothing: {refused}");
    disk.cut(running);
    in_order(&disk.folder());
    let running = disk.start();
    promised.hold(&running).await;
    let sid = format!("SM{:032x}", 1);
    assert_eq!(running.answer_to(&customer(0), &sid).await, Some(200));
    check(&running, &customer(0), &[sid]).await;
}
