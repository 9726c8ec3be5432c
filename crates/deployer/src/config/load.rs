//! Reads deploy.toml and reports every problem with it at once.

use std::path::Path;

use anyhow::{Context as _, anyhow};

use super::{checked::Config, flags::Flags, raw, rules, validate};
use crate::error::Failure;

impl Config {
    /// Reads deploy.toml and checks it together with the flags. All problems are one usage failure, whose cause has one
    /// line per problem.
    pub fn load(path: &Path, flags: &Flags<'_>) -> anyhow::Result<Self> {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(&shown, error))?;
        let absolute = std::path::absolute(path).with_context(|| Failure::usage(format!("locating {shown}")))?;

        let report = raw::Report::new(shown.clone(), &text);
        if let Err(problem) = rules::stage(flags.stage) {
            report.elsewhere(format_args!("--stage {:?} {problem}", flags.stage));
        }
        let config = match toml_edit::Document::parse(text.as_str()) {
            Ok(document) => Some(validate::config(&raw::Section::top(&report, document.as_table()), &absolute, flags)),
            Err(error) => {
                report.at(report.line_of(error.span()), format_args!("not TOML: {}", one_line(error.message())));
                None
            }
        };
        if let Some(region) = flags.region
            && let Err(problem) =
                rules::stack_region(config.as_ref().map_or("", |config| &config.name), flags.stage, region)
        {
            report.elsewhere(format_args!("--region {region:?} {problem}"));
        }
        let problems = report.into_lines();
        match (config, problems.len()) {
            (Some(config), 0) => Ok(config),
            (_, count) => {
                let plural = if count == 1 { "" } else { "s" };
                let failure = Failure::usage(format!("checking {shown}: {count} problem{plural}"));
                Err(anyhow!("{}", problems.join("\n")).context(failure))
            }
        }
    }

    /// Checks a Region that comes from the environment or a profile by the rules for `region`.
    pub fn check_region(&self, region: &str) -> anyhow::Result<()> {
        rules::stack_region(&self.name, &self.stage, region)
            .map_err(|problem| Failure::usage(format!("Region \"{region}\" {problem}")).into())
    }
}

/// Folds a message into one line: the report has one line per problem.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn unreadable(shown: &str, error: std::io::Error) -> anyhow::Error {
    let failure = Failure::usage(format!("reading {shown}"));
    let failure = match error.kind() {
        std::io::ErrorKind::NotFound => {
            failure.hint("run this in the folder that holds deploy.toml, or pass --config FILE")
        }
        _ => failure,
    };
    anyhow::Error::new(error).context(failure)
}
