"""This machine's pip configuration, as the build's secret."""

from __future__ import annotations

import configparser
import subprocess
import sys
from pathlib import Path

TAKEN = ("index-url", "extra-index-url", "find-links", "cert", "timeout", "default-timeout")


def pip_configuration(file: Path, target: Path) -> dict[Path, Path]:
    """Write what pip is told here to `file`; it and the local folders that it names, by their place in the root."""
    said = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True)
    found: dict[str, str] = {}
    for line in said.stdout.splitlines():
        name, _, value = line.partition("=")
        option = name.rpartition(".")[2]
        if option in TAKEN:
            found[option.removeprefix("default-")] = value.strip("'")
    written = configparser.RawConfigParser()
    written["global"] = found
    with file.open("w") as open_file:
        written.write(open_file)
    words = [word.removeprefix("file://") for value in found.values() for word in value.split()]
    local = {Path(word) for word in words if word.startswith("/")}
    # An index names its files by relative links: the folder above it must be there too.
    local |= {path.parent for path in local if path.name == "simple"}
    kept = [path for path in local if path.exists() and not any(parent in local for parent in path.parents)]
    return {target: file, **{path: path for path in kept}}
