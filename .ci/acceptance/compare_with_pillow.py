"""Compares decoding with Pillow's, pixel by pixel at full size, in modes RGB and L.

Takes folders of pictures, or `--sweep FOLDER` to write JPEGs with cjpeg in every combination of sampling, scans, restarts and sizes and compare those.
Every file falls into one class: equal, refused by both, refused by us, refused by Pillow, or different. Differences, crashes, and files that only we
refuse fail the check unless KNOWN has a reason.

usage: compare_with_pillow.py [--decode target/debug/examples/decode] [--sweep FOLDER] [FOLDER…]
"""

import argparse
import collections
import hashlib
import io
import itertools
import json
import pathlib
import random
import shutil
import subprocess
import tempfile
import warnings

from PIL import Image

from repository import REPOSITORY

# The formats that the endpoint offers, as Pillow names them.
FORMATS = ["JPEG", "MPO", "PNG", "WEBP", "GIF", "BMP", "DIB"]
# What of these Pillow reads and we refuse, by our words, and why. Nothing may ever differ.
KNOWN = {
    "the image is too large": "limits of the endpoint",
    "it is a lossless JPEG": "a medical and scientific format; no camera or browser writes it",
    "has more than 500 scans": "an attack: each scan takes time",
}


def pillow(path, mode):
    """Size and digest of the pixels, or the error."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(path.read_bytes())) as image:
                image.load()
                converted = image.convert(mode)
                return converted.size, hashlib.sha256(converted.tobytes()).hexdigest(), image.format
    except Exception as error:  # Pillow raises almost anything.
        return None, f"{type(error).__name__}: {error}", None


def ours(decode, paths):
    """Results by path and mode. A crash ends the process, so the rest goes to another."""
    results, left = {}, list(paths)
    while left:
        done = subprocess.run([decode], input="".join(f"{path}\n" for path in left), capture_output=True, text=True)
        for line in done.stdout.splitlines():
            result = json.loads(line)
            results[result["file"], result["mode"]] = result
        rest = [path for path in left if (str(path), "L") not in results]
        if rest:
            for mode in ["RGB", "L"]:
                results[str(rest[0]), mode] = {"crash": done.stderr.strip().splitlines()[-1:]}
            rest = rest[1:]
        left = rest
    return results


def explain(decode, path, mode):
    """How much the pixels differ."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([decode, "--out", folder], input=f"{path}\n", text=True, stdout=subprocess.DEVNULL, check=True)
        mine = (pathlib.Path(folder) / f"0.{mode}").read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = Image.open(io.BytesIO(path.read_bytes())).convert(mode).tobytes()
    if len(mine) != len(theirs):
        return "another size"
    differences = [abs(a - b) for a, b in zip(mine, theirs)]
    return f"{sum(map(bool, differences))} of {len(mine)} bytes, at most by {max(differences)}"


def compare(decode, paths, name, verbose):
    """Prints what is not equal. Returns the number of failures."""
    results = ours(decode, paths)
    counts, failures, reasons = collections.Counter(), 0, collections.Counter()
    for path in paths:
        for mode in ["RGB", "L"]:
            size, digest, format = pillow(path, mode)
            mine = results[str(path), mode]
            if "crash" in mine:
                kind, detail = "crash", mine["crash"]
            elif "error" in mine and size is None:
                kind, detail = "both refuse", None
            elif "error" in mine:
                known = [reason for words, reason in KNOWN.items() if words in mine["error"]]
                known += [] if format in FORMATS else ["formats that the endpoint does not offer"]
                kind, detail = "we refuse, known" if known else "we refuse", mine["error"]
                reasons.update(known)
            elif size is None:
                kind, detail = "Pillow refuses", digest
            elif (mine["width"], mine["height"]) == size and mine["sha256"] == digest:
                kind, detail = "equal", None
            else:
                kind, detail = "different", explain(decode, path, mode)
            counts[kind] += 1
            failed = kind in ("crash", "we refuse", "different")
            failures += failed
            if failed or (verbose and kind not in ("equal", "both refuse")):
                print(f"  {kind}: {path} {mode}: {detail}", flush=True)
    total = ", ".join(f"{count} {kind}" for kind, count in counts.most_common())
    print(f"{name}: {len(paths)} files in two modes: {total}", flush=True)
    for reason, count in reasons.items():
        print(f"  known, {count}: {reason}", flush=True)
    return failures


def picture(width, height, seed):
    """A gradient with noise: every coefficient matters."""
    source = random.Random(seed)
    rows = ((x * 7 + y * 3 + source.randrange(96), x * x + y * 11, x * y * 5 + source.randrange(64)) for y in range(height) for x in range(width))
    image = Image.new("RGB", (width, height))
    image.putdata([tuple(value % 256 for value in pixel) for pixel in rows])
    return image


