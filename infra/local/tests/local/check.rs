use std::process::{Command, Output};

use aws_sdk_dynamodb::types::AttributeValue;
use switchboard::check::{self, folder};
use switchboard::stub_carrier::StubCarrier;
use switchboard::{Deployment, Options, demo};
use switchboard_check::{Facts, History, Moment, Snapshot};
use switchboard_domain::record::Record;
use switchboard_store::TableNames;
use switchboard_store::key::Place;

use crate::PATIENCE;
use crate::restarts::Folder;

const BOUND: &str = "a binding and an open conversation's participant on a channel belong together";

/// A deployment on a folder in which a customer was served.
async fn served(folder: &Folder) -> (Deployment, StubCarrier) {
    let options = folder.options();
    let account = options.account_sid.parse().unwrap();
    let carrier = StubCarrier::start(account, &options.auth_token).await.unwrap();
    let options = Options { carrier_base_url: Some(carrier.base_url()), ..options };
    let deployment = Deployment::start(options).await.unwrap();
    // Some carriers report where they were told to once and for all.
    carrier.register(deployment.base_url());
    demo::run(&deployment, Some(&carrier), &demo::carriers(None)).await.unwrap();
    deployment.drained(PATIENCE).await.unwrap();
    (deployment, carrier)
}

/// The binding of the conversation is taken away behind everybody's back.
async fn unbind(deployment: &Deployment, snapshot: &Snapshot) {
    let binding = snapshot.records.iter().find(|it| matches!(it, Record::AddressBinding(_)));
    let key = Place::of(binding.unwrap()).key;
    let delete = deployment.dynamodb("test").delete_item();
    let delete = delete.table_name(deployment.table_name("conversations"));
    let delete = delete.key("pk", AttributeValue::S(key.pk)).key("sk", AttributeValue::S(key.sk));
    delete.send().await.unwrap();
}

/// The command, as somebody at a terminal gives it.
fn checked(folder: &Folder) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_switchboard"));
    command.args(["check", "--at-rest", "--data"]).arg(&folder.0).output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_served_customer_leaves_tables_in_order_and_what_is_broken_by_hand_is_told() {
    let folder = Folder::new("check");
    let (deployment, carrier) = served(&folder).await;
    let snapshot = check::embedded(&deployment).unwrap();
    let now = deployment.dependencies("timer").unwrap().now();
    let facts = Facts { now, ..Facts::default() };
    assert_eq!(snapshot.violations(Some(&facts), Moment::Rest), []);
    for kind in ["Conversation", "Interaction", "Task", "Worker", "PhoneNumber"] {
        assert!(snapshot.records.iter().any(|record| record.kind() == kind), "no {kind}");
    }
    same_by_every_road(&deployment, &folder, &snapshot).await;
    let intact = checked(&folder);
    let told = String::from_utf8(intact.stdout).unwrap();
    assert!(intact.status.success() && told.contains("every invariant holds"), "{told}");

    unbind(&deployment, &snapshot).await;
    let broken = check::embedded(&deployment).unwrap();
    let found = broken.violations(Some(&facts), Moment::Step);
    assert_eq!(found.iter().map(|one| one.invariant).collect::<Vec<_>>(), [BOUND]);
    let mut history = History::new();
    assert_eq!(history.follow(snapshot), []);
    assert_eq!(
        history.follow(broken),
        [],
        "a binding may go; that it is missing is another matter"
    );
    deployment.stop().await;
    carrier.stop();
    let broken = checked(&folder);
    let told = String::from_utf8(broken.stdout).unwrap();
    assert_eq!(broken.status.code(), Some(1), "{told}");
    assert!(told.contains(BOUND), "{told}");
    assert!(!told.contains("+1"), "an address in {told}");
}

/// A snapshot is the same from inside, by the SDK, and from the folder.
async fn same_by_every_road(deployment: &Deployment, of: &Folder, snapshot: &Snapshot) {
    let name = |table: &str| Some(deployment.table_name(table));
    let names = TableNames {
        conversations: name("conversations"),
        interactions: name("interactions"),
        routing: name("routing"),
        configuration: name("configuration"),
        events: name("events"),
    };
    let scanned = check::scan(&deployment.dynamodb("test"), &names).await.unwrap();
    let sorted = |snapshot: &Snapshot| {
        let mut all: Vec<String> =
            snapshot.records.iter().map(|record| format!("{record:?}")).collect();
        all.sort_unstable();
        all
    };
    assert_eq!(sorted(&scanned), sorted(snapshot));
    assert_eq!(sorted(&folder::read(&of.0).unwrap()), sorted(snapshot));
    let names = TableNames { routing: name("routing"), ..TableNames::default() };
    let only = check::scan(&deployment.dynamodb("test"), &names).await.unwrap();
    assert_eq!(only.tables, [switchboard_store::Table::Routing]);
}

#[test]
fn the_command_says_what_it_needs() {
    let folder = Folder::new("nothing-to-check");
    let missing = checked(&folder);
    let told = String::from_utf8(missing.stderr).unwrap();
    assert!(!missing.status.success() && told.contains("is it a data folder?"), "{told}");
    let mut command = Command::new(env!("CARGO_BIN_EXE_switchboard"));
    for name in ["CONVERSATIONS", "INTERACTIONS", "ROUTING", "CONFIGURATION"] {
        command.env_remove(format!("TABLE_{name}"));
    }
    let unnamed = command.arg("check").output().unwrap();
    let told = String::from_utf8(unnamed.stderr).unwrap();
    assert!(!unnamed.status.success() && told.contains("TABLE_ROUTING"), "{told}");
}
