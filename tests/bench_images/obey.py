"""A Dockerfile's steps, obeyed: every stage a layer over the base, RUN in a chroot, COPY by .dockerignore's rules."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import dockerfiles
import layers
from dockerfiles import Instruction, Stage
from host import pip_configuration

PATH = "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"  # the Python images' own
NETWORK = {Path("/etc/resolv.conf"): Path("/etc/resolv.conf"), Path("/etc/hosts"): Path("/etc/hosts")}


@dataclass
class Built:
    """A stage with what its instructions said of running it."""

    base: Path
    layered: layers.Layered
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": PATH})
    folder: str = "/"
    user: str = "0:0"
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    health: list[str] | None = None
    labels: dict[str, str] = field(default_factory=dict)


def obey(text: str, context: Path, base: Callable[[str], Path], folder: Path) -> Built:
    """The last stage of the Dockerfile `text`. `base` gives the root of a FROM's image. Raises CalledProcessError,
    ValueError for what is not understood, FileNotFoundError for what COPY does not find or .dockerignore hides."""
    named: dict[str, Built] = {}
    for number, stage in enumerate(dockerfiles.stages(dockerfiles.parse(text))):
        root = base(stage.base)
        built = Built(root, layers.over(root, folder / f"stage-{number}"))
        named[stage.name or str(number)] = built
        _obey_stage(stage, built, context, named)
    return built


def _obey_stage(stage: Stage, built: Built, context: Path, named: dict[str, Built]) -> None:
    for step in stage.steps:
        match step.name:
            case "RUN":
                _run(step, built)
            case "COPY":
                _copy(step, built, context, named)
            case "WORKDIR":
                built.folder = step.text
                _inside(built, step.text).mkdir(parents=True, exist_ok=True)
            case "ENV":
                known = dockerfiles.variables(step.text)
                built.environment |= {name: value.replace("$PATH", PATH) for name, value in known.items()}
            case "LABEL":
                built.labels |= dockerfiles.variables(step.text)
            case "USER":
                built.user = step.text
            case "ENTRYPOINT":
                built.entrypoint = dockerfiles.exec_form(step.text) or []
            case "CMD":
                built.command = dockerfiles.exec_form(step.text) or []
            case "HEALTHCHECK":
                built.health = dockerfiles.health_command(step)
            case "EXPOSE":
                pass  # a note for people and engines; it does nothing
            case _:
                raise ValueError(f"{step.name} is not understood here")


def _run(step: Instruction, built: Built) -> None:
    """As root, with this machine's network; a secret named pip is this machine's pip configuration."""
    root = built.layered.root
    with tempfile.TemporaryDirectory() as scratch:
        mounts = dict(NETWORK)
        for flag in step.flags:
            found = re.fullmatch(r"--mount=type=secret,id=pip,target=([^,\s]+)(?:,required=true)?", flag)
            if found is None:
                raise ValueError(f"RUN {flag} is not understood here")
            mounts |= pip_configuration(Path(scratch) / "pip.conf", Path(found[1]))
        with layers.bound(root, mounts):
            shell = ["/bin/sh", "-c", f"cd {built.folder} && {step.rest}"]
            environment = [f"{name}={value}" for name, value in ({"HOME": "/root"} | built.environment).items()]
            subprocess.run(["chroot", root, "/usr/bin/env", "-i", *environment, *shell], check=True)


def _copy(step: Instruction, built: Built, context: Path, named: dict[str, Built]) -> None:
    origin, ignores = context, ignored_by((context / ".dockerignore").read_text())
    for flag in step.flags:
        if not flag.startswith("--from="):
            raise ValueError(f"COPY {flag} is not understood here")
        origin, ignores = named[flag.removeprefix("--from=")].layered.root, lambda _: False
    *sources, target = step.rest.split()
    place = _inside(built, target)
    for source in sources:
        here = origin / source.lstrip("/")
        if not here.exists():
            raise FileNotFoundError(f"COPY finds no {source}")
        files = [here] if here.is_file() else [path for path in here.rglob("*") if path.is_symlink() or path.is_file()]
        taken = [path for path in files if not ignores(path.relative_to(origin))]
        if not taken:
            raise FileNotFoundError(f".dockerignore hides all of {source}")
        for path in taken:
            to = place / (path.name if here.is_file() else path.relative_to(here))
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, to, follow_symlinks=False)


def ignored_by(text: str) -> Callable[[Path], bool]:
    """.dockerignore: the last line that matches a path or a folder above it decides."""
    rules = [line for line in map(str.strip, text.splitlines()) if line and not line.startswith("#")]
    compiled = [(rule.startswith("!"), re.compile(_pattern(rule.removeprefix("!")))) for rule in rules]

    def ignores(path: Path) -> bool:
        lines = [str(path), *(str(parent) for parent in path.parents)]
        matched = [taken for taken, pattern in compiled if any(pattern.fullmatch(line) for line in lines)]
        return bool(matched) and not matched[-1]

    return ignores


def _pattern(rule: str) -> str:
    words = re.split(r"(\*\*/|\*|\?)", rule.strip("/"))
    meaning = {"**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]"}
    return "".join(meaning.get(word, re.escape(word)) for word in words)


def _inside(built: Built, path: str) -> Path:
    full = Path(path) if path.startswith("/") else Path(built.folder) / path
    return built.layered.root / full.relative_to("/")
