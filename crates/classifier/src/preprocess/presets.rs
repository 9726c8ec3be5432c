//! Named settings of the frameworks in which models are trained.

use std::sync::LazyLock;

use super::fields::PreprocessFields;

/// The settings with which a framework evaluates its models.
#[derive(Debug, Clone, PartialEq)]
pub struct Preset {
    /// The name in deploy.toml.
    pub name: &'static str,
    /// Which models were trained with it.
    pub about: &'static str,
    /// The function that it follows, or where it is documented.
    pub source: &'static str,
    /// What it says; the rest is open.
    pub fields: PreprocessFields,
}

static PRESETS: LazyLock<Vec<Preset>> = LazyLock::new(table);

/// All presets.
pub fn presets() -> &'static [Preset] {
    &PRESETS
}

/// The preset of a name.
pub fn preset(name: &str) -> Option<&'static Preset> {
    presets().iter().find(|preset| preset.name == name)
}

fn table() -> Vec<Preset> {
    vec![Preset {
        name: "keras-torch",
        about: "keras.applications in mode \"torch\": DenseNet",
        source: "keras.applications.imagenet_utils.preprocess_input(mode=\"torch\")",
        fields: PreprocessFields {
            scale: Some(vec![1.0 / 255.0]),
            mean: Some(vec![0.485, 0.456, 0.406]),
            std: Some(vec![0.229, 0.224, 0.225]),
            ..Default::default()
        },
    }]
}
