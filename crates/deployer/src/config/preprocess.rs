//! `[preprocess]`: the preset, and the fields beside it.

use classifier::{Color, Crop, Filter, Orient, PreprocessFields, Preset, Resize};

use super::{
    checked::PreprocessConfig,
    raw::{At, Section, choice, did_you_mean},
};

/// Largest side in pixels.
const SIDE: u32 = 4096;

/// Reads the section.
pub(super) fn config(section: &Section<'_>) -> PreprocessConfig {
    section.only(&[
        "preset",
        "orient",
        "background",
        "color",
        "size",
        "resize",
        "resize_to",
        "pad",
        "crop",
        "filter",
        "invert",
        "scale",
        "mean",
        "std",
        "softmax",
    ]);
    removed_softmax(section);
    let preset = preset(section);
    let color = choice(section, "color", &[("L", Color::L), ("RGB", Color::Rgb), ("BGR", Color::Bgr)]);
    let known_color = color.or(preset.and_then(|preset| preset.fields.color));
    let resize = [
        ("both", Resize::Both),
        ("shorter", Resize::Shorter),
        ("letterbox", Resize::Letterbox),
        ("none", Resize::None),
    ];
    let crop = [("none", Crop::None), ("center", Crop::Center), ("center-floor", Crop::CenterFloor)];
    let written = PreprocessFields {
        orient: choice(section, "orient", &[("none", Orient::None), ("exif", Orient::Exif)]),
        background: section.color("background"),
        color,
        size: size(section),
        resize: choice(section, "resize", &resize),
        resize_to: section.integer("resize_to", 1..=SIDE).map(|side| side.value),
        pad: section.color("pad"),
        crop: choice(section, "crop", &crop),
        filter: choice(section, "filter", &Filter::NAMES),
        invert: section.boolean("invert").map(|invert| invert.value),
        scale: channels(section, "scale", known_color, not_zero),
        mean: channels(section, "mean", known_color, Ok),
        std: channels(section, "std", known_color, not_zero),
    };
    let config = PreprocessConfig { preset, written };
    contradictions(section, &config.fields());
    config
}

/// Settings that contradict each other whatever the model and the files beside it say.
fn contradictions(section: &Section<'_>, fields: &PreprocessFields) {
    let Some(resize) = fields.resize else { return };
    let crops = fields.crop.is_some_and(|crop| crop != Crop::None);
    let problem = |key: &str, text: &str| section.problem(section.key_line(key), key, text);
    if fields.resize_to.is_some() && matches!(resize, Resize::Letterbox | Resize::None) {
        problem("resize_to", "is only for resize \"shorter\" and \"both\"");
    }
    if fields.pad.is_some() && resize != Resize::Letterbox {
        problem("pad", "is only for resize \"letterbox\"");
    }
    match resize {
        Resize::Letterbox if crops => problem("crop", "is not for resize \"letterbox\", which shows the whole image"),
        Resize::Shorter if !crops => {
            problem(
                "resize",
                "\"shorter\" keeps the image's proportions, so crop must be \"center\" to give the model its size",
            );
        }
        Resize::Both if crops && fields.resize_to.is_none() => {
            problem("crop", "has no effect with resize \"both\" unless resize_to is larger than the model's input");
        }
        _ => {}
    }
}

/// Softmax was a setting here until it became the model's activation.
fn removed_softmax(section: &Section<'_>) {
    let Some(softmax) = section.boolean("softmax") else { return };
    let activation = if softmax.value { "softmax" } else { "none" };
    let text = format_args!("was removed; write activation = \"{activation}\" in [model]");
    section.problem(softmax.line, "softmax", text);
}

fn size(section: &Section<'_>) -> Option<[u32; 2]> {
    let sides = section.integers("size")?;
    let side = |side: &At<i64>| u32::try_from(side.value).ok().filter(|pixels| (1..=SIDE).contains(pixels));
    let pair = match &sides[..] {
        [width, height] => side(width).zip(side(height)),
        _ => None,
    };
    if pair.is_none() {
        let text = format_args!("must be [width, height], each 1 to {SIDE}");
        section.problem(section.key_line("size"), "size", text);
    }
    pair.map(|(width, height)| [width, height])
}

fn preset(section: &Section<'_>) -> Option<&'static Preset> {
    let name = section.string("preset")?;
    let found = classifier::preset(&name.value);
    if found.is_none() {
        let names: Vec<&str> = classifier::presets().iter().map(|preset| preset.name).collect();
        let meant = did_you_mean(&name.value, &names);
        section.problem(name.line, "preset", format_args!("must be one of {}{meant}", names.join(", ")));
    }
    found
}

/// Numbers per channel: one for all channels, or one for each.
fn channels(
    section: &Section<'_>,
    key: &str,
    color: Option<Color>,
    rule: fn(f32) -> Result<f32, &'static str>,
) -> Option<Vec<f32>> {
    let values = section.numbers(key)?;
    let line = section.key_line(key);
    match (values.len(), color) {
        (3, Some(Color::L)) => section.problem(line, key, "must contain one number, because color L has one channel"),
        (0 | 1 | 3, _) => {}
        _ => section.problem(line, key, "must contain one number, or one for each of three channels"),
    }
    let checked = values.iter().map(|number| (number.line, single(number.value).and_then(rule)));
    let keep = |(line, value)| match value {
        Ok(value) => Some(value),
        Err(text) => {
            section.problem(line, key, format_args!("must contain numbers {text}"));
            None
        }
    };
    Some(checked.filter_map(keep).collect())
}

/// The number as the handler uses it, with 32 bits.
fn single(number: f64) -> Result<f32, &'static str> {
    let single = number as f32;
    let kept = single.is_finite() && (single != 0.0 || number == 0.0);
    kept.then_some(single).ok_or("that 32 bits can hold")
}

fn not_zero(number: f32) -> Result<f32, &'static str> {
    if number == 0.0 { Err("other than 0") } else { Ok(number) }
}
