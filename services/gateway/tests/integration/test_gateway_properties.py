"""Whatever is sent, in or out of the schema, the answer is never a bug and always as documented."""

from __future__ import annotations

import contextlib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from semblance.gateway.handlers.accounts import create_account
from semblance.gateway.handlers.sessions import open_session
from semblance.gateway.testing import GatewayInProcess, gateway
from semblance.kernel.ids import new_id

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
RATES = ("read", "write", "upload", "image", "anonymous", "password", "guess", "score")
_EXAMPLES = {GenerationMode.POSITIVE: 10, GenerationMode.NEGATIVE: 5}


@pytest.fixture(scope="module")
def unhurried(tmp_path_factory: pytest.TempPathFactory):
    rates = {f"{rate}_per_minute": 1e9 for rate in RATES}
    directory: Path = tmp_path_factory.mktemp("properties")
    world = gateway(
        directory, stream_life_s=0.05, stream_poll_s=0.01, image_wait_s=0.01, training_per_hour=1e9, **rates
    )
    yield world
    world.database.close()


def operations(app: FastAPI) -> list[Any]:
    loaded = schemathesis.openapi.from_asgi("/openapi.json", app)
    return [result.ok() for result in loaded.get_all_operations()]


@pytest.mark.timeout(900)  # its length is the machine's: 25 s on two idle cores
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_no_input_finds_a_bug(unhurried: GatewayInProcess, mode: GenerationMode):
    statuses: Counter[int] = Counter()
    for operation in operations(unhurried.app):
        # A person of its own for each operation, for some erase the account.
        _try(operation, mode, _somebody(unhurried), statuses)
    assert statuses.total() > 100
    assert not [status for status in statuses if status >= 500]


def _try(operation: Any, mode: GenerationMode, headers: dict[str, str], statuses: Counter[int]) -> None:
    @settings(
        max_examples=_EXAMPLES[mode],
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def call(case: Any) -> None:
        response = case.call(headers=headers)
        statuses[response.status_code] += 1
        case.validate_response(response, checks=CHECKS)

    # An operation that reads nothing has no wrong input.
    with contextlib.suppress(Unsatisfiable):
        call()


def _somebody(world: GatewayInProcess) -> dict[str, str]:
    front = world.front
    handle = f"tester-{new_id()[-8:]}"
    account = create_account(
        front.gate, issuer=front.issuer.issuer, handle=handle, password="correct horse", subject_id=new_id()
    )
    session = open_session(front.gate, account, issuer=front.issuer.issuer, life_s=3600)
    return {"Authorization": f"Bearer {front.issuer.issue(account.subject_id, session.id)}"}
