//! Labels in JSON and YAML: lists, dicts from number to label or back, and the files of the frameworks that hold one.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    listed::{Entry, Listed, Place, Problem},
    numbers::{self, Numbered},
};

/// Where documents keep their labels, the best first: Hugging Face, Ultralytics, timm, Teachable Machine, COCO.
const KEYS: [&str; 12] = [
    "id2label",
    "label2id",
    "names",
    "label_names",
    "labels",
    "class_names",
    "classes",
    "class_to_idx",
    "categories",
    "idx_to_class",
    "pretrained_cfg",
    "class_indices",
];
/// The member that names a class in an object, the best first.
const NAMES: [&str; 5] = ["display_name", "name", "label", "class_name", "title"];

pub(super) fn json(text: &str) -> Result<Listed, Problem> {
    let value: Value = serde_json::from_str(text).map_err(|error| {
        let what = error.to_string();
        let what = what.split(" at line ").next().unwrap_or(&what).to_owned();
        Problem { line: Some(error.line()), text: format!("not JSON: {what}") }
    })?;
    from_value(&value)
}

/// YAML's scalars are read as the text that they are: a label may be `no` or `True`.
pub(super) fn yaml(text: &str) -> Result<Listed, Problem> {
    #[derive(Deserialize)]
    struct ListOf {
        names: Vec<String>,
    }
    #[derive(Deserialize)]
    struct MapOf {
        names: BTreeMap<String, String>,
    }
    let list = |names: Vec<String>| Value::from(names);
    let map = |names: BTreeMap<String, String>| Value::Object(names.into_iter().map(|(k, v)| (k, v.into())).collect());
    let value = serde_saphyr::from_str::<ListOf>(text).map(|all| list(all.names));
    let value = value.or_else(|_| serde_saphyr::from_str::<MapOf>(text).map(|all| map(all.names)));
    let value = value.or_else(|_| serde_saphyr::from_str(text).map(list));
    let value = value.or_else(|_| serde_saphyr::from_str(text).map(map));
    from_value(&value.map_err(|_| Problem::new("it is no YAML with a list or map of labels in it, such as names:"))?)
}

const LIST: &str = "a list";
const BY_NUMBER: &str = "a map from number to label";
const BY_LABEL: &str = "a map from label to number";

fn from_value(value: &Value) -> Result<Listed, Problem> {
    match value {
        Value::Array(items) => from_list(items),
        Value::Object(members) => from_object(members),
        _ => Err(Problem::new("it is neither a list nor an object")),
    }
}

fn from_list(items: &[Value]) -> Result<Listed, Problem> {
    let number = |item: &Value| ["id", "index", "class_id"].iter().find_map(|key| index(item.get(key)?));
    if !items.is_empty() && items.iter().all(|item| item.is_object() && number(item).is_some()) {
        let labels = items.iter().enumerate().map(|(class, item)| {
            let entry = Entry { name: name(item, class)?, place: Place::Class(class) };
            Ok(Numbered { number: number(item).unwrap_or_default(), entry })
        });
        return ordered(labels.collect::<Result<_, Problem>>()?, BY_NUMBER);
    }
    let entry = |(class, item)| Ok(Entry { name: name(item, class)?, place: Place::Class(class) });
    Ok(Listed::new(items.iter().enumerate().map(entry).collect::<Result<_, Problem>>()?, LIST))
}

fn from_object(members: &Map<String, Value>) -> Result<Listed, Problem> {
    if members.is_empty() {
        return Err(Problem::new("it holds no labels"));
    }
    let by_number = members.keys().all(|key| numbers::number(key).is_some());
    let by_label = members.values().all(|value| index(value).is_some());
    match (by_number, by_label) {
        (true, false) => from_numbers(members),
        (false, true) => from_labels(members),
        (true, true) => match (from_numbers(members), from_labels(members)) {
            (Ok(one), Ok(other)) => {
                let names = |listed: &Listed| -> Vec<String> {
                    listed.entries.iter().map(|entry| entry.name.clone()).collect()
                };
                match names(&one) == names(&other) {
                    true => Ok(one),
                    false => Err(Problem::new(
                        "both its keys and its values count the classes; write the labels as a JSON list",
                    )),
                }
            }
            (Ok(one), Err(_)) | (Err(_), Ok(one)) => Ok(one),
            (Err(problem), Err(_)) => Err(problem),
        },
        (false, false) => from_document(members),
    }
}

