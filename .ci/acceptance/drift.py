"""Drift: boto3 changes a stack outside the deployer, one case after another.

`status` and `plan` must show each change, `up` must do exactly what was planned, and then nothing may be left to do. Resources
of others must be left alone. The run ends with a table of all cases and `N passed, N failed`, and fails if a check fails.
"""

import argparse
import concurrent.futures
import json
import pathlib
import shutil
import tempfile
import time

from botocore.exceptions import BotoCoreError, ClientError

from clouds import Local
from drift_cases import ALWAYS, CASES, FOREIGN, NEVER
from drift_stack import SCOPES, Stack
from journey import Journey
from repository import REPOSITORY

# Changes that a repaired method causes: putting it again deletes its integration.
ALONG = {"method": {("integration", "update")}}
DEPLOY = {("deployment", "create"), ("stage", "update")}


def settings(bootstrap):
    """The repository's deploy.toml with a value for everything that can drift, and a prebuilt bootstrap."""
    scopes = json.dumps(SCOPES)
    return (REPOSITORY / "deploy.toml").read_text() + f"""
[function]
bootstrap = "{bootstrap}"
environment = {{ LEVEL = "info", MODE = "a" }}
[auth]
scopes = {scopes}
token_minutes = 15
[api]
throttle_rate = 50
throttle_burst = 100
"""


class Failed(Exception):
    """A check of a case failed."""


class Drift(Journey):
    def __init__(self, cloud, deployer, work):
        super().__init__(cloud, deployer, work)
        self.rows = []
        self.stack = None

    def json(self, *args, **kwargs):
        done = self.run("-o", "json", *args, **kwargs)
        try:
            return done.returncode, json.loads(done.stdout)
        except ValueError:
            raise Failed(f"`{' '.join(args)}` printed no JSON: {done.stdout + done.stderr}") from None

    def set_up(self):
        code, up = self.json("up", "--yes", "--no-probe")
        if code:
            raise SystemExit(f"the first `up` failed: {up}")
        self.stack = Stack(self.cloud)
        self.stack.use(up)
        self.cloud.seen = 0

    def start_again(self):
        """Starts a new cloud and a new stack: after a failed case the old state is unknown."""
        self.cloud.stop()
        shutil.rmtree(self.work / ".deployer/local")
        self.set_up()

    def look(self):
        """Runs `status` and `plan` at the same time."""
        with concurrent.futures.ThreadPoolExecutor() as pool:
            status = pool.submit(self.json, "status")
            plan = pool.submit(self.json, "plan", "--detailed-exitcode")
            return status.result(), plan.result()


def changes(document):
    return [change for change in document.get("changes", []) if change["action"] != "no-op"]


def actions(document):
    return sorted((change["resource"], change["action"]) for change in changes(document))


def shown(document):
    """A document's changes, without ids: `method update (scopes)`."""
    if "error" in document:
        return str(document["error"])
    def one(change):
        fields = ", ".join(diff["field"] for diff in change.get("diff", []))
        return f"{change['resource']} {change['action']}" + (f" ({fields})" if fields else "")
    return "; ".join(map(one, changes(document))) or "nothing to do"


def tells(case, document):
    """Whether a document shows the drift of a case, and nothing else but its consequences."""
    found = changes(document)
    for resource, (action, field) in case.sees.items():
        same = [change for change in found if (change["resource"], change["action"]) == (resource, action)]
        if not same:
            return False
        if field and not any(diff["field"] == field for change in same for diff in change.get("diff", [])):
            return False
        if action == "delete" and not all(change.get("reason") for change in same):
            return False
    expected = {(resource, action) for resource, (action, _) in case.sees.items()}
    along = set().union(*(ALONG.get(resource, set()) for resource in case.sees))
    if case.deploys != NEVER:
        along |= DEPLOY
    return set(actions(document)) <= expected | along


def checker(drift, row, failures, good):
    """A check that fills a column of the row, with `good` if it holds."""
    def check(column, holds, detail):
        row[column] = good if holds else "**no**"
        if holds:
            drift.passed += 1
        else:
            failures.append(f"{column}: {detail}")
    return check


