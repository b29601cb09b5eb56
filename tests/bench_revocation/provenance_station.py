"""Provenance as its main builds it: nothing stands in."""

from __future__ import annotations

from attempts import MADE, Around, Station, awaited
from people import BACKBONE, Person

from semblance.provenance import main
from semblance.provenance.adapters.store import reading, store_of
from semblance.provenance.domain.publication import Publication, State
from semblance.provenance.handlers import publishing
from semblance.provenance.settings import ProvenanceSettings

Settings = ProvenanceSettings


def built(settings: ProvenanceSettings, around: Around) -> Station:
    """Hand an allowed picture to the signer, and wait for it to be published."""
    application = main.build(settings, around.broker, around.objects)

    def attempt(person: Person, seed: int) -> str:
        image_id, key, sha256 = around.render(person, seed)
        publication = Publication(
            image_id=image_id,  # type: ignore[arg-type]
            subject_id=person.subject_id,  # type: ignore[arg-type]
            consent_id=person.consent_id,  # type: ignore[arg-type]
            consent_revision=1,
            adapter_id=person.adapter_id,  # type: ignore[arg-type]
            quarantine_key=key,
            rendered_sha256=sha256,
            backbone_digest=BACKBONE,
        )
        with application.database.transaction() as unit:
            publishing.allow(publication, store_of(unit))

        def state() -> str:
            with reading(application.database) as rows:
                found = rows.publication(publication.image_id)
            if found is None or found.state is State.QUEUED:
                return "pending"
            return MADE if found.state is State.PUBLISHED else found.reason_code or found.state.value

        return awaited(state)

    return Station(application, attempt)
