//! Named settings of the frameworks in which models are trained.

use std::sync::LazyLock;

use super::fields::PreprocessFields;
use super::settings::{Color, Crop, Filter, Resize};

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

const IMAGENET_MEAN: [f32; 3] = [0.485, 0.456, 0.406];
const IMAGENET_STD: [f32; 3] = [0.229, 0.224, 0.225];
const HALF: [f32; 3] = [0.5; 3];
const CLIP_MEAN: [f32; 3] = [0.48145466, 0.4578275, 0.40821073];
const CLIP_STD: [f32; 3] = [0.26862954, 0.261_302_6, 0.275_777_1];

/// RGB of 0 to 1, minus a mean, divided by a deviation.
fn normalized(mean: [f32; 3], std: [f32; 3]) -> PreprocessFields {
    PreprocessFields {
        color: Some(Color::Rgb),
        scale: Some(vec![1.0 / 255.0]),
        mean: Some(mean.to_vec()),
        std: Some(std.to_vec()),
        ..Default::default()
    }
}

/// The shorter side to a length, then the center.
fn cropped(to: u32, crop: Crop, filter: Filter, colors: PreprocessFields) -> PreprocessFields {
    let resize = Some(Resize::Shorter);
    PreprocessFields { resize, resize_to: Some(to), crop: Some(crop), filter: Some(filter), ..colors }
}

/// Both sides to the model's.
fn squashed(filter: Filter, colors: PreprocessFields) -> PreprocessFields {
    PreprocessFields { resize: Some(Resize::Both), filter: Some(filter), ..colors }
}

fn torchvision(to: u32, filter: Filter) -> PreprocessFields {
    cropped(to, Crop::Center, filter, normalized(IMAGENET_MEAN, IMAGENET_STD))
}

