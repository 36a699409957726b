//! Data folders that are not as they were left.

use std::fs;

use rusqlite::Connection;
use switchboard::{Deployment, Options};
use switchboard_domain::conversation::{Answers, Conversation, Defaults, Details, Lengths, Source};
use switchboard_domain::decision::Decision;
use switchboard_domain::process::conversation::{Command, decide};
use switchboard_domain::sid::{ConversationSid, ServiceSid, Sid as _};
use switchboard_domain::timestamp::{Millis, Timestamp};
use switchboard_store::key;

use crate::restarts::Folder;

const TABLES: &str = "tables.db";
const QUEUES: &str = "queues.db";

/// A folder that was used, with a message in a queue if that is wanted.
async fn used(name: &str, has_message: bool) -> Folder {
    let folder = Folder::new(name);
    let still = Options { is_driven: false, ..folder.options() };
    let deployment = Deployment::start(still).await.unwrap();
    if has_message {
        let send = deployment.sqs_client("test").send_message();
        let send = send.queue_url(deployment.queue_url("inbound.fifo")).message_body("waits");
        send.message_group_id("g").message_deduplication_id("d").send().await.unwrap();
    }
    deployment.stop().await;
    folder
}

async fn refused(folder: &Folder) -> String {
    let still = Options { is_driven: false, ..folder.options() };
    format!("{:#}", Deployment::start(still).await.unwrap_err())
}

async fn warned(folder: &Folder) -> Vec<String> {
    let still = Options { is_driven: false, ..folder.options() };
    let deployment = Deployment::start(still).await.unwrap();
    let warnings = deployment.warnings().to_vec();
    deployment.stop().await;
    warnings
}

#[tokio::test]
async fn a_damaged_file_is_called_damaged() {
    for file in [TABLES, QUEUES] {
        for damage in ["overwritten", "torn", "foreign"] {
            let folder = used(&format!("{damage}-{file}"), true).await;
            let path = folder.0.join(file);
            let mut bytes = fs::read(&path).unwrap();
            match damage {
                "overwritten" => bytes[4096..].fill(0x5a),
                "torn" => bytes.truncate(bytes.len() / 2),
                _ => bytes = b"This is a letter, and no database at all.".repeat(200),
            }
            fs::write(&path, bytes).unwrap();
            let said = refused(&folder).await;
            assert!(said.contains(file) && said.contains("damaged"), "{damage} {file}: {said}");
            assert!(!said.contains("in use"), "{damage} {file}: {said}");
        }
    }
}

