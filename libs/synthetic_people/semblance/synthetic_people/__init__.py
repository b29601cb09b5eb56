"""People who do not exist: seed -> person -> picture."""

from semblance.synthetic_people.captions import caption
from semblance.synthetic_people.people import HELD_OUT_FROM, Person, person
from semblance.synthetic_people.portrait import Picture, render
from semblance.synthetic_people.scenes import Scene, scene
from semblance.synthetic_people.truth import Truth

__all__ = ["HELD_OUT_FROM", "Person", "Picture", "Scene", "Truth", "caption", "person", "render", "scene"]
