"""Dockerfiles: written from one template, sound by hadolint's rules, and each programme runs on its own packages alone.

No container engine is at hand: the COPY lines are obeyed in a folder, beside one with the packages that the image would
have and no other.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PINNED = re.compile(r"^python:\d+\.\d+\.\d+-slim-\w+@sha256:[0-9a-f]{64}$")
# Debian and Python below the packages, unpacked: about what Docker lists for the base; not measured here.
BASE_MB = 125
GATEWAY_MB = 250
MB = 1_000_000


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"requirements_{name}", ROOT / "requirements" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


images, freeze = script("images"), script("freeze")
IMAGES = sorted(images.PROGRAMMES)
ALWAYS = {"gateway", "identity"}
SERVICES = [image for image in IMAGES if image != "walk"]


def instructions(image: str) -> list[tuple[str, str]]:
    """Instruction and arguments, continued lines joined."""
    [text] = [text for path, text in images.written(image).items() if path.name == "Dockerfile"]
    joined = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE))
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in joined.splitlines() if line]


def distributions(image: str) -> set[str]:
    """Names of all that pip would install."""
    found = {name for name, _ in freeze.closure([Requirement(line) for line in images.packages(image)])}
    _, names = images.reach(images.PROGRAMMES[image])
    return found | (names & images.WITHOUT_DEPENDENCIES)


@pytest.mark.parametrize("image", IMAGES)
def test_files_are_as_they_are_written(image: str) -> None:
    for path, text in images.written(image).items():
        assert path.read_text() == text, "make images"


@pytest.mark.parametrize("image", IMAGES)
def test_a_dockerfile_is_sound(image: str) -> None:
    lines = instructions(image)
    of = lambda word: [arguments for name, arguments in lines if name == word]  # noqa: E731
    assert {name for name, _ in lines} <= {
        "FROM", "WORKDIR", "COPY", "RUN", "LABEL", "ENV", "USER", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD",
    }  # fmt: skip
    assert all(PINNED.match(base.split(" AS ")[0]) for base in of("FROM"))
    assert len(of("FROM")) == 2
    assert all(path.startswith("/") for path in of("WORKDIR"))
    assert [user.split(":")[0] for user in of("USER")] == ["10001"]
    last = [name for name, _ in lines].index("USER")
    assert not {"COPY", "RUN"} & {name for name, _ in lines[last:]}
    assert len(of("HEALTHCHECK")) == 1
    for command in of("ENTRYPOINT") + of("CMD"):
        assert isinstance(json.loads(command), list)
    for run in of("RUN"):
        assert "sudo" not in run
        assert "curl" not in run
        assert all("--no-cache-dir" in part for part in run.split("&&") if "pip install" in part)
        assert all("-r requirements/" in part for part in run.split("&&") if "pip install" in part), "pins only"


@pytest.mark.parametrize("image", IMAGES)
def test_what_is_copied_is_there_and_is_not_ignored(image: str) -> None:
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for arguments in [arguments for name, arguments in instructions(image) if name == "COPY"]:
        if arguments.startswith("--from"):
            continue
        for source in arguments.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert any((Path(source) / "x").match(f"{rule}/*") or Path(source).match(f"{rule}/*") or
                       Path(source).is_relative_to(rule) for rule in allowed), source  # fmt: skip


def test_the_gateway_is_small() -> None:
    names = distributions("gateway")
    assert not {"torch", "diffusers", "transformers", "onnxruntime", "opencv-python-headless", "minio"} & names
    packages = sum(size(name) for name in names)
    ours = sum(path.stat().st_size for lib in images.libraries("gateway") for path in tree(ROOT / "libs" / lib))
    ours += sum(path.stat().st_size for path in tree(ROOT / "services" / "gateway"))
    assert BASE_MB + (packages + ours) / MB < GATEWAY_MB


def tree(home: Path) -> list[Path]:
    return [path for path in (home / "semblance").rglob("*") if path.is_file() and path.suffix != ".pyc"]


def size(name: str) -> int:
    """Bytes as pip unpacks it with --no-compile."""
    files = metadata.distribution(name).files or []
    return sum(
        path.stat().st_size
        for path in (Path(str(f.locate())) for f in files)
        if path.is_file() and path.suffix != ".pyc"
    )


@pytest.fixture
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The image's code, as its COPY lines bring it together."""
    for name, arguments in instructions(request.param):
        source, _, target = arguments.partition(" ")
        if name == "COPY" and source.startswith(("libs/", "services/")):
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / source, tmp_path / target, dirs_exist_ok=True, ignore=ignored, copy_function=os.link)
    return tmp_path


@functools.cache
def owners() -> dict[str, int]:
    """Folder or file in site-packages to how many distributions have something there."""
    found: dict[str, int] = {}
    for each in metadata.distributions():
        for top in {file.parts[0] for file in each.files or []}:
            found[top] = found.get(top, 0) + 1
    return found


def lay_packages(names: set[str], site: Path) -> Path:
    """A folder like site-packages that holds these distributions and no other, by links."""
    site.mkdir()
    for name in names:
        found = metadata.distribution(name)
        for file in found.files or []:
            # Folders that distributions share, such as google/, are linked file by file.
            shared = owners()[file.parts[0]] > 1
            place = Path(*file.parts) if shared else Path(file.parts[0])
            if ".." in file.parts or file.suffix in {".pyc", ".pth"} or (site / place).exists():
                continue
            (site / place).parent.mkdir(parents=True, exist_ok=True)
            (site / place).symlink_to(Path(str(found.locate_file(place))))
    return site


def run(image: str, app: Path, names: set[str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """The programme with the code of `app` and these packages; -S leaves this machine's out."""
    site = lay_packages(names, app / "site-packages")
    environment = {
        "PATH": os.environ["PATH"], "PYTHONPATH": f"{app}:{site}", "HOME": str(app), "OMP_NUM_THREADS": "1",
        f"{image.upper()}_DATABASE_URL": f"sqlite:///{app}/x.sqlite",
        f"{image.upper()}_MODELS_DIR": os.environ.get("SEMBLANCE_MODELS_DIR", str(ROOT / ".cache" / "models")),
    }  # fmt: skip
    command = [sys.executable, "-S", "-m", images.PROGRAMMES[image], *arguments]
    return subprocess.run(command, cwd=app, env=environment, capture_output=True, text=True, timeout=100, check=False)


@pytest.mark.parametrize(("app", "image"), [(image, image) for image in SERVICES], indirect=["app"])
def test_a_service_is_built_and_migrates_on_its_own_packages(image: str, app: Path) -> None:
    if image not in ALWAYS and "SEMBLANCE_ALL_IMAGES" not in os.environ:
        pytest.skip("SEMBLANCE_ALL_IMAGES=1 tries all seven: another 20 CPU-seconds")
    ended = run(image, app, distributions(image), "migrate")
    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr[-2000:]
    assert (app / "x.sqlite").stat().st_size > 0


@pytest.mark.parametrize("app", ["walk"], indirect=True)
def test_the_walk_starts_on_its_own_packages(app: Path) -> None:
    assert run("walk", app, distributions("walk"), "--help").returncode == 0


@pytest.mark.parametrize("app", ["gateway"], indirect=True)
def test_a_package_that_is_missing_would_be_noticed(app: Path) -> None:
    ended = run("gateway", app, distributions("gateway") - {"argon2-cffi"}, "migrate")
    assert ended.returncode != 0
    assert "No module named 'argon2'" in ended.stdout + ended.stderr
