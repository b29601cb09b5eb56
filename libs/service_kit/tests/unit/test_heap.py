"""Freed arrays stay with the process where a service asks for it, and are not fetched anew for every picture."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

# In a process of its own, as services are run: what is told to the C library holds until its end.
_FAULTS = """
import ctypes, resource, sys
ctypes.CDLL(None).prctl(41, 1, 0, 0, 0)  # PR_SET_THP_DISABLE: a huge page would be one fault in place of 512
import numpy as np
from semblance.service_kit import heap
kept = heap.keep(int(sys.argv[1]))
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def fill():
    np.empty(8 << 20, np.uint8).fill(1)
fill()
before = faults()
for _ in range(10):
    fill()
print(int(kept), faults() - before)
"""
_PAGES = 8 * 1024 // 4  # of one array


@pytest.mark.parametrize(("mib", "kept"), [(0, False), (32, True)])
def test_a_freed_array_is_used_again(mib: int, kept: bool) -> None:
    environment = {**os.environ, "MALLOC_TRIM_THRESHOLD_": "131072", "NUMPY_MADVISE_HUGEPAGE": "0"}
    run = subprocess.run(
        [sys.executable, "-c", _FAULTS, str(mib)], env=environment, capture_output=True, text=True, check=True
    )
    told, faults = map(int, run.stdout.split())
    assert bool(told) == kept
    assert (faults < _PAGES) == kept  # else each of the ten fetches all of its pages


_SETTLED = """
import gc, weakref
from semblance.service_kit import heap
class Ring:
    def __init__(self):
        self.itself = self
def garbage():
    return weakref.ref(Ring())
gc.disable()
stays, before = Ring(), garbage()
heap.settle()
after = garbage()
frozen = not any(each is stays for each in gc.get_objects())
gc.collect()
print(int(frozen), int(before() is None), int(after() is None))
"""


def test_what_lasts_is_looked_at_no_more_and_garbage_of_before_and_after_goes() -> None:
    run = subprocess.run([sys.executable, "-c", _SETTLED], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["1", "1", "1"]
