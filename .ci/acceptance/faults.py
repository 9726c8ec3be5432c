"""When a call of the real process fails, nothing is lost and nothing is created twice.

Every call of `up` from nothing, of an `up` that changes much, of `down`, and of the probe that ends an `up`, meets every
fault: the process is killed by SIGKILL before the call or after its effect, the answer is lost before or after it, the
call is throttled, the service fails, the call takes a minute, or nothing listens any more. Then the same command runs
again and must converge: exactly one of each resource, nothing left to plan, and nothing left behind by `down`.

A whole run takes half an hour; `--stride N` runs every Nth case and says so. `--results` records outcomes, so that a run can
be resumed.
"""

import argparse
import collections
import concurrent.futures
import dataclasses
import json
import pathlib
import subprocess
import tempfile
import threading
import time
import traceback

from fault_cloud import CLOUDS
from fault_proxy import FAULTS
from fault_stack import Stack

UP, DOWN = ("up", "--yes"), ("down", "--yes")
# Faults in which a case only waits: for the answer, or between the process's own retries.
WAITING = ("slow before", "slow after", "refused")
WAITING_AT_ONCE = 24
# A program that nothing invokes; cases with the probe have the real one.
ANY_PROGRAM = "/bin/true"


@dataclasses.dataclass(frozen=True)
class Case:
    """A command, and which of its calls meets which fault."""

    command: str
    operation: str
    occurrence: int
    fault: str
    proved: bool = False

    def __str__(self):
        number = f" #{self.occurrence + 1}" if self.occurrence else ""
        return f"{self.command}: {self.operation}{number} {self.fault}{', proved' if self.proved else ''}"

    @property
    def key(self):
        return "/".join((self.command, self.operation, str(self.occurrence), self.fault))

    @property
    def args(self):
        if self.command == "down":
            return DOWN
        return UP if self.proved else (*UP, "--no-probe")


class Matrix:
    def __init__(self, cloud, deployer, bootstrap, work, hold_s):
        self.cloud, self.deployer, self.bootstrap, self.work, self.hold_s = cloud, deployer, bootstrap, work, hold_s
        self.lock, self.number = threading.Lock(), 0

    def stack(self, proved):
        with self.lock:
            self.number += 1
            name = f"f{self.number}"
        return Stack(self.cloud, self.deployer, self.work / name, name, self.bootstrap if proved else ANY_PROGRAM)

    def prepared(self, case):
        """A stack in the state that the case's command starts from."""
        stack = self.stack(case.proved)
        if case.command != "up":
            ended, _ = stack.unharmed(*UP, "--no-probe")
            if ended.code:
                raise AssertionError(f"the `up` before it failed: {ended}")
        stack.configure(changed=case.command == "update")
        return stack

    def calls(self, command):
        """The calls of a command without a fault: each operation, and how often it was called before."""
        stack = self.prepared(Case(command, "", 0, "", proved=command == "proof"))
        ended, calls = stack.unharmed(*Case(command, "", 0, "", proved=command == "proof").args)
        if ended.code:
            raise SystemExit(f"{command} without a fault: {ended}")
        stack.unharmed(*DOWN)
        stack.close()
        seen, numbered = collections.Counter(), []
        for operation in calls:
            if operation.startswith("data:") == (command == "proof"):
                numbered.append((operation, seen[operation]))
                seen[operation] += 1
        return sorted(numbered)

    def survives(self, case):
        """Runs a case to its end. Returns the exit code after the fault, and how many more runs it took."""
        began = time.monotonic()
        stack = self.prepared(case)
        ended, met = stack.faulty(case.args, case, self.hold_s)
        if not met:
            # The number of polls during a wait differs from run to run.
            stack.unharmed(*DOWN)
            stack.close()
            return {"met": False}
        expect(ended, case)
        runs = 1
        again, _ = stack.unharmed(*case.args)
        if again.code or not self.converged(stack, case):
            runs += 1
            again, _ = stack.unharmed(*case.args)
        if again.code:
            raise AssertionError(f"it fails when run again: {again}")
        wrong = stack.wrong(up=case.command != "down")
        if wrong:
            raise AssertionError(f"{wrong} after it was run again")
        if not self.converged(stack, case):
            raise AssertionError("changes are left to plan")
        ended_down, _ = stack.unharmed(*DOWN)
        wrong = stack.wrong(up=False)
        if ended_down.code or wrong:
            raise AssertionError(f"`down` leaves {wrong}: {ended_down}")
        stack.close()
        said = next((line for line in ended.stderr.splitlines() if line.startswith("error: ")), "")
        return {"met": True, "exit": ended.code, "runs": runs, "said": said, "seconds": round(time.monotonic() - began, 1)}

    def converged(self, stack, case):
        if case.command == "down":
            return not stack.wrong(up=False)
        ended, _ = stack.unharmed("plan", "--detailed-exitcode")
        return ended.code == 0

    def outcome(self, case):
        try:
            return self.survives(case)
        except AssertionError as error:
            return {"met": True, "failure": str(error)}
        except Exception:  # a case that cannot be judged must not stop the others, and has failed
            return {"met": True, "failure": traceback.format_exc()}


def expect(ended, case):
    """Checks how a command with a fault ended: killed if it was to be, otherwise done, or failed with a clear message."""
    if case.fault.startswith("killed"):
        if ended.code != -9:
            raise AssertionError(f"it should have been killed: {ended}")
        return
    if "panicked" in ended.stderr:
        raise AssertionError(f"it panicked: {ended}")
    allowed = (1,) if case.fault == "refused" else (0, 1)
    if ended.code not in allowed:
        raise AssertionError(f"its exit code is not one of {allowed}: {ended}")
    if ended.code and ("error: " not in ended.stderr or "hint: " not in ended.stderr):
        raise AssertionError(f"it does not say what to do: {ended}")


