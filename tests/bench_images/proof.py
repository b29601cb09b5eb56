"""One image: built, looked through, run, measured."""

from __future__ import annotations

import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import debian
import freeze
import images
import layers
import obey
import service
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
MB = 1_000_000
IMAGES = (*sorted(images.PROGRAMMES), "loadtests")
SERVICES = tuple(name for name, programme in images.PROGRAMMES.items() if programme.endswith(".main"))


def dockerfile_of(image: str) -> Path:
    """Where it lies."""
    homes = {"walk": "libs/local", "loadtests": "loadtests"}
    return ROOT / homes.get(image, f"services/{image}") / "Dockerfile"


def prove(image: str, folder: Path) -> dict[str, Any]:
    """Sizes in MB (a million bytes), what is installed, how it ran. Raises what obeying and running raise."""
    home = folder / image
    layers.remove(home)
    try:
        built = obey.obey(dockerfile_of(image).read_text(), ROOT, lambda base: debian.make(base, folder), home)
        return _measured(image, built) | _run(image, built, folder / f"{image}.log")
    finally:
        layers.remove(home)


def _measured(image: str, built: obey.Built) -> dict[str, Any]:
    installed = {freeze.normal(name): version for name, version in service.distributions(built).items()}
    return {
        "base_mb": round(layers.size_bytes(built.base) / MB, 1),
        "layer_mb": round(layers.size_bytes(built.layered.layer) / MB, 1),
        "models_mb": round(layers.size_bytes(built.layered.layer / "opt/semblance/models") / MB, 1),
        "python": platform.python_version(),
        "distributions": len(installed),
        **_compared(image, installed, built),
    }


def _run(image: str, built: obey.Built, log: Path) -> dict[str, Any]:
    ran = service.run_service(built, image, log) if image in SERVICES else service.run_once(built, ["--help"], log)
    times = {"healthy_s": round(ran.healthy_s, 1), "stopped_s": round(ran.stopped_s, 1)}
    return {"uid": ran.uid, **times, "exit_code": ran.exit_code}


def expected(image: str) -> dict[str, str]:
    """Normal name to pinned version of all that the image may hold."""
    wanted = freeze.closure([Requirement(line) for line in images.packages(image)])
    found = {freeze.normal(name): version for name, version in wanted}
    _, names = images.reach(images.PROGRAMMES[image])
    for name in names & images.WITHOUT_DEPENDENCIES:
        found[freeze.normal(name)] = metadata.version(name)
    return found


def _compared(image: str, installed: dict[str, str], built: obey.Built) -> dict[str, Any]:
    """Against the pins: what is too much, missing or of another version, and what of the other services imports."""
    if image not in images.PROGRAMMES:
        return {}
    pins = expected(image)
    plain = {name: version.split("+")[0] for name, version in installed.items()}
    mine = {top for top, owners in images.providers().items() if {freeze.normal(o) for o in owners} & set(pins)}
    others = {top for top in images.providers() if top not in mine and top not in sys.stdlib_module_names}
    importable = service.importable(built, sorted(top for top in others if top.isidentifier() and top[0] != "_"))
    return {
        "unexpected": sorted(set(plain) - set(pins)),
        "missing": sorted(set(pins) - set(plain)),
        "other_versions": sorted(
            f"{name} {plain[name]}" for name in set(plain) & set(pins) if plain[name] != pins[name]
        ),
        "others_importable": sorted(set(importable) - {"semblance"}),
        "others_tried": len(others),
    }
