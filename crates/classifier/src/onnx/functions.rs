//! Replaces calls of a model's own functions by their bodies. tract knows no functions.

use std::collections::HashMap;

use tract_onnx::pb::{AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto};

use super::graph::bodies_mut;
use crate::error::Error;

/// How deep functions may call each other. A file that goes deeper calls itself.
const MAX_DEPTH: usize = 64;

/// Inlines all functions of a model.
///
/// # Errors
///
/// [`crate::Error::Model`] if functions call each other endlessly.
pub(super) fn inline(model: &mut ModelProto) -> Result<(), Error> {
    let functions = std::mem::take(&mut model.functions);
    if functions.is_empty() {
        return Ok(());
    }
    let by_name: HashMap<(&str, &str), &FunctionProto> = functions
        .iter()
        .map(|function| ((function.domain.as_deref().unwrap_or(""), function.name.as_deref().unwrap_or("")), function))
        .collect();
    let mut calls = 0;
    model.graph.iter_mut().try_for_each(|graph| inline_in(graph, &by_name, &mut calls, 0))
}

fn inline_in(
    graph: &mut GraphProto,
    functions: &HashMap<(&str, &str), &FunctionProto>,
    calls: &mut usize,
    depth: usize,
) -> Result<(), Error> {
    if depth > MAX_DEPTH {
        return Err(Error::Model("its functions call each other endlessly".to_owned()));
    }
    for mut node in std::mem::take(&mut graph.node) {
        for body in node.attribute.iter_mut().flat_map(bodies_mut) {
            inline_in(body, functions, calls, depth + 1)?;
        }
        match functions.get(&(node.domain.as_str(), node.op_type.as_str())) {
            Some(function) => {
                *calls += 1;
                let mut body = GraphProto { node: body(function, &node, *calls)?, ..GraphProto::default() };
                inline_in(&mut body, functions, calls, depth + 1)?;
                graph.node.append(&mut body.node);
            }
            None => graph.node.push(node),
        }
    }
    Ok(())
}

/// The nodes of one call, with names of their own.
fn body(function: &FunctionProto, call: &NodeProto, number: usize) -> Result<Vec<NodeProto>, Error> {
    let mut names: HashMap<String, String> = HashMap::new();
    // What the call leaves out has an empty name.
    let given = function.input.iter().zip(call.input.iter().map(Some).chain(std::iter::repeat(None)));
    names.extend(given.map(|(inner, outer)| (inner.clone(), outer.cloned().unwrap_or_default())));
    let taken = function.output.iter().zip(&call.output).filter(|(_, outer)| !outer.is_empty());
    let mut outputs: HashMap<&str, &str> = HashMap::new();
    let mut copies = Vec::new();
    for (inner, outer) in taken {
        // An output that is an input, or one for the second time, needs a copy.
        if names.contains_key(inner) || outputs.contains_key(inner.as_str()) {
            copies.push((inner.clone(), outer.clone()));
        } else {
            outputs.insert(inner, outer);
        }
    }
    names.extend(outputs.iter().map(|(&inner, &outer)| (inner.to_owned(), outer.to_owned())));
    let prefix = format!("{}/{number}", function.name.as_deref().unwrap_or("function"));
    let mut nodes = function.node.clone();
    for node in &mut nodes {
        rename(node, &mut names, &prefix);
        resolve_attributes(node, function, call)?;
    }
    nodes.extend(copies.into_iter().map(|(inner, outer)| {
        let from = names.get(&inner).cloned().unwrap_or(inner);
        super::graph::node("Identity", &[&from], Vec::new(), &outer)
    }));
    Ok(nodes)
}

fn rename(node: &mut NodeProto, names: &mut HashMap<String, String>, prefix: &str) {
    let renamed = |names: &mut HashMap<String, String>, name: &mut String| {
        if !name.is_empty() {
            *name = names.entry(name.clone()).or_insert_with(|| format!("{prefix}/{name}")).clone();
        }
    };
    node.input.iter_mut().chain(&mut node.output).for_each(|name| renamed(names, name));
    for body in node.attribute.iter_mut().flat_map(bodies_mut) {
        let tensors = body.initializer.iter_mut().map(|tensor| &mut tensor.name);
        let declared = body.input.iter_mut().map(|value| &mut value.name);
        tensors.chain(declared).for_each(|name| renamed(names, name));
        for node in &mut body.node {
            rename(node, names, prefix);
        }
        body.output.iter_mut().for_each(|value| renamed(names, &mut value.name));
    }
}

/// Fills the attributes that refer to those of the call.
fn resolve_attributes(node: &mut NodeProto, function: &FunctionProto, call: &NodeProto) -> Result<(), Error> {
    let mut resolved = Vec::new();
    for mut attribute in std::mem::take(&mut node.attribute) {
        let reference = attribute.ref_attr_name.as_str();
        if reference.is_empty() {
            for body in bodies_mut(&mut attribute) {
                body.node.iter_mut().try_for_each(|node| resolve_attributes(node, function, call))?;
            }
            resolved.push(attribute);
        } else if let Some(value) = call.attribute.iter().find(|given| given.name == reference) {
            resolved.push(AttributeProto { name: attribute.name, ..value.clone() });
        } else if !function.attribute.iter().any(|optional| optional == reference) {
            // tract's reader skips the defaults of functions.
            return Err(Error::Model(format!(
                "its function {} leaves {reference} to a default, which is not supported; export the model without \
                 functions, or inline them: onnx.inliner.inline_local_functions",
                function.name.as_deref().unwrap_or_default()
            )));
        }
    }
    node.attribute = resolved;
    Ok(())
}
