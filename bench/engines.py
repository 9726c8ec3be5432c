"""Engines side by side: each loads the same model and answers the same input, in the same minutes.

Each round starts every engine again and measures, from outside, the time from its start to its first answer. Then all
running engines take turns with blocks of warm answers. All use one thread on one core. An engine that answers differently is an
error, not a row.

With --isa avx2 AVX-512 is hidden from every engine, to measure as on a processor without it.

usage: engines.py --target FOLDER [--rounds 15] [--only mnist] [--isa avx2]
"""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

import ai_edge_litert
import numpy
import onnxruntime

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parent
PIN = ["taskset", "-c", "1"] if os.cpu_count() > 1 else []


def models(folder):
    """Name, ONNX file, element type, shape, warm answers per block."""
    yield "MNIST", REPOSITORY / "model/mnist.onnx", "u8", [1, 28, 28], 300
    yield "MobileNetV2", folder / "mobilenetv2.onnx", "f32", [1, 3, 224, 224], 12
    yield "ResNet-18", folder / "resnet18.onnx", "f32", [1, 3, 224, 224], 6


def engines(binaries, folder, name, onnx, isa):
    """Name, command, environment, and the files that make up its size."""
    library = next(pathlib.Path(onnxruntime.__file__).parent.glob("capi/libonnxruntime.so*"), None)
    stem = onnx.stem
    python = [sys.executable]
    prepared = folder / f"{stem}.channels-last"
    yield "deployer", [binaries / "engine-channels-last", prepared], {"CHANNELS_LAST_ISA": isa}, [binaries / "engine-channels-last"]
    yield "tract, rewritten", [binaries / "engine-tract", onnx], {"REWRITE": "1", "CHANNELS_LAST_ISA": isa}, [binaries / "engine-tract"]
    yield "tract", [binaries / "engine-tract", onnx], {}, [binaries / "engine-tract"]
    rust = binaries / "engine-onnxruntime"
    if library:
        environment = {"ORT_DYLIB_PATH": str(library)}
        yield "Rust + onnxruntime", [rust, onnx], environment, [rust, library]
        optimised = folder / f"{stem}.optimised.onnx"
        yield "Rust + onnxruntime, optimized before", [rust, optimised], {**environment, "OPTIMISED": "1"}, [rust, library]
    yield "Python + onnxruntime", [*python, HERE / "engine_onnxruntime.py", onnx], {}, []
    if name == "MNIST":
        yield "Python + LiteRT", [*python, HERE / "engine_litert.py", onnx.with_suffix(".tflite")], {}, []


