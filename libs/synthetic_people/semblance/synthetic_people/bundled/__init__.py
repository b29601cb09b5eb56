"""Four people with their photos and captures, committed: what the demo and the tests run on."""

from semblance.synthetic_people.bundled.reader import (
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
    "BundledFrame",
    "BundledPerson",
    "BundledPhoto",
    "FilmedFrame",
    "capture",
    "filmed",
    "people",
    "person_photos",
]
