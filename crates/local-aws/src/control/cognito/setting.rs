//! Settings that are kept as they were given, and what is checked of them.

use serde_json::{Map, Value};

use crate::protocol::{ApiError, input::Input};

/// What a setting is.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// Free text.
    Text,
    /// One of these.
    Choice(&'static [&'static str]),
    /// A whole number from, to.
    Whole(i64, i64),
    /// True or false.
    Flag,
    /// A list of strings, each one of these; none means any.
    Texts(&'static [&'static str]),
    /// A structure, kept unread.
    Structure,
    /// A list of structures, kept unread.
    Structures,
}

/// Takes the settings that the input names; an absent one is left out, which means its default.
pub(super) fn read(input: &Input<'_>, kinds: &[(&str, Kind)]) -> Result<Map<String, Value>, ApiError> {
    let mut settings = Map::new();
    for (name, kind) in kinds {
        let Some(value) = input.raw(name) else { continue };
        match kind {
            Kind::Text => input.text(name).map(|_| ())?,
            Kind::Choice(choices) => input.choice(name, choices).map(|_| ())?,
            Kind::Whole(least, most) => input.whole(name, *least..=*most).map(|_| ())?,
            Kind::Flag => input.flag(name).map(|_| ())?,
            Kind::Structure => input.structure(name).map(|_| ())?,
            Kind::Structures => input.structures(name).map(|_| ())?,
            Kind::Texts(choices) => {
                let items = input.texts(name)?.unwrap_or_default();
                if let Some(item) = items.iter().find(|item| !choices.is_empty() && !choices.contains(&item.as_str())) {
                    let set = format!("Member must satisfy enum value set: [{}]", choices.join(", "));
                    return Err(input.broken(name, &format!("'[{item}]'"), &set));
                }
            }
        }
        settings.insert((*name).to_owned(), value.clone());
    }
    Ok(settings)
}
