"""What the public interface promises of a picture is what generation takes: no number passes one and not the other."""

from semblance.gateway.api.schemas.images import NewImage
from semblance.generation.domain import order
from semblance.generation.domain.turns import MAX_BEGIN_WITHIN_S


def promised(name: str) -> tuple[float, float]:
    limits = {type(limit).__name__: limit for limit in NewImage.model_fields[name].metadata}
    least = limits["Ge"].ge if "Ge" in limits else limits["Gt"].gt
    return least, limits["Le"].le


def test_the_gateway_promises_what_generation_takes() -> None:
    assert promised("steps") == (1, order.MAX_STEPS)
    assert promised("guidance_scale") == order.GUIDANCE
    assert promised("likeness_scale") == order.LIKENESS
    assert promised("adapter_strength") == (0, order.MAX_ADAPTER_STRENGTH)
    assert promised("begin_within_s") == (1, MAX_BEGIN_WITHIN_S)
    assert promised("seed") == (0, order.MAX_SEED)
