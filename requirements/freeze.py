"""Print the pins of what packages.txt needs, as installed here; only what is reachable from it is printed."""

from __future__ import annotations

import functools
import pathlib
import re
from importlib import metadata

from packaging.requirements import Requirement

HERE = pathlib.Path(__file__).parent


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def closure(roots: list[Requirement]) -> set[tuple[str, str]]:
    """(name, version) of every distribution that `roots` need, markers evaluated on this machine."""
    found: dict[str, str] = {}
    todo = list(roots)
    done: set[tuple[str, str]] = set()
    while todo:
        requirement = todo.pop()
        extras = frozenset(requirement.extras) or frozenset({""})
        name = normal(requirement.name)
        distribution = metadata.distribution(name)
        found[distribution.metadata["Name"]] = distribution.version.split("+")[0]
        for extra in extras | {""}:
            if (name, extra) in done:
                continue
            done.add((name, extra))
            todo += needs(name, extra)
    return set(found.items())


@functools.cache
def needs(name: str, extra: str) -> tuple[Requirement, ...]:
    """What an installed distribution asks for on this machine, with one of its extras or, for "", without any."""
    asked = [Requirement(text) for text in metadata.requires(name) or []]
    return tuple(each for each in asked if each.marker is None or each.marker.evaluate({"extra": extra}))


if __name__ == "__main__":
    lines = [line.split("#")[0].strip() for line in (HERE / "packages.txt").read_text().splitlines()]
    for name, version in sorted(
        closure([Requirement(line) for line in lines if line]), key=lambda pair: normal(pair[0])
    ):
        print(f"{name}=={version}")
