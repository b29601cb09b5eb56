"""A key without its entry: whoever is killed between the two leaves one, and the clock comes by for it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from semblance.identity.domain.errors import ProtectionConflict
from semblance.identity.domain.protection import ProtectionPurpose, key_of
from semblance.identity.handlers import register
from semblance.identity.handlers.register import ADDED_WITHIN, ProtectFace, protect_face
from semblance.kernel.ids import new_id
from semblance.objects import FileKeyRing, Sealer

SHA256 = hashlib.sha256(b"a removal code").hexdigest()
LATER_S = ADDED_WITHIN.total_seconds() + 60

# Adds an entry and is killed as soon as its template is sealed; killed for good, so nothing can tidy up behind it.
KILLED = """
import datetime as dt, os, signal, sys
from pathlib import Path
from types import SimpleNamespace
import numpy as np
from semblance.identity.adapters.store import SqlTransactions
from semblance.identity.domain.protection import ProtectionPurpose
from semblance.identity.domain.recogniser import SFACE
from semblance.identity.handlers.register import ProtectFace, protect_face
from semblance.kernel.clock import FakeClock
from semblance.objects import FileKeyRing, Sealer
from semblance.service_kit.database import Database

url, keys, entry_id, code_sha256, now = sys.argv[1:]
clock = FakeClock(dt.datetime.fromisoformat(now))
stores = SqlTransactions(Database(url, source="identity", clock=clock), clock)
keyring = FileKeyRing(Path(keys), Path(keys).with_name("kek"))

class Killed(Sealer):
    def seal(self, *given):
        super().seal(*given)
        os.kill(os.getpid(), signal.SIGKILL)

ports = SimpleNamespace(
    clock=clock, keys=keyring, seals=Killed(keyring), recogniser=SFACE, rules=SimpleNamespace(protected_faces=9),
    photos=SimpleNamespace(read=lambda photos: [np.ones(128, np.float32)]), reads=stores.read,
    transactions=stores.write,
)
protect_face(ProtectFace(entry_id, ProtectionPurpose.SELF, [b"1"], code_sha256), ports)
"""


@pytest.fixture
def keyring(tmp_path: Path) -> FileKeyRing:
    return FileKeyRing(tmp_path / "keys", tmp_path / "kek")


@pytest.fixture
def ports(desk: Any, keyring: FileKeyRing) -> Any:
    return dataclasses.replace(desk.ports, keys=keyring, seals=Sealer(keyring))


def of(entry_id: str) -> ProtectFace:
    return ProtectFace(entry_id, ProtectionPurpose.SELF, [b"5"], SHA256)


def test_the_key_of_an_entry_whose_process_was_killed_is_destroyed(
    desk: Any, ports: Any, keyring: FileKeyRing, tmp_path: Path
) -> None:
    left, kept = new_id(), new_id()
    url = desk.database.engine.url.render_as_string(hide_password=False)
    words = (url, str(tmp_path / "keys"), left, SHA256, desk.clock.now().isoformat())
    ended = subprocess.run([sys.executable, "-c", KILLED, *words], check=False, timeout=120)
    assert ended.returncode == -signal.SIGKILL
    assert [path.stem for path in (tmp_path / "keys").glob("*.key")] == [key_of(left)]

    protect_face(of(kept), ports)
    assert register.drop_unused_keys(ports) == 0
    assert keyring.exists(key_of(left)), "it may be an entry that is being added right now"
    desk.clock.advance(LATER_S)
    assert register.drop_unused_keys(ports) == 1
    assert not keyring.exists(key_of(left))
    assert keyring.exists(key_of(kept)), "a kept entry's key is none of those"
    assert register.drop_unused_keys(ports) == 0


def test_who_sends_it_again_in_time_is_protected_by_the_key_that_was_left(
    desk: Any, ports: Any, keyring: FileKeyRing
) -> None:
    entry_id = new_id()
    with ports.transactions() as store:
        store.register.begin_key(entry_id, desk.clock.now() - dt.timedelta(minutes=9))
    keyring.create(key_of(entry_id))
    protect_face(of(entry_id), ports)
    desk.clock.advance(LATER_S)
    assert register.drop_unused_keys(ports) == 0
    assert keyring.exists(key_of(entry_id))


def test_an_entry_whose_key_was_swept_is_not_kept_with_a_face_that_nobody_can_read(desk: Any, ports: Any) -> None:
    class Slow(Sealer):
        def seal(self, subject_id: str, purpose: str, data: bytes) -> bytes:
            sealed = super().seal(subject_id, purpose, data)
            desk.clock.advance(LATER_S)
            assert register.drop_unused_keys(ports) == 1
            return sealed

    slow = dataclasses.replace(ports, seals=Slow(ports.keys))
    with pytest.raises(ProtectionConflict):
        protect_face(of(new_id()), slow)
    assert register.list_protected("", 10, ports) == []