def sweep(folder):
    """Writes JPEGs of every kind that cjpeg and Pillow can write."""
    folder.mkdir(parents=True, exist_ok=True)
    scripts = {"each": "0;\n1;\n2;\n", "two": "0;\n1 2;\n", "other": "2 1;\n0;\n", "dc": "0 1 2: 0-0, 0, 0;\n", "part": "0 1 2: 0-0, 0, 1;\n0: 1-5, 0, 2;\n"}
    for name, text in scripts.items():
        (folder / f"{name}.txt").write_text(text)
    scans = {
        "baseline": [], "optimized": ["-optimize"], "progressive": ["-progressive"], "arithmetic": ["-arithmetic"],
        "arithmetic-progressive": ["-arithmetic", "-progressive"], "restart": ["-restart", "1B"], "restart-rows": ["-restart", "1"],
        "progressive-restart": ["-progressive", "-restart", "3B"], "each-restart": ["-scans", folder / "each.txt", "-restart", "2B"],
    }
    scans |= {name: ["-scans", folder / f"{name}.txt"] for name in scripts}
    samplings = [
        "1x1", "2x1", "1x2", "2x2", "4x1", "1x4", "4x2", "2x4", "3x1", "1x3", "3x3", "3x2", "1x1,2x1", "1x1,2x2", "1x1,1x2", "1x1,2x2,1x1", "2x1,1x2",
        "2x2,2x1", "2x2,1x2", "2x2,2x1,1x2", "2x1,2x2,2x2", "1x2,2x1", "1x1,1x1,2x2", "4x1,2x1", "2x2,1x1,2x2", "3x1,3x1,1x1", "2x4,1x2", "1x4,1x2", "4x2,2x1",
    ]
    sizes = [(1, 1), (2, 3), (5, 7), (8, 8), (9, 17), (16, 16), (17, 33), (31, 29), (33, 1), (64, 48), (47, 63)]
    chosen = random.Random(1)
    jobs = [(f"{sampling}_{scan}", ["-sample", sampling, *scans[scan]]) for sampling, scan in itertools.product(samplings, scans)]
    jobs += [(f"grey_{scan}", ["-grayscale", *scans[scan]]) for scan in scans if scan not in scripts and scan != "each-restart"]
    jobs += [(f"rgb_{scan}", ["-rgb", *options]) for scan, options in scans.items()]
    for name, options in jobs:
        for width, height in chosen.sample(sizes, 4):
            path = folder / f"{name}_{width}x{height}.jpg"
            source = folder / "source.ppm"
            picture(width, height, width).save(source)
            quality = chosen.choice(["30", "75", "95", "100"])
            made = subprocess.run(["cjpeg", "-quality", quality, *options, "-outfile", path, source], capture_output=True)
            if made.returncode != 0:
                # cjpeg refuses MCUs of more than ten blocks, and sizes with a fraction.
                path.unlink(missing_ok=True)
    for (width, height), subsampling, progressive in itertools.product(sizes, [0, 1, 2], [False, True]):
        image = picture(width, height, height).convert("CMYK")
        image.save(folder / f"cmyk_{subsampling}_{progressive}_{width}x{height}.jpg", subsampling=subsampling, progressive=progressive)
    # An Adobe segment that says YCCK instead of CMYK.
    for path in list(folder.glob("cmyk_*.jpg")):
        data = bytearray(path.read_bytes())
        place = data.find(b"Adobe")
        data[place + 11] = 2
        (folder / path.name.replace("cmyk", "ycck")).write_bytes(data)
    damage(folder, chosen)


def damage(folder, chosen):
    """Damaged copies: flipped bits, missing and added bytes, cut ends, with an end marker and without."""
    for path in sorted(folder.glob("*_47x63.jpg")) + sorted(folder.glob("*_64x48.jpg")):
        data = path.read_bytes()
        start = data.find(b"\xff\xda")
        for kind in ["flip", "hole", "extra", "zeros", "cut", "cut-eoi", "restart", "header"]:
            place = chosen.randrange(start + 14, max(len(data) - 2, start + 15)) if kind != "header" else chosen.randrange(2, start + 14)
            bad = bytearray(data)
            if kind in ("flip", "header"):
                bad[place] ^= 1 << chosen.randrange(8)
            elif kind == "hole":
                del bad[place : place + chosen.randrange(1, 40)]
            elif kind == "extra":
                bad[place:place] = chosen.randbytes(chosen.randrange(1, 20))
            elif kind == "zeros":
                bad[place : place + 20] = bytes(20)
            elif kind == "cut":
                del bad[place:]
            elif kind == "cut-eoi":
                bad[place:] = b"\xff\xd9"
            elif kind == "restart":
                bad[place:place] = bytes([0xFF, 0xD0 + chosen.randrange(8)])
            (folder / f"damaged_{kind}_{path.name}").write_bytes(bad)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--decode", type=pathlib.Path, default=REPOSITORY / "target/debug/examples/decode")
    parser.add_argument("--sweep", type=pathlib.Path)
    parser.add_argument("--verbose", action="store_true", help="also lists what only Pillow refuses")
    parser.add_argument("folders", type=pathlib.Path, nargs="*")
    arguments = parser.parse_args()
    # Above twice this, which is more than the endpoint's limit, Pillow refuses instead of filling the memory.
    Image.MAX_IMAGE_PIXELS = 25_000_000
    folders = list(arguments.folders)
    if arguments.sweep:
        if not shutil.which("cjpeg"):
            raise SystemExit("--sweep needs cjpeg: apt-get install libjpeg-turbo-progs")
        sweep(arguments.sweep)
        folders.append(arguments.sweep)
    failures = 0
    for folder in folders:
        paths = sorted(path for path in folder.rglob("*") if path.is_file() and "\n" not in str(path))
        failures += compare(arguments.decode, paths, folder.name, arguments.verbose)
    raise SystemExit(1 if failures else 0)


if __name__ == "__main__":
    main()
