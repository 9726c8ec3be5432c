"""Writes MobileNetV2 and ResNet-18 as ONNX, with random weights.

usage: export_models.py FOLDER
"""

import pathlib
import sys

import torch
import torchvision

# With its initial values, batch normalization would be the identity.
RANGES = {"running_mean": (-0.1, 0.1), "running_var": (0.5, 1.5), "weight": (0.5, 1.5), "bias": (-0.1, 0.1)}


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in {"mobilenetv2": torchvision.models.mobilenet_v2, "resnet18": torchvision.models.resnet18}.items():
        torch.manual_seed(7)
        model = make(weights=None).eval()
        for module in model.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                for tensor, (low, high) in RANGES.items():
                    torch.nn.init.uniform_(getattr(module, tensor), low, high)
        # This exporter needs no further package, and folds batch normalization as every exporter does.
        torch.onnx.export(model, torch.zeros(1, 3, 224, 224), folder / f"{name}.onnx", opset_version=17, dynamo=False)


if __name__ == "__main__":
    main()
