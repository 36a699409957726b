//! `cargo run -- rehearse`: what another configuration of a workflow would have changed, as a table.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;
use switchboard_domain::sid::{WorkflowSid, WorkspaceSid};

use crate::cli::rest::Rest;

/// What is to be rehearsed, and where.
#[derive(Debug)]
pub(crate) struct Request {
    /// The running exchange.
    pub(crate) base_url: String,
    /// Its account.
    pub(crate) account_sid: String,
    /// The account's token.
    pub(crate) auth_token: String,
    /// The workspace.
    pub(crate) workspace: WorkspaceSid,
    /// The workflow.
    pub(crate) workflow: WorkflowSid,
    /// Its other configuration; none is the present one.
    pub(crate) configuration: Option<String>,
    /// This many minutes back from now.
    pub(crate) minutes: u32,
}

/// Reads a file with another configuration.
pub(crate) fn read(file: &Path) -> Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))
}

/// Asks the running exchange, and lays out what it answers.
pub(crate) async fn run(request: &Request) -> Result<String> {
    let rest = Rest::new(&request.base_url, &request.account_sid, &request.auth_token)?;
    let path = format!(
        "/taskrouter/v1/Workspaces/{}/Workflows/{}/Rehearsal",
        request.workspace, request.workflow
    );
    let mut form = vec![("Minutes", request.minutes.to_string())];
    form.extend(request.configuration.clone().map(|text| ("Configuration", text)));
    table(&rest.post(&path, &form).await?)
}

/// The answer of a rehearsal, in Markdown.
pub(crate) fn table(answer: &Value) -> Result<String> {
    let mut out = String::new();
    writeln!(
        out,
        "{} to {}, recorded events: {}",
        text(&answer["start_date"]),
        text(&answer["end_date"]),
        number(&answer["recorded_events"])?
    )?;
    out.push_str("\n| | then | now |\n|---|--:|--:|\n");
    writeln!(out, "| tasks | {0} | {0} |", number(&answer["tasks"])?)?;
    let accepted = &answer["accepted"];
    writeln!(out, "| accepted | {} | {} |", number(&accepted["then"])?, number(&accepted["now"])?)?;
    let fell_out = ["then", "now"].map(|when| number(&answer["fell_out"][when]["count"]));
    let [then, now] = fell_out;
    writeln!(out, "| fell out | {} | {} |", then?, now?)?;
    waits(&mut out, &answer["waits"])?;
    changed(&mut out, &answer["changed"])?;
    for when in ["then", "now"] {
        fallen(&mut out, when, &answer["fell_out"][when])?;
    }
    let assumed = &answer["assumed"];
    writeln!(
        out,
        "\nAssumed answers: {}, accepted after {}. A task of which nothing is known takes {}.",
        number(&assumed["answers"])?,
        seconds(&assumed["answer_after_ms"])?,
        seconds(&assumed["service_ms"])?
    )?;
    for rule in assumed["rules"].as_array().into_iter().flatten() {
        writeln!(out, "- {}.", text(rule))?;
    }
    Ok(out)
}

fn waits(out: &mut String, waits: &Value) -> Result<()> {
    let waits = waits.as_array().context("the answer has no waits")?;
    if waits.is_empty() {
        return Ok(());
    }
    out.push_str("\n| queue | | accepted | median | 95 % within | worst |\n");
    out.push_str("|---|---|--:|--:|--:|--:|\n");
    for queue in waits {
        for when in ["then", "now"] {
            let it = &queue[when];
            writeln!(
                out,
                "| {} | {when} | {} | {} | {} | {} |",
                name(queue, "task_queue"),
                number(&it["count"])?,
                seconds(&it["median_ms"])?,
                seconds(&it["percentile_95_ms"])?,
                seconds(&it["worst_ms"])?
            )?;
        }
    }
    Ok(())
}

fn changed(out: &mut String, changed: &Value) -> Result<()> {
    let count = number(&changed["count"])?;
    if count == 0 {
        out.push_str("\nNo assignment changes.\n");
        return Ok(());
    }
    writeln!(out, "\nAssignments that change: {count}\n")?;
    out.push_str("| task | then | now |\n|---|---|---|\n");
    for one in changed["assignments"].as_array().into_iter().flatten() {
        let (then, now) = (taken(&one["then"]), taken(&one["now"]));
        writeln!(out, "| {} | {then} | {now} |", text(&one["task_sid"]))?;
    }
    and_more(out, changed)
}

