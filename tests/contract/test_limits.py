"""What the public interface promises of a picture is what generation takes: no number passes one and not the other."""

from semblance.gateway.api.schemas.images import NewImage
from semblance.generation.domain import order


def promised(name: str) -> tuple[float, float]:
    limits = {type(limit).__name__: limit for limit in NewImage.model_fields[name].metadata}
    return limits["Ge"].ge, limits["Le"].le


def test_the_gateway_promises_what_generation_takes() -> None:
    assert promised("steps") == (1, order.MAX_STEPS)
    assert promised("guidance_scale") == order.GUIDANCE
    assert promised("likeness_scale") == order.LIKENESS
    assert promised("seed") == (0, order.MAX_SEED)
