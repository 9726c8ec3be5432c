//! A plan as text for people.

use std::fmt;

use anstyle::Style;
use serde_json::Value;

use super::{
    style::{BAD, CHANGE, DIM, GOOD, paint},
    table::Table,
};
use crate::{
    change::Action,
    engine::plan::{Change, LeftBehind},
};

/// A plan, change by change, with a summary.
#[derive(Debug, Clone, Copy)]
pub struct PlanView<'a> {
    changes: &'a [Change],
    left_behind: &'a [LeftBehind],
    with_unchanged: bool,
    brief: bool,
}

impl<'a> PlanView<'a> {
    /// Lists unchanged resources if asked to, and always counts them.
    pub fn new(changes: &'a [Change], with_unchanged: bool) -> Self {
        Self { changes, left_behind: &[], with_unchanged, brief: false }
    }

    /// Adds other stacks that stay as they are.
    #[must_use]
    pub fn left_behind(self, left_behind: &'a [LeftBehind]) -> Self {
        Self { left_behind, ..self }
    }

    /// Leaves out the fields of created resources.
    #[must_use]
    pub fn brief(self, brief: bool) -> Self {
        Self { brief, ..self }
    }
}

/// The colour of an action.
pub(super) fn style(action: Action) -> Style {
    match action {
        Action::Create => GOOD,
        Action::Update | Action::Adopt => CHANGE,
        Action::Replace | Action::Delete => BAD,
        Action::NoOp => DIM,
    }
}

impl fmt::Display for PlanView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |change: &&Change| self.with_unchanged || change.action != Action::NoOp;
        // One table for all rows, so that they align. The differences go between its lines.
        let mut table = Table::default();
        for change in self.changes.iter().filter(shown) {
            let style = style(change.action);
            let symbol = paint(style, format_args!("  {} {}", change.action.symbol(), change.resource.as_str()));
            let reason = change.reason.as_ref().map(|reason| paint(DIM, reason));
            table.row([symbol, change.id.clone().unwrap_or_default(), reason.unwrap_or_default()]);
        }
        let rows = table.to_string();
        for (row, change) in rows.lines().zip(self.changes.iter().filter(shown)) {
            writeln!(f, "{row}")?;
            let created = change.action == Action::Create;
            for diff in change.diff.iter().filter(|_| !(created && self.brief)) {
                let (actual, desired) = (value(&diff.actual), value(&diff.desired));
                if created && diff.actual.is_null() {
                    writeln!(f, "      {}: {}", diff.field, paint(GOOD, desired))?;
                } else {
                    writeln!(f, "      {}: {} → {}", diff.field, paint(BAD, actual), paint(GOOD, desired))?;
                }
            }
        }
        writeln!(f, "{}", summary(self.changes))?;
        for other in self.left_behind {
            let names: Vec<String> =
                other.resources.iter().map(|(kind, id)| format!("{} {id}", kind.as_str())).collect();
            let (stack, stage, names) = (&other.stack, &other.stage, names.join(", "));
            writeln!(f, "Stack {stack} in stage {stage} stays as it is: {names}.")?;
            writeln!(f, "If you renamed that stack, delete it: set name = \"{stack}\" and run `deployer down`.")?;
        }
        Ok(())
    }
}

fn value(value: &Value) -> String {
    match value {
        Value::Null => "(none)".to_owned(),
        other => other.to_string(),
    }
}

fn summary(changes: &[Change]) -> String {
    let count = |action| changes.iter().filter(|change| change.action == action).count();
    let unchanged = count(Action::NoOp);
    let verbs = [
        (Action::Create, "to create"),
        (Action::Update, "to update"),
        (Action::Adopt, "to adopt"),
        (Action::Replace, "to replace"),
        (Action::Delete, "to delete"),
    ];
    let counted = verbs.iter().map(|(action, verb)| (count(*action), verb)).filter(|(number, _)| *number > 0);
    let mut parts: Vec<String> = counted.map(|(number, verb)| format!("{number} {verb}")).collect();
    if parts.is_empty() {
        return format!("Nothing to do: {unchanged} resources unchanged.");
    }
    if unchanged > 0 {
        parts.push(format!("{unchanged} unchanged"));
    }
    format!("Plan: {}.", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::change::{FieldDiff, ResourceKind};

    fn change(resource: ResourceKind, action: Action) -> Change {
        Change { resource, action, id: None, reason: None, diff: Vec::new() }
    }

    fn text(changes: &[Change], with_unchanged: bool) -> String {
        anstream::adapter::strip_str(&PlanView::new(changes, with_unchanged).to_string()).to_string()
    }

    #[test]
    fn a_plan_reads_top_down() {
        let mut function = change(ResourceKind::Function, Action::Update);
        function.id = Some("mnist-dev".into());
        function.diff = vec![
            FieldDiff { field: "memory_mb".into(), desired: json!(2048), actual: json!(1024) },
            FieldDiff { field: "tags.deployer:stage".into(), desired: json!("dev"), actual: Value::Null },
        ];
        let mut deployment = change(ResourceKind::Deployment, Action::Replace);
        deployment.reason = Some("method changed since the last deployment".into());
        let changes = [
            change(ResourceKind::UserPool, Action::Create),
            change(ResourceKind::Role, Action::NoOp),
            function,
            deployment,
            change(ResourceKind::Method, Action::Delete),
            change(ResourceKind::LogGroup, Action::Adopt),
        ];
        let expected = "  \
  + user_pool
  ~ function    mnist-dev
      memory_mb: 1024 → 2048
      tags.deployer:stage: (none) → \"dev\"
  ± deployment             method changed since the last deployment
  - method
  > log_group
Plan: 1 to create, 1 to update, 1 to adopt, 1 to replace, 1 to delete, 1 unchanged.
";
        assert_eq!(text(&changes, false), expected);
        assert!(text(&changes, true).contains("\n  • role\n"));
    }

    #[test]
    fn a_plan_without_changes_says_so() {
        let changes = [change(ResourceKind::Role, Action::NoOp), change(ResourceKind::Stage, Action::NoOp)];
        assert_eq!(text(&changes, false), "Nothing to do: 2 resources unchanged.\n");
    }
}
