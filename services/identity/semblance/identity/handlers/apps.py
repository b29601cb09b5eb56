"""Marking accounts as apps: an operator's word that people go by when they approve one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from semblance.identity.domain.consent import RevocationReason
from semblance.identity.domain.errors import AppNameTaken, UnknownApp
from semblance.identity.domain.grant import stands
from semblance.identity.domain.sharing import App, parse_app_name
from semblance.identity.handlers.consents import end
from semblance.identity.handlers.standing import enter
from semblance.identity.ports import Ports, Store
from semblance.kernel.errors import Invalid
from semblance.kernel.ids import ConsentId, SubjectId

MOST_NAMES: Final = 200


def verify_app(subject_id: SubjectId, name: str, ports: Ports) -> App:
    """Raises InvalidGrant, AppNameTaken, SubjectErased."""
    app = App(subject_id, parse_app_name(name), ports.clock.now())
    with ports.transactions() as store:
        enter(store, subject_id, ports)
        other = store.apps.named(app.name)
        if other is not None and other.subject_id != subject_id:
            raise AppNameTaken
        store.apps.save(app)
    return app


def unverify_app(subject_id: SubjectId, ports: Ports) -> App:
    """Every grant that was given to the app ends with its mark. Returns once the broker has their ends.

    Raises UnknownApp, RevocationNotTold (the mark is gone all the same).
    """
    with ports.transactions() as store:
        app = store.apps.get(subject_id)
        if app is None:
            raise UnknownApp
        ended = unverify_in(store, subject_id, ports)
        store.note_unmarked(subject_id)
    for consent_id in ended:
        ports.told(consent_id)
    return app


def unverify_in(store: Store, subject_id: SubjectId, ports: Ports) -> list[ConsentId]:
    """As unverify_app, within a transaction; which grants ended."""
    ended = [
        end(store, consent, RevocationReason.OPERATOR, ports).id
        for consent in store.consents.of_grantee(subject_id)
        if stands(consent, ports.clock.now())
    ]
    store.apps.remove(subject_id)  # last: the ends are told under the name that people know
    return ended


def list_apps(ports: Ports) -> list[App]:
    """By name."""
    with ports.reads() as store:
        return store.apps.all()


def name_apps(subject_ids: Sequence[str], ports: Ports) -> dict[str, str]:
    """Names of those that are apps. Raises Invalid."""
    if len(subject_ids) > MOST_NAMES:
        raise Invalid(f"at most {MOST_NAMES} accounts at a time")
    with ports.reads() as store:
        return store.apps.names(subject_ids)
