"""The last step of a restore: who was erased is erased again, before anybody is answered."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

from semblance.contracts.identity.v1 import review_pb2, review_pb2_grpc
from semblance.kernel.errors import Unavailable
from semblance.local import erased_log
from semblance.local.config import Config
from semblance.local.layout import Layout
from semblance.local.operator.desk import desk
from semblance.local.platform import Options, Platform

_TIMEOUT_S = 900.0
_ASK_EVERY_S = 1.0
COMPLETED = "completed"


class NotForgotten(Unavailable):
    """An erasure did not end, so the restore did not."""

    code = "erasures-not-completed"


def forget_again(layout: Layout, options: Options, say: Callable[[str], None]) -> int:
    """Run the platform behind closed doors until every erasure of the log is completed; how many the log has.

    Erasures that were completed before the backup are known to be. Main thread only. Raises NotForgotten, and what a
    start raises; then the next `semblance restore` goes on here, and `semblance up` refuses until it did."""
    log = erased_log.read(erased_log.place_of(layout))
    people = sorted(log.tombstones(erased_log.PEOPLE))
    if not people:
        layout.restoring.unlink()
        return 0
    stop = threading.Event()
    waiting: set[str] = set(people)

    def erase() -> None:
        try:
            _until_erased(layout, waiting)
        finally:
            stop.set()

    worker = threading.Thread(target=erase, daemon=True)

    def begin(_: Config) -> None:
        say(f"{len(people)} erasures of the log")
        worker.start()

    Platform(layout, options, say).run(stop, begin)
    if waiting:
        raise NotForgotten(
            f"{len(waiting)} erasures are not completed", remedy=f"See {layout.log}; run `semblance restore` again."
        )
    layout.restoring.unlink()
    return len(people)


def _until_erased(layout: Layout, waiting: set[str]) -> None:
    """Takes out of `waiting` who is erased everywhere; returns when it is empty or time is up."""
    deadline_s = time.monotonic() + _TIMEOUT_S
    with desk(layout.data) as stub:
        while waiting and time.monotonic() < deadline_s:
            waiting -= set(_erased(stub, sorted(waiting)))
            if waiting:
                time.sleep(_ASK_EVERY_S)


def _erased(stub: review_pb2_grpc.OperatorServiceStub, people: Iterable[str]) -> Iterable[str]:
    for person in people:
        try:
            erasure = stub.EraseSubject(review_pb2.EraseSubjectRequest(subject_id=person))
        except Unavailable:
            return  # asked again
        if erasure.state == COMPLETED:
            yield person