fn table() -> Vec<Preset> {
    let imagenet = || normalized(IMAGENET_MEAN, IMAGENET_STD);
    let half = || normalized(HALF, HALF);
    vec![
        Preset {
            name: "torchvision-imagenet",
            about: "torchvision's weights IMAGENET1K_V1 of 224 pixels: ResNet, VGG, DenseNet, MobileNet, ViT and more",
            source: "torchvision.transforms._presets.ImageClassification(crop_size=224)",
            fields: torchvision(256, Filter::Bilinear),
        },
        Preset {
            name: "torchvision-imagenet-v2",
            about: "torchvision's weights IMAGENET1K_V2 of 224 pixels: ResNet, ResNeXt, RegNet, MobileNet",
            source: "torchvision.transforms._presets.ImageClassification(crop_size=224, resize_size=232)",
            fields: torchvision(232, Filter::Bilinear),
        },
        Preset {
            name: "torchvision-convnext-tiny",
            about: "torchvision's ConvNeXt-Tiny",
            source: "torchvision.models.ConvNeXt_Tiny_Weights.IMAGENET1K_V1.transforms()",
            fields: torchvision(236, Filter::Bilinear),
        },
        Preset {
            name: "torchvision-efficientnet-b0",
            about: "torchvision's EfficientNet-B0",
            source: "torchvision.models.EfficientNet_B0_Weights.IMAGENET1K_V1.transforms()",
            fields: torchvision(256, Filter::Bicubic),
        },
        Preset {
            name: "torchvision-inception-v3",
            about: "torchvision's Inception v3, 299 pixels",
            source: "torchvision.models.Inception_V3_Weights.IMAGENET1K_V1.transforms()",
            fields: torchvision(342, Filter::Bilinear),
        },
        Preset {
            name: "torchvision-swin-t",
            about: "torchvision's Swin-T",
            source: "torchvision.models.Swin_T_Weights.IMAGENET1K_V1.transforms()",
            fields: torchvision(232, Filter::Bicubic),
        },
        Preset {
            name: "timm-imagenet",
            about: "timm's default for 224 pixels: crop_pct 0.875, bicubic",
            source: "timm.data.create_transform(**timm.data.resolve_data_config({\"input_size\": (3, 224, 224)}))",
            fields: cropped(256, Crop::Center, Filter::Bicubic, imagenet()),
        },
        Preset {
            name: "timm-vit",
            about: "timm's ViT of 224 pixels with the weights augreg: crop_pct 0.9, bicubic, mean and std 0.5",
            source: "the same with timm.get_pretrained_cfg(\"vit_base_patch16_224.augreg_in21k_ft_in1k\")",
            fields: cropped(248, Crop::Center, Filter::Bicubic, half()),
        },
        Preset {
            name: "yolo-cls",
            about: "YOLO classification models of Ultralytics",
            source: "ultralytics.data.augment.classify_transforms",
            fields: PreprocessFields {
                color: Some(Color::Rgb),
                resize: Some(Resize::Shorter),
                crop: Some(Crop::Center),
                filter: Some(Filter::Bilinear),
                scale: Some(vec![1.0 / 255.0]),
                ..Default::default()
            },
        },
        Preset {
            name: "clip",
            about: "the image side of CLIP",
            source: "clip.clip._transform of OpenAI; open_clip.image_transform(is_train=False)",
            fields: PreprocessFields {
                resize_to: None,
                ..cropped(224, Crop::Center, Filter::Bicubic, normalized(CLIP_MEAN, CLIP_STD))
            },
        },
        Preset {
            name: "huggingface-vit",
            about: "Hugging Face's ViT",
            source: "transformers.ViTImageProcessorPil",
            fields: squashed(Filter::Bilinear, half()),
        },
        Preset {
            name: "huggingface-deit",
            about: "Hugging Face's DeiT, 224 pixels",
            source: "transformers.DeiTImageProcessorPil",
            fields: PreprocessFields {
                resize_to: Some(256),
                crop: Some(Crop::CenterFloor),
                ..squashed(Filter::Bicubic, half())
            },
        },
        Preset {
            name: "huggingface-mobilenet",
            about: "Hugging Face's MobileNetV1 and V2, 224 pixels",
            source: "transformers.MobileNetV2ImageProcessorPil",
            fields: cropped(256, Crop::CenterFloor, Filter::Bilinear, half()),
        },
        Preset {
            name: "huggingface-convnext",
            about: "Hugging Face's ConvNeXt and ResNet, 224 pixels",
            source: "transformers.ConvNextImageProcessorPil(size={\"shortest_edge\": 224}, image_mean=IMAGENET_DEFAULT_MEAN, \
                     image_std=IMAGENET_DEFAULT_STD)",
            fields: cropped(256, Crop::CenterFloor, Filter::Bicubic, imagenet()),
        },
        Preset {
            name: "huggingface-siglip",
            about: "the image side of Hugging Face's SigLIP",
            source: "transformers.SiglipImageProcessorPil",
            fields: squashed(Filter::Bicubic, half()),
        },
        Preset {
            name: "keras-caffe",
            about: "keras.applications ResNet, VGG: BGR of 0 to 255 minus a mean. It does not say how to resize",
            source: "keras.applications.imagenet_utils.preprocess_input(mode=\"caffe\")",
            fields: PreprocessFields {
                color: Some(Color::Bgr),
                scale: Some(vec![1.0]),
                mean: Some(vec![103.939, 116.779, 123.68]),
                ..Default::default()
            },
        },
        Preset {
            name: "keras-tf",
            about: "keras.applications MobileNet, ResNetV2, Inception, Xception, NASNet: -1 to 1. It does not say how to resize",
            source: "keras.applications.imagenet_utils.preprocess_input(mode=\"tf\")",
            fields: PreprocessFields {
                color: Some(Color::Rgb),
                scale: Some(vec![1.0 / 127.5]),
                mean: Some(vec![1.0]),
                ..Default::default()
            },
        },
        Preset {
            name: "keras-torch",
            about: "keras.applications DenseNet. It does not say how to resize",
            source: "keras.applications.imagenet_utils.preprocess_input(mode=\"torch\")",
            fields: imagenet(),
        },
        Preset {
            name: "keras-0-1",
            about: "Keras models whose images were divided by 255 before the model",
            source: "keras.utils.image_dataset_from_directory, then keras.layers.Rescaling(1 / 255)",
            fields: squashed(
                Filter::TfBilinear,
                PreprocessFields { scale: Some(vec![1.0 / 255.0]), ..Default::default() },
            ),
        },
        Preset {
            name: "keras-0-255",
            about: "Keras models that scale inside: EfficientNet, MobileNetV3, ConvNeXt, models with a Rescaling layer",
            source: "keras.utils.image_dataset_from_directory",
            fields: squashed(Filter::TfBilinear, PreprocessFields { scale: Some(vec![1.0]), ..Default::default() }),
        },
        Preset {
            name: "pytorch-mnist",
            about: "PyTorch's MNIST example: white digits on black",
            source: "torchvision.transforms.Normalize((0.1307,), (0.3081,)) after ToTensor",
            fields: PreprocessFields {
                color: Some(Color::L),
                scale: Some(vec![1.0 / 255.0]),
                mean: Some(vec![0.1307]),
                std: Some(vec![0.3081]),
                ..Default::default()
            },
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_settings_agree() {
        for (index, Preset { name, fields, .. }) in presets().iter().enumerate() {
            assert_eq!(presets().iter().position(|other| other.name == *name), Some(index), "{name}");
            assert_eq!(fields.clone().finish().check([224, 224]), Ok(()), "{name}");
        }
        assert_eq!(preset("none"), None);
    }
}
