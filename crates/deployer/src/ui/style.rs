//! Colours and emphasis, by what they mean.

use anstyle::{AnsiColor, Style};

/// Something that went well, or is added.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// Something that failed, or is taken away.
pub const BAD: Style = AnsiColor::Red.on_default();
/// Something that changes.
pub const CHANGE: Style = AnsiColor::Yellow.on_default();
/// What may be overlooked.
pub const DIM: Style = Style::new().dimmed();
/// What is looked for.
pub const STRONG: Style = Style::new().bold();

/// Text in a style. What prints it strips the style where colour is not wanted.
pub fn paint(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}
