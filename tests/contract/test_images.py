"""Dockerfiles: written from one template, sound by our rules, and each programme runs on its own packages alone.

`make images-lint` asks hadolint too. No container engine is at hand: the COPY lines are obeyed in a folder, beside one
with the packages that the image would have and no other; `make images-proof` obeys all lines in a Debian root.
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
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.requirements import Requirement

pytestmark = pytest.mark.timeout(300)
ROOT = Path(__file__).parents[2]
# Debian and Python below the packages, unpacked, as docs/benchmarks/images.md measured them.
BASE_MB = 135
GATEWAY_MB = 250
MB = 1_000_000


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "requirements" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # they import one another
    spec.loader.exec_module(module)
    return module


images, freeze, dockerfiles = script("images"), script("freeze"), script("dockerfiles")
sbom = script("sbom")
DOCKERFILES = [*sorted(ROOT.glob("*/*/Dockerfile")), ROOT / "loadtests" / "Dockerfile"]
IMAGES = sorted(images.PROGRAMMES)
ALWAYS = {"gateway", "identity"}
SERVICES = [image for image in IMAGES if image != "walk"]


def instructions(image: str) -> list[tuple[str, str]]:
    """Instruction and arguments, continued lines joined."""
    [text] = [text for path, text in images.written(image).items() if path.name == "Dockerfile"]
    return [(each.name, each.text) for each in dockerfiles.parse(text)]


def distributions(image: str) -> set[str]:
    """Names of all that pip would install."""
    found = {name for name, _ in freeze.closure([Requirement(line) for line in images.packages(image)])}
    _, names = images.reach(images.PROGRAMMES[image])
    return found | (names & images.WITHOUT_DEPENDENCIES)


@pytest.mark.parametrize("image", IMAGES)
def test_files_are_as_they_are_written(image: str) -> None:
    for path, text in images.written(image).items():
        assert path.read_text() == text, "make images"


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.parent.name)
def test_a_dockerfile_is_sound(path: Path) -> None:
    assert dockerfiles.faults(path.read_text()) == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (r"@sha256:[0-9a-f]+$", "", "not pinned"),
        (r":3\.11\.15-slim-trixie@", ":latest@", "not pinned"),
        (r"^USER .*\n", "", "run as root"),
        (r"^USER .*", "USER semblance", "not a number"),
        (r"^USER .*", "USER 0:0", "other than 0"),
        (r"^EXPOSE", "COPY libs/kernel/semblance/ semblance/\nEXPOSE", "after USER"),
        (r"^CMD .*", "CMD all", "CMD is not in exec form"),
        (r'CMD \["python", "-c".*', "CMD curl localhost", "HEALTHCHECK is not in exec form"),
        (r"^HEALTHCHECK .*\\\n.*\n", "", "not one HEALTHCHECK"),
        (r"^ENTRYPOINT .*\n", "", "no ENTRYPOINT"),
        (r"^COPY libs/contracts", "ADD https://example.org/x.tar libs", "ADD is not used"),
        (r" -r requirements/gateway.txt", " fastapi", "without the pins"),
        (r"--no-cache-dir ", "", "with a cache"),
        (r"^WORKDIR /tmp", "RUN apt-get update && apt-get install -y libgl1\nWORKDIR /tmp", "one layer"),
        (r"^WORKDIR /tmp", "RUN sudo chown 1 /opt\nWORKDIR /tmp", "sudo"),
        (r"^WORKDIR /tmp", "WORKDIR tmp", "relative"),
        (r"HOME=/tmp", "HOME=/tmp GATEWAY_INTERNAL_TOKEN=abc", "secret"),
    ],
)
def test_a_fault_in_a_dockerfile_is_found(old: str, new: str, fault: str) -> None:
    sound = (ROOT / "services" / "gateway" / "Dockerfile").read_text()
    broken = re.sub(old, new, sound, flags=re.MULTILINE)
    assert broken != sound
    assert fault in " | ".join(dockerfiles.faults(broken))


@pytest.mark.parametrize("text", ["", "RUN true", "FROM\n"])
def test_what_is_no_dockerfile_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        dockerfiles.faults(text)


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.parent.name)
def test_what_is_copied_is_there_and_is_not_ignored(path: Path) -> None:
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for each in dockerfiles.parse(path.read_text()):
        if each.name != "COPY" or each.text.startswith("--from"):
            continue
        for source in each.text.split()[:-1]:
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
    return subprocess.run(command, cwd=app, env=environment, capture_output=True, text=True, timeout=240, check=False)


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


@pytest.mark.parametrize("image", IMAGES)
def test_the_bill_of_materials_is_as_it_is_written_and_by_the_schema(image: str) -> None:
    text = sbom.path_of(image).read_text()
    assert text == sbom.written(image), "make sbom"
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


@pytest.mark.parametrize("image", IMAGES)
def test_the_bill_of_materials_names_everything_with_its_licence(image: str) -> None:
    bill = json.loads(sbom.path_of(image).read_text())
    versions = {freeze.normal(part["name"]): part.get("version") for part in bill["components"]}
    pins = dict(line.split("==") for line in (ROOT / "requirements" / "lock.txt").read_text().splitlines())
    pins |= dict(
        line.split("==") for line in (ROOT / "requirements" / "lock-no-deps.txt").read_text().split() if "==" in line
    )
    pinned = {freeze.normal(name): version for name, version in pins.items()}
    for line in (ROOT / "requirements" / "images" / f"{image}.txt").read_text().splitlines():
        name = freeze.normal(Requirement(line).name)
        assert versions[name] == pinned[name]
    assert {freeze.normal(name) for name in distributions(image)} <= set(versions)
    for part in [bill["metadata"]["component"], *bill["components"]]:
        [licence] = part["licenses"]
        known = licence.get("expression") or licence["license"].get("id")
        assert known or part["type"] == "container", part["name"]
    models = {part["name"] for part in bill["components"] if part["type"] == "machine-learning-model"}
    catalogue = yaml.safe_load((ROOT / "libs/local/semblance/local/models.yaml").read_text())
    if ".cache/models/" in "".join(arguments for name, arguments in instructions(image) if name == "COPY"):
        assert {model["file"] for model in catalogue["models"]} <= models
    assert ("pocket-64" in models) == ("pocket" in images.libraries(image))
    base = next(part for part in bill["components"] if part["type"] == "container")
    assert base["hashes"][0]["content"] in dict(instructions(image))["FROM"]


def test_the_load_tests_bill_is_what_its_dockerfile_installs_and_copies() -> None:
    """Locust is installed by no test, so what `make sbom` wrote is held against the pins and the Dockerfile."""
    text = sbom.path_of("loadtests").read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    bill = json.loads(text)
    listed = [Requirement(line) for line in sbom.packages("loadtests")]
    ours = {freeze.normal(name) for name, _ in freeze.closure([each for each in listed if not each.specifier])}
    locks = [(ROOT / "requirements" / name).read_text().splitlines() for name in ("loadtest.txt", "lock.txt")]
    own, locked = (
        {freeze.normal(name): version for name, version in (line.split("==") for line in lines if "==" in line)}
        for lines in locks
    )
    packages = {freeze.normal(p["name"]): p["version"] for p in bill["components"] if "pypi" in p.get("purl", "")}
    assert packages.items() <= (own | locked).items(), "make sbom"
    assert own.items() <= packages.items(), "make sbom"
    assert ours <= set(packages), "make sbom"
    named = {part["name"] for part in bill["components"]}
    assert {f"semblance-{name}" for name in sbom.libraries("loadtests")} <= named
    for part in bill["components"]:
        [licence] = part["licenses"]
        assert licence.get("expression") or licence["license"].get("id") or part["type"] == "container", part["name"]
    dockerfile = (ROOT / "loadtests" / "Dockerfile").read_text()
    [base] = [part["hashes"][0]["content"] for part in bill["components"] if part["type"] == "container"]
    assert dockerfile.count(f"@sha256:{base}") == 2
    assert "COPY requirements/images/loadtests.cdx.json /opt/semblance/sbom.cdx.json" in dockerfile


@pytest.mark.parametrize("package", ["scipy", "nudenet"])
def test_a_licence_that_nobody_said_or_whose_text_says_otherwise_stops_the_bill(
    package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sbom.READ, package)
    with pytest.raises(sbom.UnknownLicence, match=package):
        sbom.licence(package)


@pytest.fixture(scope="module")
def proof_page() -> Iterator[ModuleType]:
    """The page of `make images-proof`, as its command imports it."""
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(str(ROOT / "tests" / "bench_images"))
        spec = importlib.util.spec_from_file_location("proof_page", ROOT / "tests" / "bench_images" / "page.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield module


PROVEN = json.loads((ROOT / "docs" / "benchmarks" / "images.json").read_text())


def test_every_image_keeps_to_a_size_and_says_when_it_was_proven(proof_page: ModuleType) -> None:
    assert set(proof_page.BUDGET_MB) == {*IMAGES, "loadtests"} == set(PROVEN["images"])
    assert all(found["proven"]["day"] and found["proven"]["of"] for found in PROVEN["images"].values())
    assert [goal["goal"] for goal in proof_page.goals(PROVEN["images"]) if not goal["met"]] == []
    assert proof_page.BUDGET_MB["gateway"] == GATEWAY_MB


@pytest.mark.parametrize("image", ["gateway", "training"])
def test_an_image_that_grows_by_a_tenth_is_found(proof_page: ModuleType, image: str) -> None:
    found = PROVEN["images"]
    grown = found | {image: found[image] | {"layer_mb": found[image]["layer_mb"] * 1.1}}
    unmet = [goal["goal"] for goal in proof_page.goals(grown) if not goal["met"]]
    assert unmet == [f"the image {image}, base and all, MB"]
    text = proof_page.page(PROVEN | {"images": grown, "goals": proof_page.goals(grown)})
    assert "Merged from runs at" in text
