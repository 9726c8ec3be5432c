//! Chooses the output that holds the scores.
//!
//! In this order: the one that `[model] output` names; the only one that can hold a score per class; the only one with as many
//! values as there are labels; the one that is computed from the others (probabilities from logits, logits from features); the
//! only one whose name says so. Anything else is refused with a list.

use std::collections::{BTreeSet, HashMap};

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::type_proto::Value;
use tract_onnx::pb::{GraphProto, NodeProto, ValueInfoProto};

use super::describe::{length, shown, type_name};
use super::graph::{input, uses};
use crate::error::Error;

/// An output of the graph.
struct Output<'a> {
    name: &'a str,
    /// The tensor with the scores: another one if the output is a map of names to scores.
    tensor: &'a str,
    /// Name and shape, for people.
    shown: String,
    holds: Holds,
}

/// What an output can hold.
#[derive(PartialEq)]
enum Holds {
    /// One score per class; the number of classes if the file declares it.
    Scores(Option<usize>),
    /// Something else, in words.
    Other(String),
}

type Producers<'a> = HashMap<&'a str, (&'a NodeProto, usize)>;

/// The name of the tensor that holds the scores.
pub(super) fn choose(graph: &GraphProto, wanted: Option<&str>, labels: usize) -> Result<String, Error> {
    let producers: Producers<'_> = graph
        .node
        .iter()
        .flat_map(|node| node.output.iter().enumerate().map(move |(index, name)| (name.as_str(), (node, index))))
        .filter(|(name, _)| !name.is_empty())
        .collect();
    let outputs: Vec<Output<'_>> = graph.output.iter().map(|declared| output(declared, &producers)).collect();
    let listed = || outputs.iter().map(|output| output.shown.as_str()).collect::<Vec<_>>().join(", ");
    if let Some(wanted) = wanted {
        let Some(output) = outputs.iter().find(|output| output.name == wanted) else {
            return Err(Error::Model(format!("output in [model] says {wanted:?}, but its outputs are {}", listed())));
        };
        return match &output.holds {
            Holds::Scores(_) => Ok(output.tensor.to_owned()),
            Holds::Other(what) => Err(refused(output, what)),
        };
    }
    let scores: Vec<&Output<'_>> = outputs.iter().filter(|output| matches!(output.holds, Holds::Scores(_))).collect();
    // One value beside outputs with several is a confidence or a loss.
    let classes = |output: &Output<'_>| if let Holds::Scores(classes) = output.holds { classes } else { None };
    let several = scores.iter().any(|output| classes(output).is_some_and(|classes| classes > 1));
    let scores: Vec<&Output<'_>> = scores.into_iter().filter(|output| !several || classes(output) != Some(1)).collect();
    let only = |matches: &dyn Fn(&Output<'_>) -> bool| {
        let mut matching = scores.iter().filter(|output| matches(output));
        matching.next().filter(|_| matching.next().is_none()).map(|output| output.tensor.to_owned())
    };
    match (&scores[..], &outputs[..]) {
        ([], []) => return Err(Error::Model("it has no output".to_owned())),
        ([], [first, ..]) => {
            let Holds::Other(what) = &first.holds else { return Ok(first.tensor.to_owned()) };
            return Err(refused(first, what));
        }
        ([one], _) => return Ok(one.tensor.to_owned()),
        _ => {}
    }
    let labelled = only(&|output| labels > 0 && classes(output) == Some(labels));
    let last = || {
        only(&|output| {
            let ancestors = ancestors(output.tensor, &producers);
            scores.iter().all(|other| other.tensor == output.tensor || ancestors.contains(other.tensor))
        })
    };
    let named = || {
        ["prob", "logit", "softmax", "score"]
            .iter()
            .find_map(|word| only(&|output| output.name.to_ascii_lowercase().contains(word)))
    };
    labelled.or_else(last).or_else(named).ok_or_else(|| {
        Error::Model(format!(
            "it has several outputs that may hold the scores: {}; set output in [model] to the name of the right one",
            listed()
        ))
    })
}

fn refused(output: &Output<'_>, what: &str) -> Error {
    Error::Model(format!(
        "its output {} {what}; a classifier must return one score per class, as [1, classes]",
        output.shown
    ))
}

fn output<'a>(declared: &'a ValueInfoProto, producers: &Producers<'a>) -> Output<'a> {
    let name = declared.name.as_str();
    if let Some((map, _)) = producers.get(name)
        && map.op_type == "ZipMap"
        && let Some(tensor) = input(map, 0)
    {
        return Output {
            name,
            tensor,
            shown: format!("{name} (a map of class names to scores)"),
            holds: Holds::Scores(None),
        };
    }
    let Some(Value::TensorType(tensor)) = declared.r#type.as_ref().and_then(|declared| declared.value.as_ref()) else {
        let holds = match label(name, producers, 0) {
            Some(operator) => Holds::Other(format!("holds classes, not scores ({operator})")),
            // Some files declare no type.
            None if declared.r#type.is_none() => Holds::Scores(None),
            None => Holds::Other("is not a tensor".to_owned()),
        };
        return Output { name, tensor: name, shown: name.to_owned(), holds };
    };
    let data_type = DataType::try_from(tensor.elem_type).unwrap_or_default();
    let lengths: Option<Vec<Option<usize>>> =
        tensor.shape.as_ref().map(|shape| shape.dim.iter().map(|side| length(side.value.as_ref())).collect());
    let shown = format!("{name} ({} {})", type_name(tensor.elem_type), shown(lengths.as_deref()));
    let holds = match label(name, producers, 0) {
        Some(operator) => {
            Holds::Other(format!("holds the best class, not a score per class (it comes from {operator})"))
        }
        None if [DataType::String, DataType::Bool].contains(&data_type) => Holds::Other("holds no numbers".to_owned()),
        None => scores(lengths.as_deref()),
    };
    Output { name, tensor: name, shown, holds }
}

