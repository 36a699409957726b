//! What functions do and what they may do: every call of a busy day is in its function's policy.

use std::collections::BTreeSet;

use serde_norway::Value;
use switchboard_tests::Exchange;

/// Every (action, resource) that a role allows, named as the deployment names what was used.
fn allowed(function: &str) -> BTreeSet<(String, String)> {
    let document: Value = serde_norway::from_str(switchboard::template::TEMPLATE).unwrap();
    let pascal: String =
        function.split('-').map(|word| word[..1].to_uppercase() + &word[1..]).collect();
    let role = &document["Resources"][format!("{pascal}Role").as_str()]["Properties"];
    let mut allowed = BTreeSet::new();
    for statement in role["Policies"][0]["PolicyDocument"]["Statement"].as_sequence().unwrap() {
        for action in texts(&statement["Action"]) {
            for resource in texts(&statement["Resource"]) {
                allowed.insert((action.clone(), short(&resource)));
            }
        }
    }
    allowed
}

/// One text or several, behind tags such as `!GetAtt`.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Sequence(all) => all.iter().flat_map(texts).collect(),
        Value::Tagged(tagged) => texts(&tagged.value),
        Value::String(text) => vec![text.clone()],
        other => panic!("{other:?}"),
    }
}

/// `InboundQueue.Arn` → `inbound.fifo`, `${RoutingTable.Arn}/index/list` → `routing/index/list`.
fn short(resource: &str) -> String {
    let plain = resource.replace("${", "").replace('}', "").replace(".Arn", "");
    let (name, rest) =
        plain.split_once('/').map_or((plain.as_str(), ""), |(name, rest)| (name, rest));
    let stem = |suffix: &str| name.strip_suffix(suffix).map(str::to_lowercase);
    match (stem("Table"), stem("Queue")) {
        (Some(table), _) if rest.is_empty() => table,
        (Some(table), _) => format!("{table}/{rest}"),
        (None, Some(queue)) if ["receipts", "timers"].contains(&&*queue) => queue,
        (None, Some(queue)) => format!("{queue}.fifo"),
        (None, None) => plain,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_function_does_what_its_role_does_not_allow() {
    let exchange = Exchange::open().await;
    let customer = exchange.customer("+14155550160");
    customer.writes("hello").await;
    let conversation = customer.conversation().await;
    exchange.settles().await;
    let alice = exchange.agent("alice");
    let agent = match alice.reservations("pending").await.is_empty() {
        true => exchange.agent("bob"),
        false => alice,
    };
    agent.accepts().await;
    agent.replies(&conversation, "an answer").await;
    exchange.settles().await;
    exchange.ticks().await;
    let used = exchange.deployment.permissions();
    let mut checked = 0;
    let mut refused = Vec::new();
    for name in exchange.deployment.template().functions.keys() {
        let allowed = allowed(name);
        for permission in used.get(name).into_iter().flatten() {
            checked += 1;
            let wanted = (permission.action.clone(), permission.resource.clone());
            if !allowed.contains(&wanted) {
                refused.push(format!("{name}: {} on {}", wanted.0, wanted.1));
            }
        }
    }
    assert!(checked > 40, "only {checked} kinds of calls were made");
    assert!(refused.is_empty(), "{}", refused.join("\n"));
    exchange.rests().await;
}
