"""How every call is made: a request, and its answer as a model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from semblance.client.models import Model, Page
from semblance.client.transport import Transport

M = TypeVar("M", bound=Model)
SLOW_S = 120.0
"""Timeout of a call that sends a file."""


class Calls:
    """The verbs over a transport."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def _get(self, model: type[M], path: str, **params: Any) -> M:
        return model.model_validate_json(self._transport.get(path, **params).content)

    def _create(self, model: type[M], path: str, body: dict[str, Any], key: str | None) -> M:
        return model.model_validate_json(self._transport.create(path, key=key, json=body).content)

    def _change(self, model: type[M], method: str, path: str, body: dict[str, Any]) -> M:
        return model.model_validate_json(self._transport.call(method, path, repeat=False, json=body).content)

    def _delete(self, model: type[M], path: str) -> M:
        return model.model_validate_json(self._transport.call("DELETE", path).content)

    def _list(self, model: type[M], path: str, **params: Any) -> Iterator[M]:
        after: str | None = None
        while True:
            response = self._transport.get(path, after=after, limit=100, **params)
            page = Page[model].model_validate_json(response.content)  # type: ignore[valid-type]
            yield from page.items
            after = page.next_after
            if after is None:
                return
