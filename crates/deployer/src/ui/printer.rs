//! Prints results on stdout, as text or one JSON document, and everything else (plans, warnings, questions, errors) on
//! stderr.

use std::{
    fmt::Display,
    io::{self, BufRead as _, IsTerminal as _, Write as _},
};

use anyhow::Context as _;
use indicatif::{MultiProgress, ProgressDrawTarget};
use serde::Serialize;

use super::{
    plan_view::PlanView,
    style::{BAD, CHANGE, STRONG, paint},
};
use crate::{
    engine::{Plan, plan::Change},
    error::{Failure, kind_of},
};

/// The outermost message of an error about stdout.
pub const WRITING: &str = "writing to stdout";

/// The result of a command: one type that is text for people and a document for programs.
pub trait Output: Serialize + Display {}

impl<T: Serialize + Display> Output for T {}

/// Format of results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Text,
    /// One JSON document, errors included.
    Json,
}

/// Where a command prints.
#[derive(Debug, Clone)]
pub struct Ui {
    format: Format,
    quiet: bool,
    verbose: u8,
    /// Spinners and bars; hidden unless stderr is a terminal.
    live: MultiProgress,
}

impl Ui {
    pub fn new(format: Format, verbose: u8, quiet: bool) -> Self {
        let live = !quiet && io::stderr().is_terminal();
        let target = if live { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self { format, quiet, verbose, live: MultiProgress::with_draw_target(target) }
    }

    pub fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// How much more to print: 0, 1 or 2.
    pub fn verbosity(&self) -> u8 {
        self.verbose
    }

    /// Whether to print only results and errors.
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    pub fn print(&self, output: &impl Output) -> anyhow::Result<()> {
        let mut text = match self.format {
            Format::Json => serde_json::to_string_pretty(output).context("encoding the result")?,
            Format::Text => output.to_string(),
        };
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        self.live.suspend(|| {
            let mut stdout = anstream::stdout().lock();
            stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).context(WRITING)
        })
    }

    /// Shows a plan that is about to be applied.
    pub fn show_plan(&self, plan: &Plan) {
        if !self.quiet {
            let view = PlanView::new(&plan.changes, self.verbose > 0).left_behind(&plan.left_behind);
            self.stderr(&view.brief(self.verbose == 0).to_string());
        }
    }

    /// Shows what is about to be deleted.
    pub fn show_changes(&self, changes: &[Change]) {
        if !self.quiet {
            self.stderr(&PlanView::new(changes, self.verbose > 0).to_string());
        }
    }

    pub fn warn(&self, text: impl Display) {
        if !self.quiet {
            self.stderr(&format!("{}: {text}", paint(CHANGE, "warning")));
        }
    }

    /// Prints why a command failed: text on stderr, or a JSON document on stdout.
    pub fn error(&self, error: &anyhow::Error) {
        if self.is_json() {
            // If stdout is closed, nobody reads the error.
            let _ = self.print(&ErrorDocument::new(error));
        } else {
            self.stderr(&ErrorDocument::new(error).to_string());
        }
    }

    /// Asks a question that yes or no answers. Fails where stdin is not a terminal, because nobody could answer.
    pub async fn confirm(&self, question: &str) -> anyhow::Result<bool> {
        if !io::stdin().is_terminal() {
            let failure = Failure::refused(format!("not confirmed, because stdin is not a terminal: {question}"));
            return Err(failure.hint("pass --yes to continue without being asked").into());
        }
        self.live.suspend(|| {
            let mut stderr = anstream::stderr().lock();
            write!(stderr, "{question} {} ", paint(STRONG, "[y/N]")).and_then(|()| stderr.flush())
        })?;
        // On a thread of its own, so that an interrupt ends the wait.
        let answer = tokio::task::spawn_blocking(|| {
            let mut answer = String::new();
            io::stdin().lock().read_line(&mut answer).map(|_| answer)
        });
        let answer = answer.await?.context("reading the answer")?;
        Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
    }

    /// Where spinners and bars are drawn.
    pub(super) fn live(&self) -> &MultiProgress {
        &self.live
    }

    /// A progress bar for `len` items. It disappears when dropped, and is hidden without a terminal.
    pub fn bar(&self, len: u64) -> indicatif::ProgressBar {
        let bar = self.live.add(indicatif::ProgressBar::new(len));
        if let Ok(style) = indicatif::ProgressStyle::with_template("{wide_bar} {pos}/{len} {elapsed}") {
            bar.set_style(style);
        }
        bar
    }

