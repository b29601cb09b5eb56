"""What SQLite, with its one writer, cannot show: several who ask at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace

import pytest

from semblance.generation.domain.errors import TooManyImages
from semblance.generation.handlers.terms import Shared
from semblance.kernel.ids import ImageId, SubjectId, new_id
from semblance.local.testing.databases import postgres

pytestmark = [pytest.mark.integration, pytest.mark.parametrize("service", ["postgres"], indirect=True)]


@pytest.fixture(scope="module")
def database_url() -> Iterator[str]:
    with postgres() as server:
        yield server.url("generation")


def test_pictures_that_are_asked_for_at_the_same_time_are_counted(service) -> None:  # type: ignore[no-untyped-def]
    app = SubjectId(new_id())
    consent, adapter_id = service.enrol()
    grant = service.consents.grant(service.subject_id, grantee_id=app)

    def ask():  # type: ignore[no-untyped-def]
        return service.create(grant, adapter_id, shared=Shared(app, review=False))

    open_already = [ask(), ask()]
    with ThreadPoolExecutor(1) as another:
        with service.ports.transactions() as store:  # somebody who asks for the third, and last
            store.images.lock(app, service.subject_id)
            store.images.add(replace(open_already[0], id=ImageId(new_id())))
            fourth = another.submit(ask)
            assert not wait([fourth], timeout=0.5).done, "it waits for the third to be there"
        with pytest.raises(TooManyImages):
            fourth.result(30)
    assert service.create(consent, adapter_id).open, "the person's own are counted apart"
