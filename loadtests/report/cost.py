"""What a run cost, as far as it was metered; a price that nothing was counted for is said, never left out quietly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loadtests import capacity
from loadtests.running import Outcome

NOT_METERED = "not metered"
CORES, GPUS = "processors: give --prometheus with --url", "GPUs: only a Prometheus with dcgm-exporter knows them"


def unmetered(price: Mapping[str, float], *, cores: bool, gpus: bool) -> list[str]:
    """Prices above 0 of which nothing is or was counted."""
    said = [(price.get("core_hour", 0.0), cores, CORES), (price.get("gpu_hour", 0.0), gpus, GPUS)]
    return [f"{NOT_METERED}: {text}" for paid, metered, text in said if paid and not metered]


def priced(found: Outcome) -> dict[str, Any]:
    """The first rows of the report's capacity. Pictures are published ones, and what is laid upon them was used until
    the last of them was published; calls are laid upon the whole run."""
    of, price = found.pictures, found.profile.price
    left_out = unmetered(price, cores=found.core_s is not None, gpus=found.gpu_s is not None)
    row: dict[str, Any] = {
        "pictures": of.published,
        "pictures_seen_by_journeys": sum("picture" in walk.marks for walk in found.walks),
        "core_s": NOT_METERED if found.core_s is None else round(found.core_s, 1),
        "gpu_s": NOT_METERED if found.gpu_s is None else round(found.gpu_s, 1),
        **price,
    }
    if found.core_s is not None:
        answered = sum(call.ok for call in found.calls)
        row |= {
            "cores_at_rest": None if found.rest_cores is None else round(found.rest_cores, 3),
            "calls_per_core_s": round(capacity.Cost(found.core_s, answered, 0).calls_per_core_s(), 2),
        }
    if of.core_s is not None:
        row |= {
            "until_last_publication_s": of.seconds,
            "core_s_until_then": round(of.core_s, 1),
            "core_s_per_picture": round(of.core_s / of.published, 3),
            "core_s_per_picture_beyond_rest": of.beyond_rest,
        }
    used = capacity.Cost(of.core_s or 0.0, 0, of.published, of.gpu_s or 0.0)
    hours = price.get("core_hour", 0.0), price.get("gpu_hour", 0.0)
    row["per_1000_pictures"] = NOT_METERED if left_out else used.per_thousand_pictures(*hours)
    if said := [*left_out, *found.metering]:
        row["metering"] = "; ".join(said)
    return row