class Engine:
    """A running engine that has given its first answer."""

    def __init__(self, command, environment, arguments):
        kept = {name: os.environ[name] for name in ("PATH", "LD_PRELOAD") if name in os.environ}
        environment = {**kept, **environment}
        begin = time.perf_counter_ns()
        self.process = subprocess.Popen([*PIN, *map(str, command), *arguments], env=environment, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        line = self.process.stdout.readline()
        self.first = time.perf_counter_ns() - begin
        if not line:
            raise SystemExit(f"{command} gave no answer")
        self.scores = json.loads(line)

    def warm(self, count):
        self.process.stdin.write(f"{count}\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def end(self):
        self.process.stdin.close()
        peak = int(self.process.stdout.read())
        self.process.wait()
        return peak


def prepare(binaries, folder, model):
    """Stores each engine's preprocessed model: our prepared form, and onnxruntime's optimized model."""
    _, onnx, element, shape, _ = model
    empty = folder / "empty"
    empty.write_bytes(bytes(int(numpy.prod(shape)) * (1 if element == "u8" else 4)))
    subprocess.run([binaries / "engine-tract", onnx, empty, element, *map(str, shape)], check=True,
                   env={**os.environ, "PREPARE": str(folder / f"{onnx.stem}.channels-last")},
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    subprocess.run([sys.executable, HERE / "optimise_model.py", onnx, folder / f"{onnx.stem}.optimised.onnx"], check=True)


def measure(binaries, folder, model, rounds, isa):
    name, onnx, element, shape, block = model
    values = numpy.random.default_rng(7).random(shape)
    values = (values * 255).astype(numpy.uint8) if element == "u8" else (values * 2 - 1).astype(numpy.float32)
    path = folder / f"{onnx.stem}.input"
    values.tofile(path)
    arguments = [str(path), element, *map(str, shape)]
    rows = {engine: {"first": [], "warm": [], "peak": [], "bytes": sum(file.stat().st_size for file in files)}
            for engine, _, _, files in engines(binaries, folder, name, onnx, isa)}
    for turn in range(rounds):
        alive = {}
        for engine, command, environment, _ in engines(binaries, folder, name, onnx, isa):
            alive[engine] = Engine(command, environment, arguments)
            rows[engine]["first"].append(alive[engine].first)
        expected = numpy.array(alive["tract"].scores)
        for engine, process in alive.items():
            difference = numpy.abs(numpy.array(process.scores) - expected).max()
            if difference > 1e-4 * max(1, numpy.abs(expected).max()):
                raise SystemExit(f"{name}: {engine} differs from tract by {difference}")
        for process in alive.values():
            process.warm(block)
        for _ in range(2):
            for engine, process in alive.items():
                rows[engine]["warm"].append(statistics.median(process.warm(block)))
        for engine, process in alive.items():
            rows[engine]["peak"].append(process.end())
    return {engine: {"first_ms": statistics.median(row["first"]) / 1e6, "warm_ms": statistics.median(row["warm"]) / 1e6,
                     "rss_mb": statistics.median(row["peak"]) / 1024, "mb": row["bytes"] / 2**20} for engine, row in rows.items()}


def goals(name, rows):
    """The goals for a model: description, ratio, upper limit."""
    ours = rows["deployer"]
    rust = rows.get("Rust + onnxruntime, optimized before", rows.get("Rust + onnxruntime"))
    if rust:
        yield "warm ÷ Rust + onnxruntime", ours["warm_ms"] / min(rust["warm_ms"], rows["Rust + onnxruntime"]["warm_ms"]), 1.0
    if name == "MNIST":
        yield "first ÷ Python + LiteRT", ours["first_ms"] / rows["Python + LiteRT"]["first_ms"], 1 / 15
        yield "first ÷ Rust + onnxruntime", ours["first_ms"] / rows["Rust + onnxruntime"]["first_ms"], 1 / 4
    elif rust:
        yield "first ÷ Rust + onnxruntime, optimized before", ours["first_ms"] / rust["first_ms"], {"MobileNetV2": 0.70, "ResNet-18": 0.65}[name]
    if name == "MobileNetV2" and rust:
        yield "peak memory ÷ Rust + onnxruntime, optimized before", ours["rss_mb"] / rust["rss_mb"], 0.6


def hide_avx512(folder):
    """Hides AVX-512 from every process that this one starts."""
    library = folder / "without_avx512.so"
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, HERE / "without_avx512.c"], check=True)
    os.environ["LD_PRELOAD"] = str(library.resolve())


def machine(isa):
    text = pathlib.Path("/proc/cpuinfo").read_text()
    processor = next((line.split(":")[1].strip() for line in text.splitlines() if line.startswith("model name")), platform.machine())
    vectors = [name for name in ("avx2", "avx512f", "asimd") if f" {name} " in text]
    vectors += [f"restricted to {isa}"] if isa else []
    return (f"{processor}, {os.cpu_count()} cores ({', '.join(vectors)}), Linux {platform.release()}; onnxruntime "
            f"{onnxruntime.__version__}, LiteRT {getattr(ai_edge_litert, '__version__', '?')}, Python {platform.python_version()}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", default="")
    parser.add_argument("--isa", default="", help="avx2: of all engines; avx512, portable: of our kernels")
    arguments = parser.parse_args()
    folder, binaries = arguments.target, HERE / "target/release"
    if arguments.isa == "avx2" and " avx512f " in pathlib.Path("/proc/cpuinfo").read_text():
        hide_avx512(folder)
    lines, figures = [machine(arguments.isa), ""], {}
    for model in models(folder):
        name = model[0]
        if arguments.only.lower() not in name.lower():
            continue
        prepare(binaries, folder, model)
        rows = figures[name] = measure(binaries, folder, model, arguments.rounds, arguments.isa)
        lines += [f"### {name}", "", "| engine | start to first answer | warm answer | peak memory | program |", "|---|---|---|---|---|"]
        for engine, row in rows.items():
            size = f"{row['mb']:.1f} MB" if row["mb"] else ""
            lines.append(f"| {engine} | {row['first_ms']:.1f} ms | {row['warm_ms']:.3f} ms | {row['rss_mb']:.0f} MB | {size} |")
        lines += ["", "| ratio of deployer | measured | goal |", "|---|---|---|"]
        lines += [f"| {words} | {ratio:.2f} | {most:.2f} |" for words, ratio, most in goals(name, rows)]
        lines.append("")
        print("\n".join(lines), flush=True)
    report = folder / f"engines-{arguments.isa or 'all'}.md"
    report.write_text("\n".join(lines))
    report.with_suffix(".json").write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