def repair(drift, case, row, failures):
    """Runs one case. Failed checks go to `failures`; the row records what was seen."""
    check = checker(drift, row, failures, "yes")
    stack = drift.stack
    before, served = case.probe(stack), stack.served()
    case.change(stack)
    changed = case.probe(stack)
    if changed == before:
        raise Failed(f"the change had no effect: {before}")

    (_, status), (code, plan) = drift.look()
    check("status", tells(case, status), f"`status` says {shown(status)}")
    check("plan", code == 2 and tells(case, plan) and actions(plan) == actions(status),
          f"`plan` exits {code} and says {shown(plan)}")
    if any(change["action"] in ("replace", "delete") for change in changes(plan)):
        drift.cloud.take_requests()
        code, refused = drift.json("up", "--no-probe")
        writes = drift.writes()
        check("asks", code == 3 and not writes and case.probe(stack) == changed,
              f"`up` without --yes exits {code} and writes {writes}: {shown(refused)}")

    code, up = drift.json("up", "--yes", "--no-probe")
    if code:
        raise Failed(f"`up` failed: {shown(up)}")
    stack.use(up)
    after = case.probe(stack)
    as_planned = actions(up) == actions(plan)
    again, left = drift.json("plan", "--detailed-exitcode")
    check("repaired", as_planned and after == before and again == 0,
          f"`up` did {shown(up)}; before {before}, after {after}; left to do: {shown(left)}")
    statuses = stack.anonymous_statuses()
    check("closed", statuses == {"POST /": 401, "GET /": 403, "POST /open": 403}, f"without a token: {statuses}")
    redeployed = stack.served() != served
    reported = ("deployment", "create") in actions(up)
    right = redeployed == reported and case.deploys == (ALWAYS if redeployed else NEVER)
    check("redeployed", right, f"redeployed is {redeployed}, must be {case.deploys}")
    row["redeployed"] = ("yes" if redeployed else "no") if right else f"**{'yes' if redeployed else 'no'}**"
    case.clean(stack)


def leave_alone(drift, case, row, failures):
    """Runs one case that is not drift."""
    check = checker(drift, row, failures, "nothing to do")
    stack = drift.stack
    before = case.probe(stack)
    case.change(stack)
    changed = case.probe(stack)
    if changed == before:
        raise Failed(f"the change had no effect: {before}")
    (_, status), (code, plan) = drift.look()
    check("status", not changes(status), f"`status` says {shown(status)}")
    check("plan", code == 0 and not changes(plan), f"`plan` exits {code} and says {shown(plan)}")
    code, up = drift.json("up", "--yes", "--no-probe")
    check("repaired", code == 0 and not changes(up) and case.probe(stack) == changed,
          f"`up` exits {code} and did {shown(up)}")
    row["repaired"] = "left alone" if row["repaired"] != "**no**" else "**no**"
    case.clean(stack)


def run(drift, case, act):
    begin = time.monotonic()
    row, failures = {"resource": case.resource, "what": case.what}, []
    try:
        act(drift, case, row, failures)
    except Failed as failed:
        failures.append(str(failed))
    except (ClientError, BotoCoreError, KeyError, TypeError, AttributeError, StopIteration) as error:
        failures.append(f"{type(error).__name__}: {error}")
    seconds = time.monotonic() - begin
    print(f"  {'FAIL ' if failures else 'ok   '} {case.resource}: {case.what}  {seconds:.1f} s", flush=True)
    for failure in failures:
        print(f"        {failure[:1500]}", flush=True)
        drift.failed.append(f"{case.resource}: {case.what}: {failure}")
    drift.rows.append(row)
    if failures:
        drift.start_again()


def table(rows):
    columns = {"resource": "resource", "what": "what was changed", "status": "seen by `status`", "plan": "seen by `plan`",
               "asks": "refused without `--yes`", "repaired": "repaired by `up`",
               "closed": "refuses callers", "redeployed": "redeployed"}
    lines = [columns.values(), ["---"] * len(columns)] + [[row.get(key, "") for key in columns] for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deployer", type=pathlib.Path, required=True)
    # Nothing is invoked here, so any program will do; a small one is packed fast.
    parser.add_argument("--bootstrap", type=pathlib.Path, default=shutil.which("true"))
    parser.add_argument("--only", help="only cases whose `resource: what` contains this")
    arguments = parser.parse_args()
    deployer, bootstrap = arguments.deployer.resolve(), pathlib.Path(arguments.bootstrap).resolve()
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as temporary:
        work = pathlib.Path(temporary)
        shutil.copytree(REPOSITORY / "model", work / "model")
        (work / "deploy.toml").write_text(settings(bootstrap))
        cloud = Local(work, str(deployer))
        drift = Drift(cloud, str(deployer), work)
        try:
            drift.set_up()
            for act, cases in ((repair, CASES), (leave_alone, FOREIGN)):
                for case in cases:
                    if not arguments.only or arguments.only in f"{case.resource}: {case.what}":
                        run(drift, case, act)
        finally:
            cloud.stop()
    print(f"\n{table(drift.rows)}\n")
    print(f"{len(drift.rows)} cases in {time.monotonic() - begin:.0f} s")
    print(f"{drift.passed} passed, {len(drift.failed)} failed", flush=True)
    raise SystemExit(1 if drift.failed else 0)


if __name__ == "__main__":
    main()
