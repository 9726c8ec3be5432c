//! Settings that are kept as they were given; their types and limits are checked against the model before.

use serde_json::{Map, Value};

use crate::input::Input;

/// Takes the settings that the input names; an absent one is left out, which means its default.
pub(super) fn read(input: &Input<'_>, names: &[&str]) -> Map<String, Value> {
    let given = names.iter().filter_map(|name| Some(((*name).to_owned(), input.raw(name)?.clone())));
    given.collect()
}
