"""Four people with their photos and captures, committed: what the demo and the tests run on."""

from semblance.synthetic_people.bundled.reader import (
    HERE,
    BundledFrame,
    BundledPerson,
    BundledPhoto,
    FilmedFrame,
    capture,
    filmed,
    people,
    person_photos,
)

__all__ = [
    "HERE",
    "BundledFrame",
    "BundledPerson",
    "BundledPhoto",
    "FilmedFrame",
    "capture",
    "filmed",
    "people",
    "person_photos",
]