/// `{"0": "cat"}`, and Keras's `{"0": ["n01440764", "tench"]}`.
fn from_numbers(members: &Map<String, Value>) -> Result<Listed, Problem> {
    let labels = members.iter().map(|(key, value)| {
        let number = numbers::number(key).unwrap_or_default();
        Ok(Numbered { number, entry: Entry { name: name(value, number)?, place: Place::Class(number) } })
    });
    ordered(labels.collect::<Result<_, Problem>>()?, BY_NUMBER)
}

/// `{"cat": 0}`
fn from_labels(members: &Map<String, Value>) -> Result<Listed, Problem> {
    let label = |(key, value): (&String, &Value)| {
        let number = index(value).unwrap_or_default();
        Numbered { number, entry: Entry { name: key.clone(), place: Place::Class(number) } }
    };
    ordered(members.iter().map(label).collect(), BY_LABEL)
}

/// A document of a framework.
fn from_document(members: &Map<String, Value>) -> Result<Listed, Problem> {
    let found = |key: &&str| members.get(*key).filter(|value| value.is_array() || value.is_object());
    let Some(value) = KEYS.iter().find_map(found) else {
        let names: Vec<&str> = members.keys().map(String::as_str).take(5).collect();
        return Err(Problem::new(format!(
            "it holds no labels that can be told apart; its keys are {}",
            names.join(", ")
        )));
    };
    let listed = from_value(value)?;
    if let (Some(forward), Some(backward)) = (members.get("id2label"), members.get("label2id")) {
        let other = from_value(backward).map(|other| other.entries);
        let names = |entries: &[Entry]| -> Vec<String> { entries.iter().map(|entry| entry.name.clone()).collect() };
        if forward.as_object().map(Map::len) == backward.as_object().map(Map::len)
            && other.is_ok_and(|other| names(&other) != names(&listed.entries))
        {
            return Err(Problem::new("id2label and label2id contradict each other"));
        }
    }
    Ok(listed)
}

fn ordered(labels: Vec<Numbered>, form: &'static str) -> Result<Listed, Problem> {
    let (entries, first) = numbers::order(labels)?;
    let mut listed = Listed::new(entries, form);
    listed.warnings.extend(first.warning());
    Ok(listed)
}

/// A class number: a number, or text of digits.
fn index(value: &Value) -> Option<usize> {
    match value {
        Value::Number(number) => usize::try_from(number.as_u64()?).ok(),
        Value::String(text) => numbers::number(text),
        _ => None,
    }
}

/// The label in a value: text, a number, `[synset, label]`, or an object with a name.
fn name(value: &Value, class: usize) -> Result<String, Problem> {
    let refused = || Problem::new(format!("class {class}: {value} is no label"));
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Array(pair) => match &pair[..] {
            [Value::String(synset), Value::String(name)] if is_id(synset) => Ok(name.clone()),
            _ => Err(refused()),
        },
        Value::Object(members) => {
            let found = NAMES.iter().find_map(|key| members.get(*key)?.as_str());
            found.map(str::to_owned).ok_or_else(refused)
        }
        _ => Err(refused()),
    }
}

/// Whether a text can only be an id: `n01440764`, `n00`.
fn is_id(text: &str) -> bool {
    let digits = text.strip_prefix('n').unwrap_or_default();
    digits.len() >= 2 && digits.bytes().all(|byte| byte.is_ascii_digit())
}