/// Whether a declared shape can be that of one score per class.
fn scores(lengths: Option<&[Option<usize>]>) -> Holds {
    let Some(lengths) = lengths.filter(|lengths| !lengths.is_empty()) else { return Holds::Scores(None) };
    // With several dimensions, the first that is not 1 may still be the batch.
    let sides = if lengths.len() > 1 { &lengths[1..] } else { lengths };
    if sides.iter().filter(|side| side.is_some_and(|side| side > 1)).count() > 1 {
        return Holds::Other("is not a row of scores".to_owned());
    }
    Holds::Scores(sides.iter().copied().product())
}

/// The operator that makes a tensor a class instead of scores; none if the tensor can hold scores.
fn label<'a>(tensor: &str, producers: &Producers<'a>, depth: usize) -> Option<&'a str> {
    let (node, index) = producers.get(tensor)?;
    let through = |position: usize| label(input(node, position)?, producers, depth + 1);
    match node.op_type.as_str() {
        "ArgMax" | "ArgMin" | "TopK" | "LabelEncoder" | "CategoryMapper" | "NonMaxSuppression" => Some(&node.op_type),
        "LinearClassifier" | "TreeEnsembleClassifier" | "SVMClassifier" if *index == 0 => Some(&node.op_type),
        _ if depth > 32 => None,
        "Identity" | "Cast" | "Squeeze" | "Unsqueeze" | "Reshape" | "Flatten" => through(0),
        "ArrayFeatureExtractor" | "Gather" => through(1),
        _ => None,
    }
}

/// Every tensor from which one is computed.
fn ancestors<'a>(tensor: &'a str, producers: &Producers<'a>) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut waiting = vec![tensor];
    while let Some(name) = waiting.pop() {
        let Some((node, _)) = producers.get(name) else { continue };
        waiting.extend(uses(node).into_iter().filter(|&used| found.insert(used)));
    }
    found
}
