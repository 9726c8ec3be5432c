//! The types that all layers share to describe a change: the kind of resource, what was observed, which fields differ,
//! what is done about it, and the events that report it.
//!
//! It imports only `names`, and nothing from the layers above.

mod action;
mod diff;
mod event;
mod kind;
mod observed;
mod step;
mod timeline;

pub use action::Action;
pub use diff::{Diff, FieldDiff, KNOWN_AFTER_APPLY, sorted};
pub use event::{Event, Events};
pub use kind::ResourceKind;
pub use observed::Observed;
pub use step::Step;
pub use timeline::{Critical, Timeline};
