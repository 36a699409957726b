//! A copy of the folder is taken while customers write: it holds everything that was acknowledged before it was
//! begun, keeps every invariant, and goes on by itself.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::{join, join_all};
use tokio::time::sleep;

use crate::process::{Folder, Running, check, customer, in_order, set_up, settled_tasks};

const CUSTOMERS: usize = 6;
const BACKUPS: usize = 4;

/// Runs the command, and returns what it says and whether it succeeded.
fn backup(from: &Path, to: &Path) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_switchboard"));
    let done = command.arg("--data").arg(from).arg("backup").arg(to).output().unwrap();
    let said = [done.stdout, done.stderr].concat();
    (done.status.success(), String::from_utf8(said).unwrap())
}

/// A customer writes until the backups are taken; returns what was acknowledged.
async fn write(on: &Running, number: usize, ended: &AtomicBool) -> Vec<String> {
    let (from, mut said) = (customer(number), Vec::new());
    for count in 0.. {
        if ended.load(Ordering::SeqCst) {
            break;
        }
        let sid = format!("SM{number:016x}{count:016x}");
        assert_eq!(on.answer_to(&from, &sid).await, Some(200));
        said.push(sid);
    }
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_running_exchange_has_everything_acknowledged_before_and_goes_on() {
    let root =
        Folder(std::env::temp_dir().join(format!("switchboard-backup-{}", std::process::id())));
    let folder = root.0.join("data");
    std::fs::create_dir_all(&root.0).unwrap();
    let running = Running::start(&folder);
    let workspace = set_up(&running).await;
    let (on, ended) = (&running, &AtomicBool::new(false));
    // A customer of each backup, who has been answered when it begins.
    let taking = async {
        for number in 0..BACKUPS {
            sleep(Duration::from_millis(100)).await;
            let sid = format!("SMffff{number:028x}");
            assert_eq!(on.answer_to(&customer(100 + number), &sid).await, Some(200));
            let (from, to) = (folder.clone(), root.0.join(number.to_string()));
            let taken = tokio::task::spawn_blocking(move || backup(&from, &to)).await.unwrap();
            assert!(taken.0, "{}", taken.1);
        }
        ended.store(true, Ordering::SeqCst);
    };
    let writing = join_all((0..CUSTOMERS).map(|number| write(on, number, ended)));
    let (said, ()) = join(writing, taking).await;
    println!("{} messages came while the backups were taken", said.concat().len());
    running.kill();

    for number in 0..BACKUPS {
        let copy = root.0.join(number.to_string());
        in_order(&copy);
        let restored = Running::start(&copy);
        for before in 0..=number {
            let sid = format!("SMffff{before:028x}");
            check(&restored, &customer(100 + before), &[sid]).await;
        }
        // Whoever was in the midst of it has one conversation with one task, and is understood as ever.
        let (from, sid) = (customer(0), format!("SMeeee{number:028x}"));
        assert_eq!(restored.answer_to(&from, &sid).await, Some(200));
        check(&restored, &from, &[sid]).await;
        settled_tasks(&restored, &workspace, number + 2).await;
        restored.kill();
        in_order(&copy);
    }
}

#[tokio::test]
async fn a_backup_goes_to_a_place_of_its_own_and_comes_from_a_data_folder() {
    let root =
        Folder(std::env::temp_dir().join(format!("switchboard-place-{}", std::process::id())));
    let (folder, copy) = (root.0.join("data"), root.0.join("deep/copy"));
    std::fs::create_dir_all(&root.0).unwrap();
    let (_, said) = backup(&folder, &copy);
    assert!(said.contains("tables.db cannot be read: is it a data folder?"), "{said}");
    Running::start(&folder).kill();
    let (is_done, said) = backup(&folder, &copy);
    assert!(is_done, "{said}");
    let (is_done, said) = backup(&folder, &copy);
    assert!(!is_done && said.contains("a backup goes to a place of its own"), "{said}");
    let cut_short = root.0.join("other.partial");
    std::fs::create_dir(&cut_short).unwrap();
    let (is_done, said) = backup(&folder, &root.0.join("other"));
    assert!(!is_done && said.contains("was cut short"), "{said}");
    let names = std::fs::read_dir(&copy).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.collect();
    names.sort();
    assert_eq!(names, ["media", "queues.db", "secrets.key", "tables.db"]);
}
