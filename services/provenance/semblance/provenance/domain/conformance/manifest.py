"""A manifest as C2PA's own JSON (crJSON) tells it, with words for what requirements ask about.

Source: crJSON format of C2PA 2.4.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

INCEPTIONS = ("c2pa.created", "c2pa.opened")


@dataclass(frozen=True)
class Manifest:
    """One manifest of a store; `others` are the rest of it, by label."""

    json: Mapping[str, Any]
    others: Mapping[str, Manifest]

    @property
    def label(self) -> str:
        """urn:c2pa:..."""
        return str(self.json.get("label") or "")

    @property
    def assertions(self) -> Mapping[str, Any]:
        """By label; a second one of a kind has `__1` behind it."""
        found: Mapping[str, Any] = self.json.get("assertions") or {}
        return found

    def of_kind(self, label: str) -> list[Mapping[str, Any]]:
        """The assertions of that label, numbered or not."""
        return [data for name, data in self.assertions.items() if kind_of(name) == label]

    @property
    def claim(self) -> Mapping[str, Any]:
        """Empty for a claim of version 1."""
        found: Mapping[str, Any] = self.json.get("claim.v2") or {}
        return found

    @property
    def generator(self) -> Mapping[str, Any]:
        """claim_generator_info, which older readers hold in a list."""
        info = self.claim.get("claim_generator_info") or {}
        found: Mapping[str, Any] = info[0] if isinstance(info, list) else info
        return found

    @property
    def created(self) -> list[str]:
        """Labels of the created assertions, in their order."""
        return [str(each.get("url", "")).rpartition("/")[2] for each in self.claim.get("created_assertions") or []]

    @property
    def action_assertions(self) -> list[Mapping[str, Any]]:
        """Every assertion that lists actions."""
        return [data for data in self.assertions.values() if isinstance(data, dict) and "actions" in data]

    @property
    def actions(self) -> list[Mapping[str, Any]]:
        """All actions, in order."""
        return [action for data in self.action_assertions for action in data["actions"]]

    def actions_named(self, *names: str) -> list[Mapping[str, Any]]:
        """Those of these names."""
        return [action for action in self.actions if action.get("action") in names]

    @property
    def ingredients(self) -> list[Mapping[str, Any]]:
        """What went into the asset."""
        return [data for data in self.assertions.values() if isinstance(data, dict) and "relationship" in data]

    @property
    def validation(self) -> Mapping[str, Any] | None:
        """What the reader found; None where it does not say."""
        found: Mapping[str, Any] | None = self.json.get("validationResults")
        return found

    def codes(self, kind: str) -> list[str]:
        """The reader's codes: `success`, `informational` or `failure`."""
        return [str(each["code"]) for each in (self.validation or {}).get(kind, [])]

    def credential_of(self, ingredient: Mapping[str, Any]) -> Manifest | None:
        """The ingredient's own manifest, if it has one and it is in the store."""
        reference = ingredient.get("activeManifest") or {}
        return self.others.get(str(reference.get("url", "")).rpartition("/")[2])


def manifests_of(crjson: Mapping[str, Any]) -> Sequence[Manifest]:
    """All of a store, the active one first."""
    found: Sequence[Mapping[str, Any]] = crjson.get("manifests") or []
    bare = {str(each.get("label")): Manifest(each, {}) for each in found}
    return [Manifest(each, bare) for each in found]


def kind_of(label: str) -> str:
    """An assertion's label without its number."""
    return label.partition("__")[0]


def words_in(json: object) -> Iterator[str]:
    """Every key and every text."""
    if isinstance(json, str):
        yield json
    elif isinstance(json, Mapping):
        for key, value in json.items():
            yield str(key)
            yield from words_in(value)
    elif isinstance(json, Sequence):
        for value in json:
            yield from words_in(value)
