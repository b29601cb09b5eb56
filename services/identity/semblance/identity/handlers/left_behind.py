"""After a change of the face model: what the old one made is compared with nothing any more."""

from __future__ import annotations

from dataclasses import dataclass

from semblance.identity.domain.errors import RegisterLeftBehind
from semblance.identity.ports import Ports, Store
from semblance.kernel.ids import SubjectId


@dataclass(frozen=True)
class LeftBehind:
    """people: enrolled by another model, who must opt in again. entries: of the protected register, without effect."""

    people: int = 0
    entries: int = 0


def left_behind(ports: Ports) -> LeftBehind:
    """How many there are. Raises RegisterLeftBehind for more entries than an operator has acknowledged."""
    with ports.reads() as store:
        found = LeftBehind(
            people=store.templates.people_of_other_models(ports.recogniser.id),
            entries=store.register.of_other_models(ports.recogniser.id),
        )
    require_acknowledged(found.entries, ports.rules.register_left_behind)
    return found


def require_acknowledged(entries: int, acknowledged: int) -> None:
    """An entry that silently stops protecting is the worst that can happen here. Raises RegisterLeftBehind."""
    if entries > acknowledged:
        raise RegisterLeftBehind(entries)


def must_opt_in_again(store: Store, subject_id: SubjectId, ports: Ports) -> bool:
    """Whether the person is enrolled, but not by this model."""
    by = store.templates.models_of(subject_id)
    return bool(by) and ports.recogniser.id not in by


def is_left_behind(subject_id: SubjectId, ports: Ports) -> bool:
    """The same, in a read of its own."""
    with ports.reads() as store:
        return must_opt_in_again(store, subject_id, ports)
