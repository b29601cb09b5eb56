"""Stages as an engine has them: a writable layer over a root that is not touched, by Linux's overlay file system."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Layered:
    """`root` shows the lower root with what was written, which lies in `layer` alone."""

    root: Path
    layer: Path


def over(lower: Path, folder: Path) -> Layered:
    """A new layer in `folder`, with /proc and /dev/shm. The mounts end with the mount namespace of this process."""
    places = {name: folder / name for name in ("layer", "work", "root")}
    for place in places.values():
        place.mkdir(parents=True)
    options = f"lowerdir={lower},upperdir={places['layer']},workdir={places['work']}"
    _mount("-t", "overlay", "-o", options, "overlay", places["root"])
    _mount("-t", "proc", "proc", places["root"] / "proc")
    (places["root"] / "dev" / "shm").mkdir(exist_ok=True)
    _mount("-t", "tmpfs", "tmpfs", places["root"] / "dev" / "shm")
    return Layered(places["root"], places["layer"])


def read_only(layered: Layered) -> None:
    """From now on nothing but /tmp, which is memory, can be written: as the chart runs it."""
    _mount("--bind", layered.root, layered.root)
    _mount("-o", "remount,bind,ro", layered.root)
    _mount("-t", "proc", "proc", layered.root / "proc")
    _mount("-t", "tmpfs", "-o", "mode=1777", "tmpfs", layered.root / "tmp")
    _mount("-t", "tmpfs", "-o", "mode=1777", "tmpfs", layered.root / "dev" / "shm")


def remove(folder: Path) -> None:
    """Unmount what `over` and `read_only` mounted below, and delete. Nothing happens where there is nothing."""
    mounted = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for place in reversed([place for place in mounted if Path(place).is_relative_to(folder)]):
        subprocess.run(["umount", "--lazy", place], check=True)
    if folder.exists():
        shutil.rmtree(folder)


@contextmanager
def bound(root: Path, pairs: dict[Path, Path]) -> Iterator[None]:
    """This machine's files and folders inside the root, reading only, for a while. Keys are paths inside.

    A mount point that had to be made is removed, so that the layer does not keep it."""
    made: list[Path] = []
    mounted: list[Path] = []
    try:
        for inside, here in pairs.items():
            place = root / inside.relative_to("/")
            missing = [parent for parent in place.parents if not parent.exists()]
            place.parent.mkdir(parents=True, exist_ok=True)
            if not place.exists():
                place.mkdir() if here.is_dir() else place.touch()
                made += [place, *missing]
            _mount("--bind", "-o", "ro", here, place)
            mounted.append(place)
        yield
    finally:
        for place in reversed(mounted):
            subprocess.run(["umount", place], check=True)
        for place in made:
            place.rmdir() if place.is_dir() else place.unlink()


def size_bytes(folder: Path) -> int:
    """Bytes of the files, a file with two names once; about what Docker lists."""
    seen: set[tuple[int, int]] = set()
    total = 0
    for home, _, names in os.walk(folder):
        for name in names:
            found = os.lstat(os.path.join(home, name))
            if (found.st_dev, found.st_ino) not in seen:
                seen.add((found.st_dev, found.st_ino))
                total += found.st_size
    return total


def _mount(*words: object) -> None:
    subprocess.run(["mount", *map(str, words)], check=True)
