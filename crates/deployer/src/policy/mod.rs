//! The smallest IAM policy that allows the deployer's commands. One table lists the permissions of each call, and the
//! document is built from it. Pure.

mod scope;
mod table;

#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, fmt};

use serde::Serialize;
use serde_json::Value;

use self::{
    scope::Scope,
    table::{Access, TABLE},
};
use crate::names::StackId;

/// An identity-based policy, as IAM takes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Document {
    version: &'static str,
    statement: Vec<Statement>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    sid: &'static str,
    effect: &'static str,
    action: Vec<&'static str>,
    resource: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<Value>,
}

impl Document {
    /// The policy for one stack; with `read_only`, only for the commands that change nothing.
    pub fn new(id: &StackId, read_only: bool) -> Self {
        let statement = Scope::ALL.into_iter().filter_map(|scope| {
            let rows = TABLE.iter().filter(|row| row.scope == scope && (row.access == Access::Read || !read_only));
            let action: BTreeSet<&'static str> = rows.map(table::Row::action).collect();
            (!action.is_empty()).then(|| Statement {
                sid: scope.sid(),
                effect: "Allow",
                action: action.into_iter().collect(),
                resource: scope.resources(id),
                condition: scope.condition(id),
            })
        });
        Self { version: "2012-10-17", statement: statement.collect() }
    }
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = serde_json::to_string_pretty(self).map_err(|_| fmt::Error)?;
        f.write_str(&text)
    }
}
