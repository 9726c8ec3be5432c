"""Extracts from botocore's service models what the local cloud checks requests and responses against: models/aws.json.

    python extract.py                      writes the file
    python extract.py --check              fails if the file differs from what the installed botocore gives
    python extract.py --operations PROGRAM runs this program, already built, to list the operations

The operations are those that `cargo run -p local-aws --example operations` prints. Documentation, and everything else
that no check needs, is left out.
"""

import argparse
import gzip
import json
import pathlib
import subprocess

import botocore

HERE = pathlib.Path(__file__).resolve().parent
TARGET = HERE / "aws.json"
OPERATIONS = ["cargo", "run", "--quiet", "--package", "local-aws", "--example", "operations"]

CONSTRAINTS = ("min", "max", "pattern")


def implemented(command):
    """The operations of the local cloud: sorted names, by botocore's name of the service."""
    printed = subprocess.run(command, cwd=HERE, check=True, capture_output=True, text=True).stdout
    services = {}
    for service, operation in (line.split() for line in printed.splitlines()):
        services.setdefault(service, []).append(operation)
    return {service: sorted(operations) for service, operations in sorted(services.items())}


def model_of(service):
    """The newest model of a service."""
    folder = pathlib.Path(botocore.__file__).parent / "data" / service
    newest = max(path.parent for path in folder.glob("*/service-2.json*"))
    plain = newest / "service-2.json"
    text = plain.read_bytes() if plain.exists() else gzip.decompress((newest / "service-2.json.gz").read_bytes())
    return newest.name, json.loads(text)


def reach(model, name, found):
    """Adds a shape and all shapes that it refers to."""
    if name in found:
        return
    found.add(name)
    shape = model["shapes"][name]
    for part in ("member", "key", "value"):
        if part in shape:
            reach(model, shape[part]["shape"], found)
    for member in shape.get("members", {}).values():
        reach(model, member["shape"], found)


def member_of(name, member):
    """`"Shape"`, or `["Shape", location, wire name]` unless it is in the body under its own name."""
    location, wire = member.get("location", "body"), member.get("locationName", name)
    return member["shape"] if (location, wire) == ("body", name) else [member["shape"], location, wire]


def compact(shape, is_input):
    """The checked parts of a shape. Limits are checked in requests only."""
    kept = {"type": shape["type"]}
    for key in CONSTRAINTS if is_input else ():
        if key in shape:
            kept[key] = shape[key]
    for key in ("enum", "required", "payload"):
        if shape.get(key):
            kept[key] = shape[key]
    if shape.get("sensitive"):
        kept["sensitive"] = True
    for part in ("member", "key", "value"):
        if part in shape:
            kept[part] = shape[part]["shape"]
    if "members" in shape:
        kept["members"] = {name: member_of(name, member) for name, member in sorted(shape["members"].items())}
    return kept


def code_of(model, error):
    """The error code on the wire, which can differ from the exception's name."""
    return model["shapes"][error].get("error", {}).get("code", error)


def extract(service, implemented):
    version, model = model_of(service)
    operations, inputs, outputs = {}, set(), set()
    for name in implemented:
        operation = model["operations"][name]
        entry = {"uri": operation["http"]["requestUri"].split("?")[0]}
        for side, found in (("input", inputs), ("output", outputs)):
            if side in operation:
                entry[side] = operation[side]["shape"]
                reach(model, entry[side], found)
        entry["errors"] = sorted(code_of(model, error["shape"]) for error in operation.get("errors", []))
        operations[name] = entry
    shapes = {name: compact(model["shapes"][name], name in inputs) for name in sorted(inputs | outputs)}
    declared = {error["shape"] for name in operations for error in model["operations"][name].get("errors", [])}
    statuses = {code_of(model, name): model["shapes"][name].get("error", {}).get("httpStatusCode") for name in sorted(declared)}
    errors = {code: status for code, status in statuses.items() if status}
    return {"version": version, "operations": operations, "errors": errors, "shapes": shapes}


def text_of(models):
    """Writes each operation and shape on its own line, so that the diff of a newer botocore is readable."""
    lines = [f'{{"botocore": {json.dumps(botocore.__version__)}, "services": {{']
    for at, (service, model) in enumerate(models.items()):
        lines.append(f'{json.dumps(service)}: {{"version": {json.dumps(model["version"])},')
        for part, end in (("operations", "},"), ("errors", "},"), ("shapes", "}")):
            entries = [f"{json.dumps(name)}:{json.dumps(entry, separators=(',', ':'))}" for name, entry in model[part].items()]
            lines += [f'"{part}": {{', *([",\n".join(entries)] if entries else []), end]
        lines.append("}" if at == len(models) - 1 else "},")
    return "\n".join([*lines, "}}"]) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare the file, do not write it")
    parser.add_argument("--operations", metavar="PROGRAM", help="a program that prints the operations")
    arguments = parser.parse_args()
    command = [str(pathlib.Path(arguments.operations).resolve())] if arguments.operations else OPERATIONS
    text = text_of({service: extract(service, names) for service, names in implemented(command).items()})
    if not arguments.check:
        TARGET.write_text(text)
    elif TARGET.read_text() != text:
        raise SystemExit(f"{TARGET} differs from what botocore {botocore.__version__} gives: run {pathlib.Path(__file__).name}")
    models = json.loads(text)["services"].values()
    counts = [sum(len(model[part]) for model in models) for part in ("operations", "shapes")]
    print(f"{counts[0]} operations, {counts[1]} shapes, {len(text.encode())} bytes, botocore {botocore.__version__}")


if __name__ == "__main__":
    main()
