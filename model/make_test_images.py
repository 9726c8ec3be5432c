#!/usr/bin/env python3
"""Write the test images, the expected answers, and the scores of both model files.

    python make_test_images.py --data DIR

For each digit this takes the first MNIST test image that both files classify correctly with a score of at
least MIN_SCORE, and writes test_images/<digit>.png, test_images/expected.json and the fixture
crates/classifier/tests/fixtures/mnist_scores.json.
"""

import argparse
import json
from pathlib import Path

from PIL import Image

from train import DEFAULT_DATA, HERE, fetch, onnx_scores, read_split, tflite_scores

ROOT = HERE.parent
MIN_SCORE = 0.999
CANDIDATES = 200


def exact(scores):
    """float32 scores as the shortest decimals that read back as the same float32."""
    return [float(str(score)) for score in scores]


def array(items):
    """A JSON array with one item a line."""
    return "[\n" + ",\n".join("  " + json.dumps(item) for item in items) + "\n]\n"


def main():
    """Choose the images and write the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="directory of the idx files (%(default)s)")
    parser.add_argument("--models", type=Path, default=HERE, help="directory of the model files (%(default)s)")
    parser.add_argument("--root", type=Path, default=ROOT, help="the repository to write into (%(default)s)")
    args = parser.parse_args()

    fetch(args.data)
    images, labels = (split[:CANDIDATES] for split in read_split(args.data, "t10k"))
    tflite = tflite_scores(args.models / "mnist.tflite", images)
    onnx = onnx_scores(args.models / "mnist.onnx", images)

    folder = args.root / "test_images"
    folder.mkdir(parents=True, exist_ok=True)
    expected, scores = [], []
    for digit in range(10):
        good = (labels == digit) & (tflite[:, digit] >= MIN_SCORE) & (onnx[:, digit] >= MIN_SCORE)
        index = int(good.argmax())
        if not good[index]:
            raise SystemExit(f"no image of a {digit} among the first {CANDIDATES} has a score of {MIN_SCORE}")
        name = f"{digit}.png"
        Image.fromarray(images[index]).save(folder / name, optimize=True)
        expected.append({"image": name, "label": str(digit), "mnist_test_index": index})
        scores.append({"image": name, "onnx": exact(onnx[index]), "tflite": exact(tflite[index])})

    (folder / "expected.json").write_text(array(expected))
    fixtures = args.root / "crates" / "classifier" / "tests" / "fixtures"
    fixtures.mkdir(parents=True, exist_ok=True)
    (fixtures / "mnist_scores.json").write_text(array(scores))


if __name__ == "__main__":
    main()
