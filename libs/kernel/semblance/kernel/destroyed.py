"""What an erasure destroyed in one store, thing by thing."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Destroyed:
    """A store's name and the identifier of each thing that was destroyed there, as its owner may know it: a photo's
    id, an image's, a row's key. Never a name, and never anything else that a person wrote."""

    store: str
    ids: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many things."""
        return len(self.ids)

    @classmethod
    def of(cls, store: str, ids: Iterable[object]) -> Destroyed:
        """The k-th thing of the same identifier (an older version of an object) is `<identifier>#<k>`."""
        seen: Counter[str] = Counter()
        named = []
        for each in map(str, ids):
            seen[each] += 1
            named.append(each if seen[each] == 1 else f"{each}#{seen[each]}")
        return cls(store, tuple(named))


def item_digest(identifier: str) -> str:
    """Hex SHA-256: how a destroyed thing is named in an event."""
    return hashlib.sha256(identifier.encode()).hexdigest()


def salted_item(salt: str, digest: str) -> str:
    """Hex SHA-256 of the salt, a colon and `item_digest`: how a destroyed thing is named in a receipt's list."""
    return hashlib.sha256(f"{salt}:{digest}".encode()).hexdigest()
