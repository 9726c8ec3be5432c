"""`deployer policy` against an independent copy of AWS's Service Authorization Reference.

parliament lists IAM's actions with the resource types and condition keys of each. Every claim is a check; the run ends with
`N passed, N failed`, and fails if one of them fails.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import warnings

# parliament loads its list with pkg_resources, which warns on every import that it is deprecated.
warnings.filterwarnings("ignore", module="parliament|pkg_resources")
import parliament  # noqa: E402

CONFIG = 'name = "{name}"\n[model]\npath = "m.onnx"\n'


def document(deployer, name, stage, *flags):
    """The output of `policy`, without credentials or a home folder."""
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/deploy.toml", "w") as config:
            config.write(CONFIG.format(name=name))
        # The policy does not depend on its content; an empty one is refused.
        with open(f"{folder}/m.onnx", "w") as model:
            model.write("model")
        done = subprocess.run(
            [deployer, "--stage", stage, "--region", "ap-southeast-1", "policy", "--account-id", "123456789012", *flags],
            cwd=folder, env={"PATH": os.environ["PATH"], "HOME": folder}, check=True, capture_output=True, timeout=60,
        )
    return json.loads(done.stdout)


def findings(policy):
    return [(found.issue, found.detail) for found in parliament.analyze_policy_string(json.dumps(policy)).findings]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--deployer", required=True)
    deployer = os.path.abspath(arguments.parse_args().deployer)
    passed, failed = 0, 0

    def check(what, holds, detail=""):
        nonlocal passed, failed
        passed, failed = passed + bool(holds), failed + (not holds)
        print(f"  ok    {what}" if holds else f"  FAIL  {what}: {detail}", flush=True)

    whole = document(deployer, "mnist", "dev")
    for what, policy in (
        ("the whole policy", whole),
        ("the read-only policy", document(deployer, "mnist", "dev", "--read-only")),
        ("the policy of the longest names", document(deployer, "n" * 32, "s" * 16)),
    ):
        found = findings(policy)
        check(f"{what} has only actions, resources and condition keys that AWS knows", not found, found)
        size = len(json.dumps(policy, separators=(",", ":")))
        check(f"{what} fits a managed policy with {size} characters", size <= 6144)

    # What the list must find; otherwise the checks above mean nothing.
    for member, value, issue in (
        ("Action", ["lambda:GetFunctionX"], "UNKNOWN_ACTION"),
        ("Resource", ["arn:aws:iam::123456789012:role/x"], "RESOURCE_MISMATCH"),
        ("Condition", {"StringEquals": {"iam:PassedToService": "x"}}, "UNKNOWN_CONDITION_FOR_ACTION"),
    ):
        wrong = json.loads(json.dumps(whole))
        wrong["Statement"][0][member] = value
        check(f"a wrong {member} is found", issue in {found for found, _ in findings(wrong)})

    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