    /// Writes a line to stderr, above what is drawn there.
    pub(super) fn stderr(&self, line: &str) {
        self.live.suspend(|| {
            // A closed stderr cannot be reported anywhere.
            let _ = writeln!(anstream::stderr().lock(), "{}", line.trim_end_matches('\n'));
        });
    }
}

/// `{"error":{…}}`, and its text.
#[derive(Debug, Serialize)]
struct ErrorDocument {
    error: ErrorBody,
}

#[derive(Debug, Serialize)]
struct ErrorBody {
    kind: &'static str,
    message: String,
    causes: Vec<String>,
    hint: Option<String>,
    /// Whether to show the causes as a list, because one has several lines.
    #[serde(skip)]
    listed: bool,
}

impl ErrorDocument {
    fn new(error: &anyhow::Error) -> Self {
        let mut messages: Vec<String> = Vec::new();
        for cause in error.chain().map(ToString::to_string) {
            // Many libraries' errors repeat their cause in their own message.
            if !messages.iter().any(|message| message.contains(&cause)) {
                messages.push(cause);
            }
        }
        let message = if messages.is_empty() { String::new() } else { messages.remove(0) };
        let listed = messages.iter().any(|cause| cause.trim_end().contains('\n'));
        let lines = messages.iter().flat_map(|cause| cause.lines()).filter(|line| !line.trim().is_empty());
        let causes = lines.map(str::to_owned).collect();
        let outer = error.downcast_ref::<Failure>().and_then(|failure| failure.hint.clone());
        let inner = || error.chain().filter_map(|cause| cause.downcast_ref::<Failure>()).find_map(|f| f.hint.clone());
        let hint = outer.or_else(inner);
        Self { error: ErrorBody { kind: kind_of(error).as_str(), message, causes, hint, listed } }
    }
}

impl Display for ErrorDocument {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ErrorBody { message, causes, hint, listed, .. } = &self.error;
        write!(f, "{}: {message}", paint(BAD.bold(), "error"))?;
        // A chain of causes continues the line. A list, or a program's output, goes below it.
        for cause in causes {
            write!(f, "{}{cause}", if *listed { "\n  " } else { ": " })?;
        }
        match hint {
            Some(hint) => write!(f, "\n{}: {hint}", paint(STRONG, "hint")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use anyhow::anyhow;

    use super::*;

    fn text(error: &anyhow::Error) -> String {
        anstream::adapter::strip_str(&ErrorDocument::new(error).to_string()).to_string()
    }

    #[test]
    fn an_error_is_message_causes_and_hint() {
        let error = anyhow!("connection refused")
            .context("sending the request")
            .context(Failure::failed("creating domain \"x\"").hint("set auth.domain in deploy.toml"));
        assert_eq!(
            text(&error),
            "error: creating domain \"x\": sending the request: connection refused\nhint: set auth.domain in deploy.toml"
        );
        let document = serde_json::to_value(ErrorDocument::new(&error)).unwrap();
        let expected = serde_json::json!({"error": {
            "kind": "failed",
            "message": "creating domain \"x\"",
            "causes": ["sending the request", "connection refused"],
            "hint": "set auth.domain in deploy.toml",
        }});
        assert_eq!(document, expected);
    }

    #[test]
    fn the_hint_of_an_inner_failure_is_kept() {
        let inner = Failure::refused("deleting pool").hint("pass --delete-users");
        let error = anyhow::Error::new(inner).context("taking the stack down");
        assert_eq!(text(&error), "error: taking the stack down: deleting pool\nhint: pass --delete-users");
        assert_eq!(ErrorDocument::new(&error).error.kind, "refused");
    }

    #[test]
    fn a_list_of_problems_goes_below_the_message() {
        let error = anyhow!("a\nb").context(Failure::usage("checking deploy.toml: 2 problems"));
        assert_eq!(text(&error), "error: checking deploy.toml: 2 problems\n  a\n  b");
    }

    #[test]
    fn a_repeated_cause_is_printed_once() {
        let error = anyhow!("refused").context("connecting: refused");
        assert_eq!(text(&error), "error: connecting: refused");
    }

    #[tokio::test]
    async fn without_a_terminal_a_question_is_refused() {
        // Where the tests themselves run on a terminal, it would wait for an answer.
        if !io::stdin().is_terminal() {
            let error = Ui::new(Format::Text, 0, true).confirm("Delete?").await.unwrap_err();
            assert_eq!(kind_of(&error).exit_code(), 3);
        }
    }
}
