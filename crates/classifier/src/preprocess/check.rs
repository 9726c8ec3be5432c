//! Settings that contradict each other.

use super::settings::{Crop, Preprocess, Resize};

impl Preprocess {
    /// Checks the settings against each other and against the model's input.
    ///
    /// # Errors
    ///
    /// A sentence that begins with the setting's name.
    pub(crate) fn check(&self, size: [u32; 2]) -> Result<(), String> {
        let [width, height] = size;
        let cropped = self.crop != Crop::None;
        match (self.resize, self.resize_to) {
            (Resize::Letterbox | Resize::None, Some(_)) => {
                return Err("preprocess.resize_to has no meaning with this preprocess.resize: it is for \"shorter\" and \"both\""
                    .to_owned());
            }
            (Resize::Letterbox, None) if cropped => {
                return Err(
                    "preprocess.crop has no meaning with preprocess.resize \"letterbox\", which shows the whole image"
                        .to_owned(),
                );
            }
            (Resize::Shorter, _) if !cropped => {
                return Err("preprocess.resize \"shorter\" keeps the image's proportions, so preprocess.crop must be \"center\" \
                            to give the model its size"
                    .to_owned());
            }
            (Resize::Both, Some(side)) if !cropped && [side; 2] != size => {
                return Err(format!(
                    "preprocess.resize_to is {side}, but the model takes {width}x{height} pixels: remove it, or set \
                     preprocess.crop to \"center\""
                ));
            }
            (Resize::Both, None) if cropped => {
                return Err("preprocess.crop has no effect with preprocess.resize \"both\" unless preprocess.resize_to is larger than \
                            the model's input: set it, or remove crop"
                    .to_owned());
            }
            _ => {}
        }
        if self.resize != Resize::Letterbox && self.pad != [0; 3] {
            return Err("preprocess.pad has no meaning unless preprocess.resize is \"letterbox\"".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contradictions_are_refused() {
        let check = |settings: Preprocess| settings.check([224, 224]);
        let of = |resize, resize_to, crop| Preprocess { resize, resize_to, crop, ..Preprocess::default() };
        for good in [
            of(Resize::Both, None, Crop::None),
            of(Resize::Both, Some(256), Crop::Center),
            of(Resize::Both, Some(224), Crop::None),
            of(Resize::Shorter, None, Crop::Center),
            of(Resize::Shorter, Some(256), Crop::Center),
            of(Resize::Letterbox, None, Crop::None),
            of(Resize::None, None, Crop::None),
            of(Resize::None, None, Crop::Center),
            Preprocess { pad: [114; 3], ..of(Resize::Letterbox, None, Crop::None) },
        ] {
            assert_eq!(check(good), Ok(()));
        }
        for (bad, words) in [
            (of(Resize::Both, None, Crop::Center), "preprocess.crop"),
            (of(Resize::Both, Some(256), Crop::None), "224x224"),
            (of(Resize::Shorter, Some(256), Crop::None), "must be \"center\""),
            (of(Resize::Letterbox, Some(256), Crop::None), "preprocess.resize_to"),
            (of(Resize::Letterbox, None, Crop::Center), "the whole image"),
            (of(Resize::None, Some(256), Crop::Center), "preprocess.resize_to"),
            (Preprocess { pad: [114; 3], ..Preprocess::default() }, "preprocess.pad"),
        ] {
            assert!(check(bad.clone()).is_err_and(|text| text.contains(words)), "{bad:?}");
        }
    }
}
