"""A software token for tests: SoftHSM 2, with a key in it that is nowhere else.

The library is looked for where systems install it. Where it is missing, the packages are fetched by apt, with lists and
cache of its own, and unpacked into a folder; nothing is installed and no right is needed. Where that fails too,
NoSoftToken is raised, which no test may turn into a pass.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

PIN = "1234"  # of a token that a test makes and throws away
_PACKAGES = ("libsofthsm2", "softhsm2")
_TIMEOUT_S = 180
_TRIES = 3
_PAUSE_S = 20


class NoSoftToken(Exception):
    """SoftHSM is neither installed nor to be had."""


@dataclass(frozen=True)
class SoftHsm:
    """The two files that make a token."""

    module: Path
    util: Path

    def token(self, folder: Path, label: str, key_label: str, key_pem: bytes) -> None:
        """Make a token in `folder` and put the key (PKCS#8 PEM) into it; this process finds it from then on.

        The library reads SOFTHSM2_CONF when it is first used, and a process uses it once: make all tokens before.
        """
        (folder / "tokens").mkdir(parents=True, exist_ok=True)
        settings = folder / "softhsm2.conf"
        settings.write_text(
            f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n"
        )
        os.environ["SOFTHSM2_CONF"] = str(settings)
        self._run("--init-token", "--free", "--label", label, "--so-pin", PIN, "--pin", PIN)
        key_file = folder / "key.pem"
        key_file.write_bytes(key_pem)
        self._run("--import", str(key_file), "--token", label, "--label", key_label, "--id", "01", "--pin", PIN)
        key_file.unlink()

    def _run(self, *arguments: str) -> None:
        command = [str(self.util), "--module", str(self.module), *arguments]
        done = subprocess.run(command, capture_output=True, timeout=_TIMEOUT_S, check=False)  # noqa: S603 - its own arguments
        if done.returncode:
            raise NoSoftToken(f"softhsm2-util: {done.stderr.decode(errors='replace')[:300]}")


def softhsm(cache: Path) -> SoftHsm:
    """Installed, unpacked before, or fetched now into `cache`. Raises NoSoftToken."""
    found = _installed() or _found(cache)
    if found is None:
        _fetch(cache)
        found = _found(cache)
    if found is None:
        raise NoSoftToken("the packages hold no SoftHSM")
    return found


def _installed() -> SoftHsm | None:
    """Debian's place, Fedora's, Homebrew's, and that of a build of one's own."""
    util = shutil.which("softhsm2-util")
    places = (
        "usr/lib*/softhsm",
        "usr/lib/*/softhsm",
        "usr/lib64/pkcs11",
        "usr/local/lib/softhsm",
        "opt/homebrew/lib/softhsm",
    )
    modules = [file for place in places for file in Path("/").glob(f"{place}/libsofthsm2.so")]
    return SoftHsm(modules[0], Path(util)) if modules and util else None


def _found(root: Path) -> SoftHsm | None:
    modules = [*root.glob("usr/lib/softhsm/libsofthsm2.so"), *root.glob("usr/lib/*/softhsm/libsofthsm2.so")]
    util = root / "usr/bin/softhsm2-util"
    return SoftHsm(modules[0], util) if modules and util.exists() else None


def _fetch(cache: Path) -> None:
    for name in ("lists/partial", "archives/partial"):
        (cache / name).mkdir(parents=True, exist_ok=True)
    own = ["-o", f"Dir::State::lists={cache / 'lists'}", "-o", f"Dir::Cache={cache}", "-o", "APT::Sandbox::User="]
    own += ["-o", "Acquire::Retries=3"]  # a mirror that is busy for a moment
    for left in reversed(range(_TRIES)):
        try:
            _call(["apt-get", *own, "update"], cache)
            _call(["apt-get", *own, "download", *_PACKAGES], cache)
            for package in sorted(cache.glob("*.deb")):
                _call(["dpkg-deb", "-x", str(package), str(cache)], cache)
            return
        except (OSError, subprocess.SubprocessError) as error:
            # A machine without apt is not asked again.
            if not left or isinstance(error, FileNotFoundError):
                raise NoSoftToken(f"SoftHSM is not installed, and apt does not give it: {error}") from error
            time.sleep(_PAUSE_S)


def _call(command: list[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, capture_output=True, timeout=_TIMEOUT_S, check=True)  # noqa: S603 - fixed commands
