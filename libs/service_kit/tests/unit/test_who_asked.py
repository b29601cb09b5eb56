"""An erasure is done for identity alone: whoever else can write to the topic has nobody's things deleted."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from semblance.contracts.platform.v1.events_pb2 import ErasureCompleted, ErasureRequested
from semblance.kernel.errors import Invalid
from semblance.kernel.ids import new_id
from semblance.objects import MemoryKeyRing
from semblance.service_kit import testing
from semblance.service_kit.consumer import Subscription
from semblance.service_kit.database import Database
from semblance.service_kit.erasing import ErasureNotAsked, key_is_destroyed, only_asked

SERVICES = Path(__file__).parents[4] / "services"


def test_whose_key_stands_or_never_was_is_erased_by_nobodys_word(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    keyring, erased, completed = MemoryKeyRing(), [], []
    handlers = {
        ErasureRequested: lambda message, _unit: erased.append(message.subject_id),
        ErasureCompleted: lambda message, _unit: completed.append(message.subject_id),
    }
    [guarded] = only_asked([Subscription("ingest.erasure", handlers)], key_is_destroyed(keyring))
    stands, never, gone = new_id(), new_id(), new_id()
    for person in (stands, gone):
        keyring.create(person)
    keyring.destroy(gone)
    for person in (stands, never):
        message = ErasureRequested(subject_id=person, erasure_id=new_id())
        with pytest.raises(ErasureNotAsked):
            testing.deliver(guarded, database, message)
    assert erased == []
    assert "may not" in caplog.text
    testing.deliver(guarded, database, ErasureRequested(subject_id=gone, erasure_id=new_id()))
    testing.deliver(guarded, database, ErasureCompleted(subject_id=stands, erasure_id=new_id()))
    assert (erased, completed) == ([gone], [stands])
    with pytest.raises(Invalid):
        key_is_destroyed(keyring)(ErasureRequested(subject_id="../../etc"))


def test_every_service_that_erases_asks_who_asked() -> None:
    sources = {path.parent.name: path.parent for path in SERVICES.glob("*/semblance/*/consumers.py")}
    erasing = {
        name for name, home in sources.items() if re.search(r"ErasureRequested:", (home / "consumers.py").read_text())
    }
    assert len(erasing) == len(sources) - 1, "all but identity, which asks"
    for name in erasing:
        assert "subscriptions=only_asked(" in (sources[name] / "main.py").read_text(), name
