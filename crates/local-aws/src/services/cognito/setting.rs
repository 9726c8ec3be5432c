//! Settings that are stored as sent. `model` has checked their types and limits before.

use serde_json::{Map, Value};

use crate::input::Input;

/// Reads the named settings; absent ones have their default.
pub(super) fn read(input: &Input<'_>, names: &[&str]) -> Map<String, Value> {
    let given = names.iter().filter_map(|name| Some(((*name).to_owned(), input.raw(name)?.clone())));
    given.collect()
}
