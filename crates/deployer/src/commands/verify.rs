//! `verify`: what the endpoint must answer and what it must refuse, as a table.

use std::fmt;

use anyhow::Result;
use serde::Serialize;

use super::{context::Context, stack};
use crate::{
    data_plane::{Client, now},
    outputs::Outputs,
    ui::{BAD, GOOD, STRONG, Table, paint},
    verify::{self, Group, Row},
};

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    outputs: Outputs,
    /// When it was verified, in seconds since the Unix epoch.
    verified_at: u64,
    passed: usize,
    failed: usize,
    checks: Vec<Row>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::default();
        let mut group = None;
        for row in &self.checks {
            if group.replace(row.group) != Some(row.group) {
                let cells = [paint(STRONG, title(row.group)), paint(STRONG, "expected"), paint(STRONG, "answered")];
                table.row([String::new()].into_iter().chain(cells));
            }
            let mark = if row.ok { paint(GOOD, "ok") } else { paint(BAD, "FAILED") };
            let answered = match (row.status, &row.problem) {
                (Some(status), Some(problem)) => format!("{status}, {problem}"),
                (Some(status), None) => status.to_string(),
                (None, problem) => problem.clone().unwrap_or_default(),
            };
            table.row([mark, row.check.clone(), row.expected.clone(), answered]);
        }
        write!(f, "{table}")?;
        writeln!(f, "\n{}: {} passed, {} failed", self.outputs.endpoint, self.passed, self.failed)
    }
}

fn title(group: Group) -> &'static str {
    match group {
        Group::Contract => "contract, with a token",
        Group::Token => "tokens",
        Group::Header => "headers",
        Group::Method => "methods",
        Group::Path => "paths",
    }
}

pub(super) async fn run(context: &Context) -> Result<u8> {
    let (outputs, secret) = stack::find(context, None).await?;
    let token = Client::new(&outputs)?.fetch_token(&outputs, &secret, &[]).await?.token;
    let has_preflight = !context.target.config.api.cors_origins.is_empty();
    let checklist = verify::Checklist::prepare(&outputs, &token, has_preflight).await?;
    let bar = context.ui.bar(checklist.len() as u64);
    let checks = checklist.run(|| bar.inc(1)).await;
    bar.finish_and_clear();
    let failed = checks.iter().filter(|row| !row.ok).count();
    let passed = checks.len() - failed;
    context.ui.print(&Report { outputs, verified_at: now(), passed, failed, checks })?;
    Ok(u8::from(failed > 0))
}
