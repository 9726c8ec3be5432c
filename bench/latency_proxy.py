"""A proxy that delays every call to an emulator, as the network to AWS would: half before the call, half after it.

It counts calls and, from their times, how deeply they depend on each other: a call that begins after another has ended may
need its answer.
"""

import time

from clouds import action_of
from passing_proxy import PassingProxy


class LatencyProxy(PassingProxy):
    """Delays calls, and records when each began and ended and whether it was a write."""

    def __init__(self, target_port, latency_s):
        self.latency_s, self.calls = latency_s, []
        super().__init__(target_port)

    def answer(self, method, path, headers, body):
        begin = time.monotonic()
        time.sleep(self.latency_s / 2)
        answer = super().answer(method, path, headers, body)
        time.sleep(self.latency_s / 2)
        _, _, write = action_of(method, path, headers, body)
        self.calls.append((begin, time.monotonic(), write))
        return answer

    def take(self):
        """Writes, reads and depth of the calls since the last time."""
        taken, self.calls = self.calls, []
        writes = sum(write for _, _, write in taken)
        return writes, len(taken) - writes, depth(taken)


def depth(calls):
    """The length of the longest chain of calls in which each began after the one before had ended."""
    ended, deepest = [], 0
    for begin, end, _ in sorted(calls):
        own = 1 + max((level for when, level in ended if when <= begin), default=0)
        ended.append((end, own))
        deepest = max(deepest, own)
    return deepest
