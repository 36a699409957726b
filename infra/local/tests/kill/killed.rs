//! `kill -9`: what the system was given stays, whatever the process still had in mind.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use crate::process::{Folder, Running, check, customer, has_all, in_order, set_up, settled_tasks};

const CUSTOMERS: usize = 8;
/// When the plug is pulled, in milliseconds after the first message of a round was acknowledged.
const PLUGS_MS: [u64; 6] = [0, 10, 30, 75, 150, 300];
/// How long the first acknowledgement may take.
const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_messages_survive_a_killed_process_and_go_on_by_themselves() {
    let unique = format!("switchboard-plug-{}", std::process::id());
    let folder = Folder(std::env::temp_dir().join(unique));
    let mut running = Running::start(&folder.0);
    let workspace = set_up(&running).await;
    let mut acknowledged: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (round, plug) in PLUGS_MS.into_iter().enumerate() {
        let (on, first) = (&running, &Notify::new());
        let sent = join_all((0..CUSTOMERS).flat_map(|number| {
            (0..4).map(move |count| async move {
                let (from, sid) =
                    (customer(number), format!("SM{round:08x}{number:08x}{count:016x}"));
                let delivered = on.delivers(&from, &sid).await;
                if delivered {
                    first.notify_one();
                }
                (from, sid, delivered)
            })
        }));
        let sent = timeout(Duration::from_secs(20), async {
            // The others are on their way while the plug is pulled.
            let (sent, ()) = tokio::join!(sent, async {
                // Where there is none, the count says so.
                let _ = timeout(PATIENCE, first.notified()).await;
                sleep(Duration::from_millis(plug)).await;
                on.stop_answering();
            });
            sent
        });
        for (from, sid, delivered) in sent.await.expect("no answer hangs") {
            if delivered {
                acknowledged.entry(from).or_default().push(sid);
            }
        }
        running.kill();
        has_all(&folder.0, &acknowledged);
        running = Running::start(&folder.0);
        // A message in whose midst a process dies five times is given up, as on AWS: it is done before the next plug.
        for (from, sids) in &acknowledged {
            check(&running, from, sids).await;
        }
    }
    let total: usize = acknowledged.values().map(Vec::len).sum();
    assert!(total > 0, "nothing was acknowledged: the plug is pulled too early");
    println!("{total} messages were acknowledged before a plug was pulled");
    let tasks = settled_tasks(&running, &workspace, acknowledged.len()).await;
    assert!(tasks.len() >= acknowledged.len());
    running.kill();
    in_order(&folder.0);
}
