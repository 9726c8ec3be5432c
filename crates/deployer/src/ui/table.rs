//! Tables with aligned columns, and bars.

use std::fmt;

/// Rows with aligned columns. Styles do not count towards the width.
#[derive(Debug, Clone, Default)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }
}

/// The number of visible characters.
fn width(cell: &str) -> usize {
    anstream::adapter::strip_str(cell).to_string().chars().count()
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widest = |column: usize| {
            self.rows.iter().filter_map(|row| row.get(column)).map(|cell| width(cell)).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(widest).collect();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, wide) in row.iter().zip(&widths) {
                line.push_str(cell);
                line.push_str(&" ".repeat(wide - width(cell) + 2));
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// A bar for a share between 0 and 1, at most `width` characters wide.
pub fn bar(share: f64, width: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    // Clamped first, so the cast cannot wrap.
    let eighths = (share.clamp(0.0, 1.0) * width as f64 * 8.0).round() as usize;
    format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::{GOOD, paint};

    #[test]
    fn columns_are_aligned_whatever_their_style() {
        let mut table = Table::default();
        table.row(["a".to_owned(), "long cell".to_owned(), "x".to_owned()]);
        table.row([paint(GOOD, "bbb"), "ü".to_owned(), "y".to_owned()]);
        let text = anstream::adapter::strip_str(&table.to_string()).to_string();
        assert_eq!(text, "a    long cell  x\nbbb  ü          y\n");
    }

    #[test]
    fn a_bar_fills_its_share() {
        assert_eq!(bar(1.0, 4), "████");
        assert_eq!(bar(0.5, 5), "██▌");
        assert_eq!((bar(0.0, 4), bar(-1.0, 4), bar(f64::NAN, 4)), (String::new(), String::new(), String::new()));
        assert_eq!(bar(7.0, 2), "██");
    }
}
