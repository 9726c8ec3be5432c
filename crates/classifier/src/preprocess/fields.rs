//! The settings as one source writes them: deploy.toml, a preset, a file beside the model, or the model itself.

use serde::{Deserialize, Serialize};

use super::settings::{Color, Crop, Filter, Orient, Preprocess, Resize};

/// [`Preprocess`] with each field either written or left open, so that sources can be combined:
/// `written.or(preset).or(sidecar).finish()`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(missing_docs, reason = "the fields of Preprocess")]
pub struct PreprocessFields {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orient: Option<Orient>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub background: Option<[u8; 3]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color: Option<Color>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<[u32; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resize: Option<Resize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resize_to: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pad: Option<[u8; 3]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crop: Option<Crop>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invert: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale: Option<Vec<f32>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean: Option<Vec<f32>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub std: Option<Vec<f32>>,
}

impl PreprocessFields {
    /// These fields, and those of `lower` where these are open. `resize_to`, `pad` and `crop` belong to `resize`: where this
    /// source resizes in another way than the lower one, it does not take them from there.
    #[must_use]
    pub fn or(self, lower: Self) -> Self {
        let other_way = self.resize.is_some() && self.resize != lower.resize;
        let (resize_to, pad, crop) = match other_way {
            true => (self.resize_to, self.pad, self.crop),
            false => (self.resize_to.or(lower.resize_to), self.pad.or(lower.pad), self.crop.or(lower.crop)),
        };
        Self {
            orient: self.orient.or(lower.orient),
            background: self.background.or(lower.background),
            color: self.color.or(lower.color),
            size: self.size.or(lower.size),
            resize: self.resize.or(lower.resize),
            resize_to,
            pad,
            crop,
            filter: self.filter.or(lower.filter),
            invert: self.invert.or(lower.invert),
            scale: self.scale.or(lower.scale),
            mean: self.mean.or(lower.mean),
            std: self.std.or(lower.std),
        }
    }

    /// The settings, with the default of every field that is still open.
    pub fn finish(self) -> Preprocess {
        Preprocess {
            orient: self.orient.unwrap_or_default(),
            background: self.background,
            color: self.color,
            size: self.size,
            resize: self.resize.unwrap_or_default(),
            resize_to: self.resize_to,
            pad: self.pad.unwrap_or_default(),
            crop: self.crop.unwrap_or_default(),
            filter: self.filter.unwrap_or_default(),
            invert: self.invert.unwrap_or_default(),
            scale: self.scale.unwrap_or_default(),
            mean: self.mean.unwrap_or_default(),
            std: self.std.unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_goes_before_what_is_lower_and_defaults_come_last() {
        let written = PreprocessFields { scale: Some(vec![1.0]), invert: Some(false), ..Default::default() };
        let lower = PreprocessFields {
            scale: Some(vec![0.5]),
            invert: Some(true),
            filter: Some(Filter::Bicubic),
            ..Default::default()
        };
        let settings = written.or(lower).finish();
        assert_eq!(
            settings,
            Preprocess { scale: vec![1.0], invert: false, filter: Filter::Bicubic, ..Preprocess::default() }
        );
    }

    #[test]
    fn another_way_of_resizing_brings_its_own_geometry() {
        let lower = PreprocessFields {
            resize: Some(Resize::Shorter),
            resize_to: Some(256),
            crop: Some(Crop::Center),
            ..Default::default()
        };
        let with =
            |resize: Option<Resize>| PreprocessFields { resize, ..Default::default() }.or(lower.clone()).finish();
        let geometry = |settings: Preprocess| (settings.resize, settings.resize_to, settings.crop);
        assert_eq!(geometry(with(None)), (Resize::Shorter, Some(256), Crop::Center));
        assert_eq!(geometry(with(Some(Resize::Shorter))), (Resize::Shorter, Some(256), Crop::Center));
        assert_eq!(geometry(with(Some(Resize::Letterbox))), (Resize::Letterbox, None, Crop::None));
    }
}