fn version(folder: &Folder, file: &str) -> i64 {
    let connection = Connection::open(folder.0.join(file)).unwrap();
    connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

fn set_version(folder: &Folder, file: &str, version: i64) {
    let connection = Connection::open(folder.0.join(file)).unwrap();
    connection.pragma_update(None, "user_version", version).unwrap();
}

#[tokio::test]
async fn a_folder_says_its_version_and_another_version_is_named() {
    let folder = used("versions", true).await;
    let now = [TABLES, QUEUES].map(|file| version(&folder, file));
    assert!(now.iter().all(|version| *version > 0), "{now:?}");
    for (file, now) in [TABLES, QUEUES].into_iter().zip(now) {
        set_version(&folder, file, now + 7);
        let said = refused(&folder).await;
        let named =
            format!("later version of Switchboard (format {}, this one reads {now})", now + 7);
        assert!(said.contains(file) && said.contains(&named), "{said}");
        set_version(&folder, file, now);
    }
    // As it was left before there was a version.
    set_version(&folder, TABLES, 0);
    assert_eq!(warned(&folder).await, [] as [&str; 0]);
    assert_eq!(version(&folder, TABLES), now[0], "an older folder is taken over");
    set_version(&folder, QUEUES, 0);
    let said = refused(&folder).await;
    assert!(said.contains(QUEUES) && said.contains("earlier version"), "{said}");
}

#[tokio::test]
async fn somebody_elses_database_is_not_written_to() {
    for file in [TABLES, QUEUES] {
        let folder = Folder::new(&format!("foreign-{file}"));
        fs::create_dir_all(&folder.0).unwrap();
        let path = folder.0.join(file);
        let theirs = Connection::open(&path).unwrap();
        theirs.execute_batch("CREATE TABLE places (url TEXT)").unwrap();
        drop(theirs);
        let before = fs::read(&path).unwrap();
        let said = refused(&folder).await;
        assert!(said.contains(file) && said.contains("not written by Switchboard"), "{said}");
        assert_eq!(fs::read(&path).unwrap(), before);
    }
}

#[tokio::test]
async fn queues_that_speak_of_tables_that_are_gone_are_refused() {
    for missing in [true, false] {
        let folder = used(&format!("no-tables-{missing}"), true).await;
        let path = folder.0.join(TABLES);
        match missing {
            true => fs::remove_file(&path).unwrap(),
            false => fs::write(&path, "").unwrap(),
        }
        let said = refused(&folder).await;
        assert!(said.contains("messages (1)") && said.contains(TABLES), "{said}");
        assert!(fs::metadata(&path).map_or(0, |it| it.len()) == 0, "nothing was made in its place");
        fs::remove_file(folder.0.join(QUEUES)).unwrap();
        assert_eq!(warned(&folder).await, [] as [&str; 0], "an empty folder is nothing to mind");
    }
}

#[tokio::test]
async fn one_file_without_the_other_is_said_aloud() {
    let folder = used("alone", false).await;
    assert_eq!(warned(&folder).await, [] as [&str; 0]);
    for (gone, other) in [(TABLES, QUEUES), (QUEUES, TABLES)] {
        fs::remove_file(folder.0.join(gone)).unwrap();
        let warnings = warned(&folder).await;
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        let beside = format!("was missing or empty beside {other}");
        assert!(warnings[0].starts_with(gone) && warnings[0].contains(&beside), "{warnings:?}");
    }
}

/// Before conversations had timers and webhooks were tried again for days, no index had a row for them.
#[tokio::test]
async fn a_folder_from_before_an_index_gets_it() {
    const ATTRIBUTES: &str = "        - { AttributeName: dpk, AttributeType: S }
        - { AttributeName: dsk, AttributeType: S }
";
    const INDEX: &str = "        - IndexName: due
          KeySchema:
            - { AttributeName: dpk, KeyType: HASH }
            - { AttributeName: dsk, KeyType: RANGE }
          Projection: { ProjectionType: KEYS_ONLY }
";
    let folder = Folder::new("no-index");
    let template = Options::default().template;
    let earlier = template.replace(ATTRIBUTES, "").replace(INDEX, "");
    let tables = 2;
    assert_eq!(template.len() - earlier.len(), tables * (ATTRIBUTES.len() + INDEX.len()));
    let still = Options { is_driven: false, ..folder.options() };
    let sid = ConversationSid::derived(&["c"]);
    let of = |timers| {
        let defaults = Defaults { timers, ..Defaults::default() };
        Conversation::new(sid, ServiceSid::derived(&["s"]), defaults, Timestamp(0))
    };
    let options = Options { template: earlier, ..still.clone() };
    let deployment = Deployment::start(options).await.unwrap();
    let on = deployment.dependencies("conversations-api").unwrap();
    let _ = on.commit(&Decision::put(of(Lengths::default()))).await.unwrap();
    drop(on);
    deployment.stop().await;

    let deployment = Deployment::start(still).await.unwrap();
    let on = deployment.dependencies("conversations-api").unwrap();
    let found: Option<Conversation> = on.store.get(key::conversation(sid)).await.unwrap();
    let details = Details { inactive: Some(Some(Millis::seconds(60))), ..Details::default() };
    let (command, api) = (Command::Update(details), Source::Api { webhooks: false });
    let change = decide(&found.unwrap(), command, api, &Answers::NONE, Timestamp(0)).unwrap();
    let _ = on.commit(&change.into()).await.unwrap();
    drop(on);
    let due =
        deployment.dependencies("timer").unwrap().store.due(Timestamp(60_000), 10).await.unwrap();
    assert_eq!(
        due.iter().map(|one| (one.conversation, one.at.0)).collect::<Vec<_>>(),
        [(sid, 60_000)]
    );
    deployment.stop().await;
}
