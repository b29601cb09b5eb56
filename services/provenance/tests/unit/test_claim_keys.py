"""A key without its notice: whoever is killed between the two leaves one, and the clock comes by for it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from semblance.kernel.clock import FakeClock
from semblance.kernel.errors import Gone
from semblance.kernel.ids import new_id
from semblance.objects import FileKeyRing
from semblance.provenance.adapters import takedown_clock
from semblance.provenance.adapters.claims import SealedClaims
from semblance.provenance.domain.errors import TakedownLapsed
from semblance.provenance.domain.takedown import STATEMENT_VERSION, Claimant, Notice, Relation
from semblance.provenance.handlers import taking_down

CLAIMANT = Claimant("Ada Example", "ada@example.org", "It is me, and I never agreed.")

# Receives a notice and is killed as soon as its words are sealed; killed for good, so nothing can tidy up behind it.
KILLED = """
import contextlib, os, signal, sys
from types import SimpleNamespace
from pathlib import Path
from semblance.kernel.clock import SystemClock
from semblance.objects import FileKeyRing
from semblance.provenance.adapters.claims import SealedClaims
from semblance.provenance.adapters.store import reading, writing
from semblance.provenance.domain.takedown import STATEMENT_VERSION, Claimant, Notice, Relation
from semblance.provenance.handlers import taking_down
from semblance.provenance.ports import TakedownRules
from semblance.service_kit.database import Database

url, keys, reference = sys.argv[1:]
clock = SystemClock()
database = Database(url, source="provenance", clock=clock)

class Killed(SealedClaims):
    def seal(self, takedown_id, claimant):
        super().seal(takedown_id, claimant)
        os.kill(os.getpid(), signal.SIGKILL)

ports = SimpleNamespace(
    clock=clock, claims=Killed(FileKeyRing(Path(keys), Path(keys).with_name("kek"))), takedown_rules=TakedownRules(),
    reads=lambda: reading(database), transactions=lambda: writing(database),
)
claimant = Claimant("Ada Example", "ada@example.org", "It is me.", "a picture that is not here")
taking_down.submit(Notice(reference, claimant, Relation.SELF, STATEMENT_VERSION, confirmed=True), b"", ports)
"""


def notice(reference: str) -> Notice:
    return Notice(reference, CLAIMANT, Relation.SELF, STATEMENT_VERSION, confirmed=True)


@pytest.fixture
def clock(house) -> FakeClock:
    made = FakeClock(dt.datetime.now(dt.UTC))
    house.use(clock=made)
    return made


def test_the_key_of_a_notice_whose_process_was_killed_is_destroyed(house, clock: FakeClock, tmp_path: Path) -> None:
    keys, reference = tmp_path / "keys", new_id().replace("-", "")
    keyring = FileKeyRing(keys, tmp_path / "kek")
    house.use(claims=SealedClaims(keyring))
    url = house.database.engine.url.render_as_string(hide_password=False)
    ended = subprocess.run([sys.executable, "-c", KILLED, url, str(keys), reference], check=False, timeout=120)
    assert ended.returncode == -signal.SIGKILL
    (left,) = [path.stem for path in keys.glob("*.key")]
    assert keyring.exists(left)

    kept, _ = taking_down.submit(notice(reference), b"", house.ports)
    assert kept.id != left
    takedown_clock.sweep(house.ports)
    assert keyring.exists(left), "it may be a notice that is being received right now"
    clock.advance(taking_down.RECEIVED_WITHIN.total_seconds() + 60)
    takedown_clock.sweep(house.ports)
    assert not keyring.exists(left)
    assert taking_down.show(kept.id, house.ports).claimant == CLAIMANT, "a kept notice's key is none of those"
    assert taking_down.drop_unused_keys(house.ports) == 0


def test_a_notice_whose_key_was_swept_is_not_kept_with_words_that_nobody_can_read(house, clock: FakeClock) -> None:
    inner, sealed = house.ports.claims, {}

    class Slow:
        def seal(self, takedown_id: str, claimant: Claimant) -> bytes:
            sealed[takedown_id] = inner.seal(takedown_id, claimant)
            clock.advance(taking_down.RECEIVED_WITHIN.total_seconds() + 60)
            assert taking_down.drop_unused_keys(dataclasses.replace(house.ports, claims=inner)) == 1
            return sealed[takedown_id]

        def __getattr__(self, name: str):
            return getattr(inner, name)

    house.use(claims=Slow())
    asked = notice(new_id().replace("-", ""))
    with pytest.raises(TakedownLapsed):
        taking_down.submit(asked, b"", house.ports)
    ((takedown_id, words),) = sealed.items()
    with pytest.raises(Gone):
        inner.open(takedown_id, words)
    with house.ports.reads() as store:
        assert store.takedowns.open_count() == 0
    house.use(claims=inner)
    assert taking_down.submit(asked, b"", house.ports)[0].id != takedown_id
