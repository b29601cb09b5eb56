"""Safety as its main builds it: the models that look and read stand in."""

from __future__ import annotations

import standins
from attempts import MADE, Around, Station, awaited
from people import BACKBONE, Person

from semblance.kernel.clock import SystemClock
from semblance.safety import main
from semblance.safety.adapters.store import SqlReads, SqlStore
from semblance.safety.domain.picture import CheckState, PictureCheck
from semblance.safety.handlers import filtering
from semblance.safety.handlers.looking import Nobody
from semblance.safety.settings import SafetySettings
from semblance.service_kit.runtime import broker_of

Settings = SafetySettings


def built(settings: SafetySettings, around: Around) -> Station:
    """Hand a rendered picture to the filter, and wait for a yes."""
    clock = SystemClock()
    outside = main.Outside(
        broker=around.broker or broker_of(settings),
        quarantine=around.quarantine if around.objects else main.quarantine_of(settings, clock),
        eyes=standins.OneFace(),
        matcher=standins.OwnFace(),
        library=Nobody(),
        figures=Nobody(),
        prompt_models=main.PromptModels(standins.NoWords(), standins.NoWords()),
    )
    application, rules = main.build_on(settings, outside), main.rules_of(settings)
    reads = SqlReads(application.database, rules)

    def attempt(person: Person, seed: int) -> str:
        image_id, key, sha256 = around.render(person, seed)
        check = PictureCheck(
            image_id=image_id,  # type: ignore[arg-type]
            subject_id=person.subject_id,  # type: ignore[arg-type]
            consent_id=person.consent_id,  # type: ignore[arg-type]
            consent_revision=1,
            adapter_id=person.adapter_id,  # type: ignore[arg-type]
            quarantine_key=key,
            sha256=sha256,
            width_px=standins.SIDE_PX,
            height_px=standins.SIDE_PX,
            backbone_digest=BACKBONE,
            received_at=clock.now(),
        )
        with application.database.transaction() as unit:
            filtering.receive(check, SqlStore(unit, rules))

        def state() -> str:
            found = reads.check(check.image_id)
            if found is None or found.state is CheckState.QUEUED:
                return "pending"
            return MADE if found.state is CheckState.ALLOWED else ",".join(found.reasons) or found.state.value

        return awaited(state)

    return Station(application, attempt)
