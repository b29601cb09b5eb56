"""Generation as its main builds it: engine, prompt filter, training and published pictures stand in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import standins
from attempts import MADE, Around, Station, awaited
from people import Person

from semblance.generation import main
from semblance.generation.adapters.store import SqlTransactions
from semblance.generation.domain.order import Order, Words
from semblance.generation.handlers import images
from semblance.generation.settings import GenerationSettings
from semblance.kernel.ids import new_id
from semblance.service_kit.runtime import broker_of

Settings = GenerationSettings


def built(settings: GenerationSettings, around: Around) -> Station:
    """Ask for a picture, and wait for its pixels to lie in quarantine."""
    outside = main.Outside(
        broker=around.broker or broker_of(settings),
        objects=around.objects or main.objects_of(settings),
        prompts=standins.AnyPrompt(),
        adapters=standins.ReadyAdapters({person.adapter_id: person for person in around.everybody}),
        sources=standins.NoSources(),
        renderer=standins.SlowRenderer(),
    )
    application, ports = main.build_on(settings, outside)
    with ThreadPoolExecutor(8) as pool:
        every = [ports.adapters.get(person.subject_id, person.adapter_id) for person in around.everybody]  # type: ignore[arg-type]
        list(pool.map(ports.shelf.load, every))
    transactions = SqlTransactions(application.database)

    def attempt(person: Person, seed: int) -> str:
        command = images.CreateImage(
            subject_id=person.subject_id,  # type: ignore[arg-type]
            consent_id=person.consent_id,  # type: ignore[arg-type]
            image_id=new_id(),  # type: ignore[arg-type]
            adapter_id=person.adapter_id,  # type: ignore[arg-type]
            words=Words("a portrait", ""),
            order=Order(seed, None, None, None),
        )
        made = images.create_image(command, ports)

        def state() -> str:
            with transactions.read() as rows:
                image = rows.images.get(made.id)
            return "pending" if image is None or image.open else image.state.value

        ended = awaited(state)
        return MADE if ended in ("quarantined", "published", "blocked") else ended

    return Station(application, attempt)
