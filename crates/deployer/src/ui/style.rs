//! Colours and emphasis, by what they mean.

use anstyle::{AnsiColor, Style};

/// Success, or something that is added.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// Failure, or something that is removed.
pub const BAD: Style = AnsiColor::Red.on_default();
/// A change, or a warning.
pub const CHANGE: Style = AnsiColor::Yellow.on_default();
/// Detail.
pub const DIM: Style = Style::new().dimmed();
/// What the reader looks for.
pub const STRONG: Style = Style::new().bold();

/// Text in a style. Printing strips the style where colour is not wanted.
pub fn paint(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}
