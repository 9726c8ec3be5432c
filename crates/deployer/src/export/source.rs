//! What goes into a template, and the files that come out.

use serde_json::Value;

use super::existing::Existing;
use crate::stack::Desired;

/// The stack to export.
#[derive(Debug)]
pub struct Source<'a> {
    /// The stack, derived for `symbol::stack_id`.
    pub desired: &'a Desired,
    /// The token domain's prefix.
    pub prefix: Prefix,
    /// The Region, if deploy.toml or a flag names it.
    pub region: Option<&'a str>,
    /// The running stack's resources, to be imported.
    pub existing: Option<&'a Existing>,
}

/// Where the token domain's prefix comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prefix {
    /// From deploy.toml, or from an existing domain that is imported.
    Chosen(String),
    /// Derived from name, stage, account and Region. The value is known if the credentials reveal the account.
    Derived(Option<String>),
}

/// A file of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    pub name: &'static str,
    pub text: String,
}

/// A template.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    pub files: Vec<File>,
    /// The template as JSON, if the format has a JSON form.
    pub document: Option<Value>,
}

impl Source<'_> {
    /// Name of the function's zip, next to the template.
    pub fn zip_name(&self) -> String {
        format!("{}.zip", self.desired.function.name)
    }

    /// `stack "mnist" in stage "dev"`
    pub(super) fn title(&self) -> String {
        let id = &self.desired.id;
        format!("Stack \"{}\" in stage \"{}\"", id.name, id.stage)
    }
}

/// What the comments of every template say about the ownership tags.
pub(super) const TAGS: [&str; 2] = [
    "The tags deployer:stack and deployer:stage let `deployer token` and `deployer predict` find the stack, and",
    "`deployer up` and `deployer down` change it. Without them, deployer leaves it alone.",
];
