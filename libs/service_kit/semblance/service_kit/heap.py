"""What a process does about its memory: how much of what is freed it keeps, and what it never looks at again.

The C library gives freed memory back to the system at once unless told otherwise. A picture's arrays are some megabytes
each. Given back, each is fetched anew, page by page and zeroed, for the next picture: a fifth to a half of what looking
at one and marking one cost (10,000 page faults a picture).
"""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable

from semblance.kernel.units import MIB

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # glibc's malloc.h
MOST_MIB = 32  # glibc takes no more for a single array (HEAP_MAX_SIZE / 2 on 64 bits)


def keep(mib: int) -> bool:
    """From now on arrays of up to `mib` come from the heap, and so much is kept in each arena when they are freed,
    whatever the environment says; 0 changes nothing. Whether it is so: C libraries other than glibc cannot be told."""
    mallopt: Callable[[int, int], int] | None = getattr(ctypes.CDLL(None), "mallopt", None)
    if not mib or mallopt is None:
        return False
    return all(mallopt(what, mib * MIB) == 1 for what in (_M_MMAP_THRESHOLD, _M_TRIM_THRESHOLD))


def settle() -> None:
    """Leave what is there by now out of every garbage collection to come: modules and models, which stay until the end.

    A full collection looks at each of those objects (hundreds of thousands with torch) and holds every thread
    meanwhile: a request, a picture's step or an answer about readiness that comes just then waits for it.
    """
    gc.collect()
    gc.freeze()
