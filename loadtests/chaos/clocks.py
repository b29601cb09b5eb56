"""Wrong clocks: what a process without privileges can do, by a library in front of libc."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path

_SITE = Path(__file__).with_name("clock") / "sitecustomize.py"


class NoFakeTime(RuntimeError):
    """libfaketime is not installed here, so no clock can be set wrong."""


def library() -> Path:
    """The shared object that the package libfaketime carries. Raises NoFakeTime."""
    found = importlib.util.find_spec("libfaketime")
    if found is None or found.origin is None:
        raise NoFakeTime("libfaketime is not installed: requirements/loadtest.txt has it")
    paths = sorted(Path(found.origin).parent.glob("vendor/**/libfaketime.so*"))
    if not paths:
        raise NoFakeTime("the package libfaketime carries no shared object for this system")
    return paths[0]


class Clocks:
    """A folder to put in front of PYTHONPATH, and what it does to whom. A service hears of it when it starts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._by_s: dict[str, int] = {}
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(_SITE, folder / _SITE.name)

    def set(self, service: str, by_s: int) -> None:
        """From its next start on."""
        self._by_s[service] = by_s
        self._write()

    def right(self, service: str) -> None:
        """From its next start on."""
        self._by_s.pop(service, None)
        self._write()

    def _write(self) -> None:
        fresh = self.folder / "skews.new"
        fresh.write_text(json.dumps({"library": str(library()), "by_s": self._by_s}))
        fresh.replace(self.folder / "skews.json")
