"""What SQLite, with its one writer, cannot show: several who ask at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace

import pytest

from semblance.kernel.ids import AdapterId, new_id
from semblance.local.testing.databases import postgres
from semblance.training.domain.errors import TooManyTrainings

pytestmark = [pytest.mark.integration, pytest.mark.parametrize("service", ["postgres"], indirect=True)]


@pytest.fixture(scope="module")
def database_url() -> Iterator[str]:
    with postgres() as server:
        yield server.url("training")


def test_trainings_that_are_asked_for_at_the_same_time_are_counted(service) -> None:  # type: ignore[no-untyped-def]
    consent = service.enrol()
    first = service.start(consent)
    with ThreadPoolExecutor(1) as another:
        with service.ports.transactions() as store:  # somebody who asks for the second, and last
            store.runs.lock(service.subject_id)
            store.runs.add(replace(first, id=AdapterId(new_id())))
            third = another.submit(service.start, consent)
            assert not wait([third], timeout=0.5).done, "it waits for the second to be there"
        with pytest.raises(TooManyTrainings):
            third.result(30)