fn fallen(out: &mut String, when: &str, fallen: &Value) -> Result<()> {
    if number(&fallen["count"])? == 0 {
        return Ok(());
    }
    writeln!(out, "\nFell out {when}:\n")?;
    for task in fallen["task_sids"].as_array().into_iter().flatten() {
        writeln!(out, "- {}", text(task))?;
    }
    and_more(out, fallen)
}

fn and_more(out: &mut String, list: &Value) -> Result<()> {
    match number(&list["not_listed"])? {
        0 => {}
        rest => writeln!(out, "\nand {rest} more")?,
    }
    Ok(())
}

/// Who takes a task, in which queue.
fn taken(taken: &Value) -> String {
    match taken.is_null() {
        true => "nobody".to_owned(),
        false => format!("{} in {}", name(taken, "worker"), name(taken, "task_queue")),
    }
}

/// The name of something, or its identifier if it has none any more.
fn name(of: &Value, kind: &str) -> String {
    let name = of[format!("{kind}_name")].as_str();
    name.map_or_else(|| text(&of[format!("{kind}_sid")]), str::to_owned).replace('|', "\\|")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or("?").to_owned()
}

fn number(value: &Value) -> Result<u64> {
    value.as_u64().context("the answer is not that of a rehearsal")
}

fn seconds(value: &Value) -> Result<String> {
    if value.is_null() {
        return Ok("–".to_owned());
    }
    let tenths = number(value)? / 100;
    Ok(format!("{}.{} s", tenths / 10, tenths % 10))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// What the account's rehearsal answers, with everything in it that can be laid out.
    fn answer() -> Value {
        let waits = |count, worst| {
            json!({
                "count": count, "median_ms": 1500, "percentile_95_ms": 2000, "worst_ms": worst,
            })
        };
        let none = json!({
            "count": 0, "median_ms": null, "percentile_95_ms": null, "worst_ms": null,
        });
        json!({
            "start_date": "2026-11-22T10:00:00Z",
            "end_date": "2026-11-22T10:15:00Z",
            "recorded_events": 60,
            "tasks": 12,
            "accepted": { "then": 11, "now": 12 },
            "changed": {
                "count": 3,
                "assignments": [
                    {
                        "task_sid": "WT1",
                        "then": { "worker_name": "Ann", "task_queue_name": "Sales" },
                        "now": { "worker_name": "Bob|by", "task_queue_sid": "WQ2" },
                    },
                    { "task_sid": "WT2", "then": null, "now": null },
                ],
                "not_listed": 1,
            },
            "waits": [{
                "task_queue_name": "Sales", "then": waits(11, 2000), "now": waits(12, 61_250),
            }, {
                "task_queue_name": "Service", "then": waits(1, 2000), "now": none,
            }],
            "fell_out": {
                "then": { "count": 1, "task_sids": ["WT2"], "not_listed": 0 },
                "now": { "count": 0, "task_sids": [], "not_listed": 0 },
            },
            "assumed": {
                "answers": 2, "answer_after_ms": 4000, "service_ms": 300_000, "rules": ["So it is"],
            },
        })
    }

    #[test]
    fn an_answer_is_laid_out_as_tables() {
        let expected = "\
2026-11-22T10:00:00Z to 2026-11-22T10:15:00Z, recorded events: 60

| | then | now |
|---|--:|--:|
| tasks | 12 | 12 |
| accepted | 11 | 12 |
| fell out | 1 | 0 |

| queue | | accepted | median | 95 % within | worst |
|---|---|--:|--:|--:|--:|
| Sales | then | 11 | 1.5 s | 2.0 s | 2.0 s |
| Sales | now | 12 | 1.5 s | 2.0 s | 61.2 s |
| Service | then | 1 | 1.5 s | 2.0 s | 2.0 s |
| Service | now | 0 | – | – | – |

Assignments that change: 3

| task | then | now |
|---|---|---|
| WT1 | Ann in Sales | Bob\\|by in WQ2 |
| WT2 | nobody | nobody |

and 1 more

Fell out then:

- WT2

Assumed answers: 2, accepted after 4.0 s. A task of which nothing is known takes 300.0 s.
- So it is.
";
        assert_eq!(table(&answer()).unwrap(), expected);
        assert!(table(&json!({ "code": 20404 })).is_err());
    }
}
