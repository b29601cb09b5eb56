"""The gateway as its main builds it; training and generation behind it say yes to everything."""

from __future__ import annotations

import dataclasses
from typing import Any

from attempts import MADE, Around, Station
from people import Person

from semblance.gateway import main
from semblance.gateway.domain.things import Adapter, Image
from semblance.gateway.handlers import images
from semblance.gateway.settings import GatewaySettings
from semblance.kernel.ids import new_id

Settings = GatewaySettings


@dataclasses.dataclass
class Willing:
    """Knows every adapter as ready, and queues every picture."""

    by_id: dict[str, Person]

    def adapter(self, _subject_id: str, adapter_id: str, *_: Any, **__: Any) -> Adapter:
        person = self.by_id[adapter_id]
        return Adapter(adapter_id, person.consent_id, "ready", "", "me", 8, 0.6, 0.4, "sha256:0", None, None)

    def create(self, _subject_id: str, order: Any) -> Image:
        return Image(
            id=order.image_id,
            consent_id=order.consent_id,
            adapter_id=order.adapter_id,
            state="queued",
            reason_codes=(),
            seed=order.seed,
            width_px=0,
            height_px=0,
            manifest_id="",
            requested_at=None,
            finished_at=None,
        )


def built(settings: GatewaySettings, around: Around) -> Station:
    """Ask for a picture at the door, and be let in."""
    application = main.build(settings, around.broker)
    willing = Willing({person.adapter_id: person for person in around.everybody})
    assert application.http is not None
    gate = dataclasses.replace(application.http.state.front.gate, training=willing, generation=willing)

    def attempt(person: Person, _seed: int) -> str:
        images.create_image(
            gate,
            person.subject_id,
            image_id=new_id(),
            wish=images.Wish(adapter_id=person.adapter_id, prompt="a portrait"),
        )
        return MADE

    return Station(application, attempt)
