"""docs/benchmarks/images.md, and what counts as met."""

# ruff: noqa: E501 - a table's row is one line

from __future__ import annotations

from typing import Any

from budgets import BUDGET_MB

Row = dict[str, Any]


def goals(images: dict[str, Row]) -> list[Row]:
    """As {goal, target, value, spread, met}; counted things have no spread."""
    held = {name: found for name, found in images.items() if "failed" not in found}
    services = {name: found for name, found in held.items() if found["healthy_s"] > 0}
    pinned = [name for name, found in held.items() if "missing" in found and not _faults(found)]
    known = [name for name in images if name != "loadtests"]
    rows = [
        _goal("Dockerfiles whose every step was obeyed and whose programme ran", f"= {len(images)}",
              sum(found["exit_code"] == 0 for found in held.values()), len(images)),
        _goal("services that answered their image's health check as user 10001", f"= {len(_services(images))}",
              sum(found["uid"] == 10001 for found in services.values()), len(_services(images))),
        _goal("images that hold exactly their pinned packages, and import nobody else's", f"= {len(known)}",
              len(pinned), len(known)),
    ]  # fmt: skip
    for name, found in held.items():
        size, most = round(found["base_mb"] + found["layer_mb"], 1), BUDGET_MB[name]
        goal = {"goal": f"the image {name}, base and all, MB", "target": f"< {most}", "value": size}
        rows.append({**goal, "spread": 0, "met": size < most})
    return rows


def page(row: Row) -> str:
    """Markdown."""
    table = "\n".join(
        f"| {g['goal']} | {g['target']} | {g['value']} | ±{g['spread']} | {'yes' if g['met'] else 'NO'} |"
        for g in row["goals"]
    )
    lines = "\n".join(_line(name, found) for name, found in row["images"].items())
    return f"""# The images, proven without an engine

Written by `make images-proof` on {row["cores"]} cores with a one-minute load of {row["load_1min"]} when it ended.
{_merged(row["images"])}

| goal | target | value | spread | met |
|---|---|---|---|---|
{table}

Each Dockerfile was read and obeyed step by step in a clean Debian root (debootstrap's `minbase`, slimmed as the slim
images are): every stage is an overlay over that root, RUN runs in a chroot with pip's configuration as the secret, COPY
keeps to `.dockerignore`. Then what the image starts was started as its `USER`, on a root that is read-only but for a
`/tmp` in memory, in a network with nothing in it but an empty broker: `migrate`, `all`, the image's own HEALTHCHECK
until it says yes, SIGTERM. Store, PostgreSQL and the other services were not there: health means that the process
lives, and readiness needs those. `walk` and `loadtests` are programmes that end: `--help`.

| image | layer MB | models in it | base MB | packages | foreign names that import | healthy s | stopped s | exit | proven | of |
|---|---|---|---|---|---|---|---|---|---|---|
{lines}

*Layer* is what the image adds to its base: files' bytes, uncompressed. How large each may be, and why, is in
[tests/bench_images/budgets.py](../../tests/bench_images/budgets.py). *Packages* are compared, by name and version,
with what the image's list resolves to under the lock. *Foreign names* are all top-level modules of the lock that belong
to none of those packages. `loadtests` takes its packages from two lists and is compared by another test.

**Not proven.** No container engine ran: no image was built, its layers were not made, nothing was pulled, and the
digests were not looked up. The root has Debian's packages of the day and this machine's Python ({_python(row)}) in
`/usr/local`, not the pinned base, so the base's size is that root's. User namespaces, seccomp and cgroups are an
engine's. `make images-lint` is hadolint.
"""


def _line(name: str, found: Row) -> str:
    proven = f"{found['proven']['day']} | {found['proven']['of']}"
    if "failed" in found:
        return f"| {name} | | | | | | | | failed: {found['failed'].replace('|', '/')} | {proven} |"
    packages = f"{found['distributions']}" + (f" ({'; '.join(_faults(found))})" if _faults(found) else "")
    names = f"{len(found['others_importable'])} of {found['others_tried']}" if "others_tried" in found else ""
    sizes = f"{found['layer_mb']} | {found['models_mb'] or ''} | {found['base_mb']}"
    times = f"{found['healthy_s'] or ''} | {found['stopped_s'] or ''} | {found['exit_code']}"
    return f"| {name} | {sizes} | {packages} | {names} | {times} | {proven} |"


def _merged(images: dict[str, Row]) -> str:
    """Whether all rows are of one run."""
    runs = {(found["proven"]["day"], found["proven"]["of"]) for found in images.values()}
    if len(runs) == 1:
        return "All images were proven in one go."
    return f"Merged from runs at {len(runs)} states of the repository: the last columns say of which each row is."


def _faults(found: Row) -> list[str]:
    kinds = ("unexpected", "missing", "other_versions", "others_importable")
    return [f"{kind.replace('_', ' ')}: {', '.join(found[kind])}" for kind in kinds if found.get(kind)]


def _services(images: dict[str, Row]) -> list[str]:
    return [name for name in images if name not in {"walk", "loadtests"}]


def _python(row: Row) -> str:
    return next((found["python"] for found in row["images"].values() if "python" in found), "?")


def _goal(goal: str, target: str, value: int, wanted: int) -> Row:
    return {"goal": goal, "target": target, "value": value, "spread": 0, "met": value == wanted}
