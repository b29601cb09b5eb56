"""The last step of a restore: who was erased is erased again, what was taken back is taken back again, and only then is
anybody answered."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pydantic import SecretStr

from semblance.contracts.identity.v1 import review_pb2, review_pb2_grpc
from semblance.kernel.errors import Unavailable
from semblance.local import erased_log
from semblance.local.backup.errors import BackupsDoNotFit
from semblance.local.config import Config
from semblance.local.layout import Layout
from semblance.local.operator.desk import desk
from semblance.local.platform import Options, Platform
from semblance.service_kit.taken_back import TakenBack
from semblance.service_kit.taking_back import FIRST, doors, owed, take_back, until_done

COMPLETED = "completed"


class NotForgotten(Unavailable):
    """An erasure or a taking back did not end, so the restore did not."""

    code = "erasures-not-completed"


@dataclass(frozen=True)
class Held:
    """How many erasures and how many things taken back the log has; all of them hold."""

    erased: int
    taken_back: int


def forget_again(layout: Layout, options: Options, say: Callable[[str], None]) -> Held:
    """Run the platform behind closed doors until every erasure of the log is completed and everything is taken back.

    What was done before the backup is known to be and costs a question. Main thread only. Raises NotForgotten,
    BackupsDoNotFit, UnknownEntry, and what a start raises; then the next `semblance restore` goes on here, and
    `semblance up` refuses until it did."""
    log = erased_log.read(erased_log.place_of(layout))
    begun = json.loads(layout.restoring.read_text())
    if begun.get("erased_log", log.id) != log.id:
        raise BackupsDoNotFit(
            "the log of erasures is not the one that this restore was begun with",
            remedy=f"Name that one with {erased_log.VARIABLE}.",
        )
    people = sorted(log.tombstones(erased_log.PEOPLE))
    # A restore that an older version began wrote no time down: then everything counts.
    made_at = dt.datetime.fromisoformat(begun["made_at"]) if "made_at" in begun else None
    things = owed(log.taken_back(), made_at)
    first = [thing for thing in things if thing.kind in FIRST]
    rest = [thing for thing in things if thing.kind not in FIRST]
    if first:
        alone = replace(options, services=("identity",))
        _behind_closed_doors(layout, alone, say, lambda config: _take_back(layout, config, first, say))
    if people or rest:
        _behind_closed_doors(layout, options, say, lambda config: _everything(layout, config, people, rest, say))
    log.forget_covered()
    layout.restoring.unlink()
    return Held(len(people), len(things))


def _everything(
    layout: Layout, config: Config, people: list[str], things: list[TakenBack], say: Callable[[str], None]
) -> None:
    if people:
        say(f"{len(people)} erasures of the log")
        with desk(layout.data) as stub:
            left = until_done(people, lambda person: _is_erased(person, stub))
        _require_done(layout, left)
    if things:
        _take_back(layout, config, things, say)


def _take_back(layout: Layout, config: Config, things: list[TakenBack], say: Callable[[str], None]) -> None:
    say(f"{len(things)} things taken back")
    addresses = {service: f"127.0.0.1:{config.ports[f'{service}.grpc']}" for service in erased_log.KEEPERS}
    with doors(addresses, SecretStr(config.internal_token)) as to:
        left = until_done(things, lambda thing: take_back(thing, to))
    _require_done(layout, left)


def _behind_closed_doors(
    layout: Layout, options: Options, say: Callable[[str], None], work: Callable[[Config], None]
) -> None:
    """Run a platform that answers nobody until `work` ended; raises what it raised."""
    stop = threading.Event()
    failed: list[BaseException] = []

    def begin(config: Config) -> None:
        def run() -> None:
            try:
                work(config)
            except BaseException as error:  # noqa: BLE001 - raised again by the thread that waits
                failed.append(error)
            finally:
                stop.set()

        threading.Thread(target=run, daemon=True).start()

    Platform(layout, options, say).run(stop, begin)
    if failed:
        raise failed[0]


def _require_done(layout: Layout, left: Sequence[object]) -> None:
    if left:
        raise NotForgotten(
            f"{len(left)} erasures or withdrawals are not completed",
            remedy=f"See {layout.log}; run `semblance restore` again.",
        )


def _is_erased(person: str, stub: review_pb2_grpc.OperatorServiceStub) -> bool:
    return bool(stub.EraseSubject(review_pb2.EraseSubjectRequest(subject_id=person)).state == COMPLETED)
