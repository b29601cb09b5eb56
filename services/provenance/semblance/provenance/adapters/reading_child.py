"""The process that reads strangers' manifests: python -m semblance.provenance.adapters.reading_child SECONDS MIB.

It answers one question after the other over its own input and output, holds no secret and no open database, and takes
no more memory than it is given. reading_apart asks, and kills it when it takes too long.
"""

from __future__ import annotations

import json
import os
import resource
import struct
import sys
from collections.abc import Callable
from typing import BinaryIO, Final

from semblance.kernel.units import MIB
from semblance.provenance.domain.reading import ManifestState

READY: Final = b"R"
QUESTION: Final = struct.Struct(">III")  # bytes of the settings, the media type and the picture
ANSWER: Final = struct.Struct(">I")  # bytes of the answer, JSON: a report, or a state's value


def serve(report_of: Callable[[str, str, bytes], object], *, within_s: float, memory_mib: int) -> None:
    """Until nobody asks any more."""
    questions, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not look like an answer
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory_mib * MIB, memory_mib * MIB))
    _say(answers, READY)
    while head := questions.read(QUESTION.size):
        settings, media_type, data = (questions.read(size) for size in QUESTION.unpack(head))
        _limit_cpu(within_s)
        report = report_of(settings.decode(), media_type.decode(), data)
        said = json.dumps(report.value if isinstance(report, ManifestState) else report).encode()
        _say(answers, ANSWER.pack(len(said)) + said)


def _limit_cpu(within_s: float) -> None:
    """Whoever asked kills this process in time; this holds where they were killed themselves."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime + within_s) + 2, resource.RLIM_INFINITY))


def _say(answers: BinaryIO, data: bytes) -> None:
    answers.write(data)
    answers.flush()


if __name__ == "__main__":
    from semblance.provenance.adapters.c2pa_engine import report_of

    serve(report_of, within_s=float(sys.argv[1]), memory_mib=int(sys.argv[2]))
