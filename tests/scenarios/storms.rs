//! Many at once: nothing lost, nothing twice.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use switchboard_tests::Exchange;

#[tokio::test(flavor = "multi_thread")]
async fn a_redelivered_webhook_is_one_message_also_when_both_come_at_once() {
    let exchange = Exchange::open().await;
    let customer = exchange.customer("+14155550110");
    let sid = "SM0123456789abcdef0123456789abcde0";
    let deliveries = join_all((0..20).map(|_| customer.delivers(sid, "only once"))).await;
    assert!(deliveries.iter().all(|status| *status == 200));
    exchange.settles().await;
    assert_eq!(customer.delivers(sid, "only once").await, 200);
    exchange.settles().await;
    let conversation = customer.conversation().await;
    assert_eq!(exchange.messages(&conversation).await.len(), 1);
    assert_eq!(exchange.conversations().await.len(), 1);
    assert_eq!(exchange.tasks().await.len(), 1);
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_first_messages_at_once_open_one_conversation() {
    let exchange = Exchange::open().await;
    let customer = exchange.customer("+14155550111");
    let ids = (0..200).map(|n| format!("SM{n:032x}"));
    let sent: Vec<(String, String)> = ids.map(|id| (id.clone(), format!("message {id}"))).collect();
    let answers = join_all(sent.iter().map(|(id, body)| customer.delivers(id, body))).await;
    assert!(answers.iter().all(|status| *status == 200));
    exchange.settles().await;
    let all = customer.conversations().await;
    assert_eq!(all.len(), 1, "one conversation");
    let conversation = customer.conversation().await;
    let messages = exchange.messages(&conversation).await;
    let indexes: Vec<u64> = messages.iter().filter_map(|one| one["index"].as_u64()).collect();
    assert_eq!(indexes, (0..200).collect::<Vec<u64>>(), "without gaps or doubles");
    let bodies: BTreeSet<&str> = messages.iter().filter_map(|one| one["body"].as_str()).collect();
    let expected: BTreeSet<&str> = sent.iter().map(|(_, body)| body.as_str()).collect();
    assert_eq!(bodies, expected);
    assert_eq!(exchange.tasks().await.len(), 1, "one task");
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_customers_at_once_never_overload_an_agent() {
    let exchange = Exchange::open().await;
    let people = (0..40).map(|n| exchange.customer(&format!("+141555502{n:02}")));
    let people: Vec<_> = people.collect();
    join_all(people.iter().map(|customer| customer.writes("me first"))).await;
    exchange.settles().await;
    let tasks = exchange.tasks().await;
    assert_eq!(tasks.len(), 40);
    let reserved = tasks.iter().filter(|task| task["assignment_status"] == "reserved").count();
    assert_eq!(reserved, 2, "alice and bob have room for one each");
    for name in ["alice", "bob"] {
        let agent = exchange.agent(name);
        for _ in 0..3 {
            assert_eq!(agent.reservations("pending").await.len(), 1, "{name}");
            let reservation = agent.accepts().await;
            assert_eq!(agent.reservations("pending").await.len(), 0, "{name} is full");
            let task = reservation["task_sid"].as_str().unwrap_or_default().to_owned();
            let path = format!("{}/Tasks/{task}", exchange.workspace);
            let done = [("AssignmentStatus", "completed"), ("Reason", "done")];
            exchange.api.post(&path, &done).await.ok();
            exchange.settles().await;
        }
    }
    exchange.rests().await;
}
