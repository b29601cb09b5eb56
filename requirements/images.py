"""What each image needs: packages by what its programme imports, and the libraries of this repository.

`python requirements/images.py` writes requirements/images/<image>.txt and the images' Dockerfiles from it. Nobody lists
packages by hand: a package is in an image when a module that the programme can reach imports it, lazily or not.
"""

from __future__ import annotations

import ast
import functools
import pathlib
import sys
from collections.abc import Mapping
from importlib import metadata

from packaging.requirements import Requirement

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent
# Image to the module that it runs.
PROGRAMMES = {
    **{
        service: f"semblance.{service}.main"
        for service in ("gateway", "ingest", "identity", "training", "generation", "safety", "provenance")
    },
    "walk": "semblance.local.testing.walk",
}
# Imported behind our back, at run time: SQLAlchemy's driver, uvicorn's loop, FastAPI's forms, DeepFace's downloader.
HIDDEN = {
    "sqlalchemy": ["psycopg[binary]"],
    "uvicorn": ["uvicorn[standard]"],
    "kafka": ["crc32c"],
    "fastapi": ["python-multipart"],
    "deepface": ["gdown"],
}
# Functions that are given a package's name.
BY_NAME = {"files", "import_module"}
WITHOUT_DEPENDENCIES = {"deepface"}


@functools.cache
def modules() -> dict[str, pathlib.Path]:
    """Every module of ours by its dotted name."""
    found = {}
    for top in ("libs", "services"):
        for home in (ROOT / top).iterdir():
            for path in (home / "semblance").rglob("*.py"):
                name = ".".join(path.relative_to(home).with_suffix("").parts).removesuffix(".__init__")
                found[name] = path
    return found


@functools.cache
def imports(module: str) -> frozenset[str]:
    """What the module's text imports, anywhere in it, or reads files of."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(modules()[module].read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in BY_NAME:
            found |= {
                word.value for word in node.args[:1] if isinstance(word, ast.Constant) and isinstance(word.value, str)
            }
    return frozenset(found)


@functools.cache
def reach(programme: str) -> tuple[frozenset[str], frozenset[str]]:
    """Modules of ours, and top-level names of others', that the programme can come to import."""
    todo, ours, others = [programme], set[str](), set[str]()
    while todo:
        module = todo.pop()
        if module in ours or module not in modules():
            continue
        ours.add(module)
        todo.append(module.rpartition(".")[0])
        for name in imports(module):
            top = name.split(".")[0]
            if top == "semblance":
                todo.append(name)
            elif top not in sys.stdlib_module_names:
                others.add(top)
    return frozenset(ours), frozenset(others)


@functools.cache
def providers() -> Mapping[str, list[str]]:
    """Top-level name to the distributions installed here that have it."""
    return metadata.packages_distributions()


@functools.cache
def packages(image: str) -> tuple[str, ...]:
    """The lines of packages.txt that provide what the image imports, and what those import behind everybody's back."""
    _, names = reach(PROGRAMMES[image])
    lines = [line.split("#")[0].strip() for line in (HERE / "packages.txt").read_text().splitlines()]
    provides = providers()
    wanted = {extra for name in names for extra in HIDDEN.get(name, [])}
    for line in filter(None, lines):
        distribution = metadata.distribution(Requirement(line).name).metadata["Name"]
        if any(distribution in provides.get(name, []) for name in names):
            wanted.add(line)
    plain = {Requirement(line).name for line in wanted if "[" in line}
    return tuple(sorted(line for line in wanted if line not in plain))


def libraries(image: str) -> list[str]:
    """Folders of libs/ that the image copies."""
    ours, _ = reach(PROGRAMMES[image])
    homes = {modules()[module].relative_to(ROOT).parts[:2] for module in ours}
    return sorted(name for top, name in homes if top == "libs")


def dockerfile(image: str) -> str:
    """Two stages: packages into a virtual environment, then that and the code on the bare base."""
    service = image in PROGRAMMES and PROGRAMMES[image].endswith(".main")
    _, names = reach(PROGRAMMES[image])
    no_deps = bool(names & WITHOUT_DEPENDENCIES)
    models = "faces" in libraries(image) and service
    lines = [f"COPY libs/{name}/semblance/ semblance/" for name in libraries(image)]
    if service:
        lines += [f"COPY services/{image}/semblance/ semblance/", f"COPY services/{image}/migrations/ migrations/"]
    if models:
        lines += [
            "# `make models` fetches them, with digests and licences.",
            "COPY .cache/models/ /opt/semblance/models/",
        ]
    text = TEMPLATE.read_text()
    marks = {
        "@image@": image,
        "@no-deps-copy@": " requirements/lock-no-deps.txt" if no_deps else "",
        "@no-deps-install@": (
            " \\\n && /opt/semblance/venv/bin/pip install --no-cache-dir --no-compile --no-deps"
            " -r requirements/lock-no-deps.txt"
            if no_deps
            else ""
        ),
        "@tools@": "pip" if any(Requirement(line).name == "torch" for line in packages(image)) else "pip setuptools",
        "@code@": "\n".join(lines),
        "@ports@": ports(image) if service else "",
        "@health@": HEALTH.format(prefix=image.upper()) if service else "HEALTHCHECK NONE\n",
        "@run@": f'ENTRYPOINT ["python", "-m", "{PROGRAMMES[image]}"]' + ('\nCMD ["all"]' if service else ""),
    }
    for mark, value in marks.items():
        text = text.replace(mark, value)
    return text


def ports(image: str) -> str:
    """Where it listens unless told otherwise. On one machine the settings' defaults are the loopback and any port."""
    kinds = {"HTTP": 8080} | ({} if image == "gateway" else {"GRPC": 50051})
    told = [f"{image.upper()}_{kind}_HOST=0.0.0.0 {image.upper()}_{kind}_PORT={port}" for kind, port in kinds.items()]
    return f"ENV {' '.join(told)}\nEXPOSE {' '.join(map(str, kinds.values()))}\n"


TEMPLATE = HERE / "images" / "Dockerfile.template"
HEALTH = (
    "HEALTHCHECK --interval=20s --timeout=5s --start-period=120s --retries=6 \\\n"
    '  CMD ["python", "-c", "import os, urllib.request as r; '
    "r.urlopen('http://127.0.0.1:' + os.environ.get('{prefix}_HTTP_PORT', '8080') + '/healthz', timeout=4)\"]\n"
)


def written(image: str) -> dict[pathlib.Path, str]:
    """Path to text of what is generated for an image."""
    home = ROOT / "libs" / "local" if image == "walk" else ROOT / "services" / image
    return {
        HERE / "images" / f"{image}.txt": "\n".join(packages(image)) + "\n",
        home / "Dockerfile": dockerfile(image),
    }


if __name__ == "__main__":
    for each in PROGRAMMES:
        for path, content in written(each).items():
            path.write_text(content)
