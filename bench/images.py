"""A 12-megapixel photo, resized to a model's input by us and by Pillow, in turns.

usage: images.py --images FILE (the example `images` of the crate classifier) [--rounds 9]
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile
import time

import numpy
import PIL
from PIL import Image


def photo(path):
    """Waves and noise, which compress about as well as a photo."""
    y, x = numpy.mgrid[0:3000, 0:4000]
    waves = [numpy.sin(x / 97 + y / 61), numpy.sin(x / 53 - y / 83), numpy.cos(x / 31 + y / 200)]
    noise = numpy.random.default_rng(7).normal(0, 6, (3000, 4000, 3))
    pixels = 127 + 100 * numpy.stack(waves, -1) + noise
    Image.fromarray(pixels.clip(0, 255).astype(numpy.uint8)).save(path, quality=88)


def pillow(path):
    begin = time.perf_counter()
    Image.open(path).convert("RGB").resize((224, 224), Image.Resampling.BILINEAR)
    return (time.perf_counter() - begin) * 1e3


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "photo.jpg"
        photo(path)
        ours, theirs = [], []
        for _ in range(arguments.rounds):
            line = subprocess.run([arguments.images, "3", "224", "224", path], check=True, capture_output=True, text=True).stdout
            ours.append(json.loads(line)["median_ms"])
            theirs.append(statistics.median(pillow(path) for _ in range(3)))
    ours, theirs = statistics.median(ours), statistics.median(theirs)
    print(f"4000x3000 JPEG to 224x224 RGB: {ours:.1f} ms, Pillow {PIL.__version__} {theirs:.1f} ms, ratio {ours / theirs:.2f} (goal: at most 1.30)")


if __name__ == "__main__":
    main()
