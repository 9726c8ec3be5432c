//! What goes into a template, and the files that come out.

use serde_json::Value;

use super::existing::Existing;
use crate::stack::Desired;

/// What is exported.
#[derive(Debug)]
pub struct Source<'a> {
    /// The stack, of [`symbol::stack_id`].
    pub desired: &'a Desired,
    /// The token domain's prefix.
    pub prefix: Prefix,
    /// The Region, where deploy.toml or an option names it.
    pub region: Option<&'a str>,
    /// The resources that are there and shall be kept.
    pub existing: Option<&'a Existing>,
}

/// Where the token domain's prefix comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prefix {
    /// This one: deploy.toml's, or that of a domain that is kept.
    Chosen(String),
    /// From name, stage, account and Region; for the account of the credentials it is this one, if there were any.
    Derived(Option<String>),
}

/// A file of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name.
    pub name: &'static str,
    /// All of it.
    pub text: String,
}

/// A template.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// Its files.
    pub files: Vec<File>,
    /// The one template as JSON, where the format has it.
    pub document: Option<Value>,
}

impl Source<'_> {
    /// Name of the function's zip beside the template.
    pub fn zip_name(&self) -> String {
        format!("{}.zip", self.desired.function.name)
    }

    /// `stack "mnist" in stage "dev"`
    pub(super) fn title(&self) -> String {
        let id = &self.desired.id;
        format!("Stack \"{}\" in stage \"{}\"", id.name, id.stage)
    }
}

/// What every template says of the ownership tags, in lines.
pub(super) const TAGS: [&str; 2] = [
    "The tags deployer:stack and deployer:stage let `deployer token` and `deployer predict` find the stack, and",
    "`deployer up` and `deployer down` change it. Without them deployer leaves it alone.",
];
