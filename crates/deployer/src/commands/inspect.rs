//! `inspect`: a model's input and classes, and what would run it. Needs no deploy.toml.

use std::{collections::BTreeMap, fmt, fs};

use anyhow::Context as _;
use classifier::{Classifier, ElementType, InputRange, Manifest, ModelFile, ModelInfo, OutputKind, Preprocess};
use serde::Serialize;

use super::{context::engine, operators};
use crate::{
    cli::{Global, InspectArgs},
    error::Failure,
    package,
    ui::{Table, Ui},
};

#[derive(Serialize)]
struct Inspected {
    model: String,
    bytes: usize,
    #[serde(flatten)]
    info: ModelInfo,
    /// Where the numbers of the input lie; absent if the file does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<&'static str>,
    /// What the output holds; absent if the file does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    scores: Option<&'static str>,
    /// What runs it.
    engine: String,
    /// Whether it is packaged in the prepared form, so that its bootstrap is built without tract.
    prepared: bool,
    /// Operators that the channels-last kernels run, by name.
    taken: BTreeMap<String, usize>,
    /// Operators that stay with tract, by name.
    left: BTreeMap<String, usize>,
}

impl fmt::Display for Inspected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::default();
        let mut row = |name: &str, value: String| table.row([name.to_owned(), value]);
        let [width, height] = self.info.size;
        row("model", format!("{}, {}", self.model, package::size(self.bytes)));
        row("input", format!("{} {:?}", self.info.input_type.name(), self.info.input_shape));
        row("image", format!("{width}x{height} {}", self.info.color.name()));
        row(
            "values",
            self.values.unwrap_or("the file does not tell: set scale or a preset in [preprocess]").to_owned(),
        );
        row("classes", self.info.labels().to_string());
        row("scores", self.scores.unwrap_or("the file does not tell: set activation in [model]").to_owned());
        row("engine", self.engine.clone());
        row("operators", operators::summary(&self.taken, &self.left));
        row("packaged", if self.prepared { "prepared, without tract" } else { "unchanged, with tract" }.to_owned());
        for (name, count) in &self.taken {
            row("  channels-last", format!("{count} {name}"));
        }
        for (name, count) in &self.left {
            row("  tract", format!("{count} {name}"));
        }
        table.fmt(f)
    }
}

pub(super) fn run(global: &Global, ui: &Ui, args: &InspectArgs) -> anyhow::Result<u8> {
    let shown = args.model.display().to_string();
    let inspecting = || {
        let failure = Failure::failed(format!("inspecting model {shown}"));
        failure.hint("pass an image classifier in ONNX or TFLite, with --size WIDTH HEIGHT if it leaves the size open")
    };
    fs::metadata(&args.model).with_context(|| Failure::usage(format!("reading model {shown}")))?;
    let ModelFile { name, bytes } = ModelFile::read(&args.model).with_context(inspecting)?;
    let size = args.size.as_deref().map(|sides| [sides[0], sides[1]]);
    let manifest = Manifest {
        preprocess: Preprocess { size, ..Preprocess::default() },
        engine: engine(global.engine),
        ..Manifest::new("inspect", name)
    };
    let classifier = Classifier::inspect(manifest, &bytes).with_context(inspecting)?;
    let operators = classifier.operators().clone();
    let evidence = classifier.evidence();
    let values = match classifier.model_info().input_type {
        ElementType::Uint8 => Some("the bytes of the pixels, unchanged"),
        _ => evidence.input.map(InputRange::describe),
    };
    ui.print(&Inspected {
        model: shown,
        bytes: bytes.len(),
        info: classifier.model_info().clone(),
        values,
        scores: evidence.output.map(OutputKind::describe),
        engine: classifier.engine(),
        prepared: classifier.prepared().is_some(),
        taken: operators.taken,
        left: operators.left,
    })?;
    Ok(0)
}
