//! The user interface: the one part that prints. Results go to stdout, everything else to stderr.

mod plan_view;
mod printer;
mod progress;
mod style;
mod table;

pub use plan_view::PlanView;
pub use printer::{Format, Ui, WRITING};
pub use style::{BAD, DIM, GOOD, STRONG, paint};
pub use table::{Table, bar};
