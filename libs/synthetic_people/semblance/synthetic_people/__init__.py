"""People who do not exist: seed -> person -> picture."""

from semblance.synthetic_people.captions import caption
from semblance.synthetic_people.people import HELD_OUT_FROM, Person, draw_glasses, person, without_glasses
from semblance.synthetic_people.portrait import Picture, render
from semblance.synthetic_people.scenes import STYLE_ODDS, STYLES, Scene, scene
from semblance.synthetic_people.truth import Truth

__all__ = [
    "HELD_OUT_FROM",
    "STYLES",
    "STYLE_ODDS",
    "Person",
    "Picture",
    "Scene",
    "Truth",
    "caption",
    "draw_glasses",
    "person",
    "render",
    "scene",
    "without_glasses",
]
