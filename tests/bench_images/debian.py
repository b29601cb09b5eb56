"""A clean Debian root like the base image's: debootstrap's smallest variant, slimmed, with Python in /usr/local.

The interpreter is this machine's, moved: the image's own is built from source by its makers and is not to be had
without pulling the image. Needs root, debootstrap, and Debian's mirror.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

# What python:*-slim has beside the smallest Debian: what its interpreter links to, certificates, time zones.
PACKAGES = {
    "trixie": (
        *("ca-certificates", "netbase", "tzdata", "libssl3t64", "libsqlite3-0", "libffi8", "libbz2-1.0", "liblzma5"),
        *("libreadline8t64", "libncursesw6", "libuuid1", "libexpat1", "libgdbm6t64", "libcrypt1"),
    )
}
# As debuerreotype's slim variant leaves out.
SLIMMED = ("usr/share/doc", "usr/share/man", "usr/share/info", "usr/share/locale", "var/cache/apt", "var/lib/apt/lists")
SMOKE = "import bz2, ctypes, curses, ensurepip, hashlib, lzma, readline, sqlite3, ssl, uuid, venv, zlib"


def suite_of(base: str) -> str:
    """ "trixie" of `python:3.11.15-slim-trixie@sha256:...`. Raises ValueError for another kind of base."""
    found = re.match(r"python:(\d+\.\d+)\.\d+-slim-(\w+)@", base)
    if found is None or found[2] not in PACKAGES:
        raise ValueError(f"this base is not known here: {base}")
    if found[1] != f"{sys.version_info.major}.{sys.version_info.minor}":
        raise ValueError(f"the base has Python {found[1]}: run this with the same")
    return found[2]


def make(base: str, folder: Path) -> Path:
    """The root for `base` in `folder`, made once. Raises CalledProcessError, ValueError."""
    suite = suite_of(base)
    root, fresh = folder / suite, folder / f"{suite}.new"
    if root.exists():
        return root
    shutil.rmtree(fresh, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    included = ",".join(PACKAGES[suite])
    with (folder / "debootstrap.log").open("wb") as log:
        command = ["debootstrap", "--variant=minbase", f"--include={included}", suite, str(fresh)]
        subprocess.run(command, check=True, stdout=log, stderr=log)
    for name in SLIMMED:
        shutil.rmtree(fresh / name)
        (fresh / name).mkdir()
    for name in ("resolv.conf", "hosts"):  # as an engine, which mounts its own over them
        (fresh / "etc" / name).write_text("")
    _move_python(fresh)
    subprocess.run(["chroot", fresh, "ldconfig"], check=True)
    subprocess.run(["chroot", fresh, "/usr/local/bin/python3", "-c", SMOKE], check=True)
    for cache in (fresh / "usr/local").rglob("__pycache__"):
        shutil.rmtree(cache)
    fresh.rename(root)
    return root


def _move_python(root: Path) -> None:
    prefix, name = Path(sys.base_prefix), f"python{sys.version_info.major}.{sys.version_info.minor}"
    local = root / "usr" / "local"
    shutil.copy2((prefix / "bin" / name).resolve(), local / "bin" / name)
    for link in ("python3", "python"):
        (local / "bin" / link).symlink_to(name)
    for library in prefix.glob(f"lib/lib{name}*.so*"):
        shutil.copy2(library, local / "lib" / library.name, follow_symlinks=False)
    ignored = shutil.ignore_patterns("__pycache__", "test", "tests", "idlelib", "config-*")
    shutil.copytree(prefix / "lib" / name, local / "lib" / name, ignore=_but_packages(ignored), symlinks=True)
    (local / "lib" / name / "site-packages").mkdir(exist_ok=True)


def _but_packages(ignored: Callable[[str, list[str]], set[str]]) -> Callable[[str, list[str]], set[str]]:
    return lambda folder, names: set(names) if folder.endswith("/site-packages") else ignored(folder, names)