def report(command, calls, outcomes):
    """Prints the figures of a command, and which faults each of its operations met."""
    met = [(case, outcome) for case, outcome in outcomes if outcome["met"]]
    survived = [outcome for _, outcome in met if "failure" not in outcome]
    codes = collections.Counter(outcome["exit"] for outcome in survived if outcome["exit"] != -9)
    third = sum(1 for outcome in survived if outcome["runs"] > 1)
    print(f"{command}: {len(calls)} calls x {len(FAULTS)} faults; of {len(outcomes)} cases {len(outcomes) - len(met)} met no"
          f" such call, {len(survived)} survived, {third} in a third run;"
          f" killed {sum(1 for o in survived if o['exit'] == -9)},"
          f" {', '.join(f'exit {code}: {count}' for code, count in sorted(codes.items())) or 'none exited by itself'}")
    width = max(len(operation) for operation, _ in calls)
    print(f"  {'':{width}}  " + "  ".join(FAULTS))
    for operation in sorted({operation for operation, _ in calls}):
        seen = collections.Counter(case.fault for case, _ in met if case.operation == operation)
        # A sample omits most operations.
        if not seen:
            continue
        print(f"  {operation:{width}}  " + "  ".join(f"{seen[fault] or '.':>{len(fault)}}" for fault in FAULTS))


def chosen(cases, stride, seed, faults):
    """Every Nth case. All faults and all calls come up if N shares no factor with their number."""
    wanted = [case for case in cases if not faults or case.fault in faults]
    return wanted[seed % stride::stride]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cloud", choices=CLOUDS, required=True)
    parser.add_argument("--deployer", type=pathlib.Path, required=True)
    parser.add_argument("--commands", default="up,update,down,proof")
    parser.add_argument("--faults", default="", help="only these, separated by commas")
    parser.add_argument("--stride", type=int, default=1, help="run every Nth case")
    parser.add_argument("--seed", type=int, default=0, help="which of those N")
    parser.add_argument("--prove", type=int, default=0, help="every Nth case of up and update invokes the function")
    parser.add_argument("--hold", type=float, default=60, help="seconds that a slow call takes")
    parser.add_argument("--jobs", type=int, default=3)
    parser.add_argument("--results", type=pathlib.Path, help="a file that records outcomes; recorded cases are not run again")
    arguments = parser.parse_args()
    deployer = arguments.deployer.resolve()
    faults = [fault for fault in arguments.faults.split(",") if fault]
    done = {}
    if arguments.results and arguments.results.exists():
        done = {line["key"]: line["outcome"] for line in map(json.loads, arguments.results.read_text().splitlines())}
    failed, began = 0, time.monotonic()
    with tempfile.TemporaryDirectory() as temporary:
        work = pathlib.Path(temporary)
        cloud = CLOUDS[arguments.cloud](work, str(deployer))
        try:
            # Every case with the probe zips it, and symbols are most of its size.
            subprocess.run(["strip", "-o", work / "bootstrap", deployer.parent / "bootstrap"], check=True)
            matrix = Matrix(cloud, str(deployer), work / "bootstrap", work, arguments.hold)
            for command in arguments.commands.split(","):
                if command == "proof" and not cloud.proves:
                    print("probe: not run; this cloud cannot run the bootstrap of the debug profile")
                    continue
                calls = matrix.calls(command)
                cases = [Case(command, operation, occurrence, fault) for operation, occurrence in calls for fault in FAULTS]
                picked = chosen(cases, arguments.stride, arguments.seed, faults)
                print(f"{command}: {len(picked)} of {len(cases)} cases"
                      f" (every {arguments.stride}th from {arguments.seed % arguments.stride})", flush=True)
                failed += run(matrix, cloud, command, calls, picked, arguments, done)
        finally:
            cloud.stop()
    print(f"{failed} failed, in {time.monotonic() - began:.0f} s")
    raise SystemExit(1 if failed else 0)


def run(matrix, cloud, command, calls, picked, arguments, done):
    """Runs the cases of a command in parallel and reports them. Returns how many failed."""
    proved = {case for number, case in enumerate(picked) if command == "proof" or (
        arguments.prove and cloud.proves and command != "down" and number % arguments.prove == 0)}
    picked = [dataclasses.replace(case, proved=case in proved) for case in picked]
    outcomes = [(case, done[case.key]) for case in picked if case.key in done]
    left = [case for case in picked if case.key not in done]
    with (concurrent.futures.ThreadPoolExecutor(arguments.jobs) as busy,
          concurrent.futures.ThreadPoolExecutor(WAITING_AT_ONCE) as waiting):
        futures = {(waiting if case.fault in WAITING else busy).submit(matrix.outcome, case): case for case in left}
        for future in concurrent.futures.as_completed(futures):
            case, outcome = futures[future], future.result()
            outcomes.append((case, outcome))
            if arguments.results:
                with arguments.results.open("a") as file:
                    file.write(json.dumps({"key": case.key, "outcome": outcome}) + "\n")
            if "failure" in outcome:
                print(f"  FAIL  {case}: {outcome['failure']}", flush=True)
    report(command, calls, outcomes)
    return sum(1 for _, outcome in outcomes if "failure" in outcome)


if __name__ == "__main__":
    main()
