"""A requirement: a small object that says what is broken, and where it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from semblance.provenance.domain.conformance.manifest import Manifest

BOTH, ONLY_2_4 = frozenset({"2.2", "2.4"}), frozenset({"2.4"})
Check = Callable[[Manifest], Iterator[str]]


@dataclass(frozen=True)
class Broken:
    """A requirement that a manifest does not keep, in words for whoever has to mend it."""

    code: str
    detail: str
    source: str

    def __str__(self) -> str:
        return f"{self.code}: {self.detail} ({self.source})"


@dataclass(frozen=True)
class Requirement:
    """`check` yields what is wrong, and nothing where all is well.

    `asset`: asked of the picture's manifest alone, not of those of what went into it."""

    code: str
    source: str
    versions: frozenset[str]
    check: Check
    asset: bool = False

    def broken(self, manifest: Manifest) -> Iterator[Broken]:
        """What the manifest breaks."""
        for detail in self.check(manifest):
            yield Broken(self.code, detail, self.source)
