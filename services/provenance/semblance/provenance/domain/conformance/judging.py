"""A whole manifest store, held against all requirements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from semblance.kernel.errors import Invalid
from semblance.provenance.domain.conformance.manifest import Manifest, manifests_of
from semblance.provenance.domain.conformance.ours import OURS
from semblance.provenance.domain.conformance.published import PUBLISHED
from semblance.provenance.domain.conformance.requirement import Broken, Requirement

REQUIREMENTS: Final[tuple[Requirement, ...]] = (*PUBLISHED, *OURS)
VERSIONS: Final = ("2.2", "2.4")


class NotConforming(Invalid):
    """A manifest breaks requirements; `broken` says which and why."""

    code = "not-conforming"

    def __init__(self, broken: tuple[Broken, ...]) -> None:
        self.broken = broken
        super().__init__("; ".join(map(str, broken)))


def explain(crjson: Mapping[str, Any], version: str) -> tuple[Broken, ...]:
    """What the store breaks of this version's requirements, each once; empty where all is well.

    The picture's own manifest is asked everything, manifests of ours that went into it what concerns any manifest.
    Manifests of others that went into an edit are theirs to answer for.
    """
    if version not in VERSIONS:
        raise ValueError(f"version must be one of {VERSIONS}")
    manifests = manifests_of(crjson)
    if not manifests:
        return (Broken("manifest_present", "there is no manifest", "rubric 0.2"),)
    return tuple(dict.fromkeys(_broken(manifests[0], version)))


def require(crjson: Mapping[str, Any]) -> None:
    """Raises NotConforming with what it breaks of either version."""
    broken = tuple(dict.fromkeys(each for version in VERSIONS for each in explain(crjson, version)))
    if broken:
        raise NotConforming(broken)


def _broken(active: Manifest, version: str) -> Iterator[Broken]:
    asked = [requirement for requirement in REQUIREMENTS if version in requirement.versions]
    for requirement in asked:
        yield from requirement.broken(active)
    inputs = [one for one in active.ingredients if one["relationship"] == "inputTo"]
    for credential in filter(None, map(active.credential_of, inputs)):
        for requirement in asked:
            if not requirement.asset:
                yield from requirement.broken(credential)
