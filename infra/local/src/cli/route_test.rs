//! `cargo run -- route-test`: whether a workflow passes its routing test cases, as a table.

use std::fmt::Write as _;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use switchboard_domain::sid::{WorkflowSid, WorkspaceSid};

use crate::cli::rest::Rest;
use crate::cli::terminal;

/// What is to be tested, and where.
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
    /// Another configuration of it; none is the present one.
    pub(crate) configuration: Option<String>,
}

/// Asks the running exchange and says what it answers; an error if a test case fails.
pub(crate) async fn run(request: &Request) -> Result<()> {
    let rest = Rest::new(&request.base_url, &request.account_sid, &request.auth_token)?;
    let path = format!(
        "/taskrouter/v1/Workspaces/{}/Workflows/{}/RoutingTests/Run",
        request.workspace, request.workflow
    );
    let form: Vec<_> =
        request.configuration.clone().map(|text| ("Configuration", text)).into_iter().collect();
    let (table, failed) = table(&rest.post(&path, &form).await?)?;
    terminal::say(table.trim_end());
    ensure!(failed == 0, "routing tests failed: {failed}");
    Ok(())
}

/// The answer in Markdown, and how many tasks did not go as they were to go.
fn table(answer: &Value) -> Result<(String, u64)> {
    let tasks = answer["tasks"].as_u64().context("the answer is not that of routing tests")?;
    let failed = answer["failed"].as_u64().context("the answer is not that of routing tests")?;
    let mut out = format!("{tasks} tasks, {failed} failed\n");
    let outcomes = answer["outcomes"].as_array().context("the answer has no outcomes")?;
    if !outcomes.is_empty() {
        out.push_str("\n| test | task | queue | worker | |\n|---|--:|---|---|---|\n");
    }
    for one in outcomes {
        let found = &one["found"];
        writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            text(&one["unique_name"]),
            one["task"],
            name(found, "task_queue"),
            name(found, "worker"),
            one["difference"].as_str().unwrap_or("passed").replace('|', "\\|")
        )?;
    }
    Ok((out, failed))
}

/// The name of something, its identifier if it has none, or a dash.
fn name(of: &Value, kind: &str) -> String {
    let name = of[format!("{kind}_name")].as_str();
    name.map_or_else(|| text(&of[format!("{kind}_sid")]), str::to_owned).replace('|', "\\|")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or("–").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_answer_is_laid_out_as_a_table() {
        let answer = json!({
            "tasks": 2,
            "failed": 1,
            "outcomes": [
                {
                    "unique_name": "sales", "task": 1, "difference": null,
                    "found": { "task_queue_name": "Sales|EU", "worker_sid": "WK1" },
                },
                {
                    "unique_name": "sales", "task": 2,
                    "difference": "expected queue Sales (WQ1), found none",
                    "found": { "task_queue_sid": null, "worker_sid": null },
                },
            ],
        });
        let expected = "\
2 tasks, 1 failed

| test | task | queue | worker | |
|---|--:|---|---|---|
| sales | 1 | Sales\\|EU | WK1 | passed |
| sales | 2 | – | – | expected queue Sales (WQ1), found none |
";
        assert_eq!(table(&answer).unwrap(), (expected.to_owned(), 1));
        assert_eq!(table(&json!({ "tasks": 0, "failed": 0, "outcomes": [] })).unwrap().1, 0);
        assert!(table(&json!({ "code": 20404 })).is_err());
    }
}
