"""A record as it lies on a topic, whatever broker holds it."""

from __future__ import annotations

from dataclasses import dataclass

from semblance.kernel.units import MIB

# What a consumer accepts; larger records go to the dead-letter topic. Pixels never travel in events.
MAX_EVENT_BYTES = 10 * MIB
# What a producer sends: a dead letter must fit even when it was refused for its size.
MAX_RECORD_BYTES = 40 * MIB


@dataclass(frozen=True)
class Record:
    """Key, value and headers; partition and offset are set on records that were read."""

    topic: str
    key: str | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    partition: int = 0
    offset: int = 0

    def header(self, name: str) -> str | None:
        """The last header of that name as text, or None; bytes that are not UTF-8 count as absent."""
        for key, value in reversed(self.headers):
            if key == name:
                try:
                    return value.decode()
                except UnicodeDecodeError:
                    return None
        return None

    def size_bytes(self) -> int:
        """Key, value and headers together."""
        headers = sum(len(name) + len(value) for name, value in self.headers)
        return len(self.key or "") + len(self.value or b"") + headers
