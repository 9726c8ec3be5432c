//! `[preprocess]`: the preset, and the fields beside it.

use classifier::{Color, Filter, PreprocessFields, Preset};

use super::{
    checked::PreprocessConfig,
    raw::{At, Section, choice, did_you_mean},
};

/// Reads the section.
pub(super) fn config(section: &Section<'_>) -> PreprocessConfig {
    section.only(&["size", "color", "filter", "invert", "scale", "mean", "std", "preset"]);
    let preset = preset(section);
    let size = section.integers("size").and_then(|sides| {
        let side = |side: &At<i64>| u32::try_from(side.value).ok().filter(|pixels| (1..=4096).contains(pixels));
        let pair = match &sides[..] {
            [width, height] => side(width).zip(side(height)),
            _ => None,
        };
        if pair.is_none() {
            section.problem(section.key_line("size"), "size", "must be [width, height], each 1 to 4096");
        }
        pair.map(|(width, height)| [width, height])
    });
    let color = choice(section, "color", &[("L", Color::L), ("RGB", Color::Rgb), ("BGR", Color::Bgr)]);
    let written = PreprocessFields {
        size,
        color,
        filter: choice(section, "filter", &Filter::NAMES),
        invert: section.boolean("invert").map(|invert| invert.value),
        scale: channels(section, "scale", color, not_zero),
        mean: channels(section, "mean", color, Ok),
        std: channels(section, "std", color, not_zero),
        ..Default::default()
    };
    PreprocessConfig { preset, written }
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
