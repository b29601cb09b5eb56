"""An operator's list of public figures, who are in no picture of anybody:

    python -m semblance.safety.figures add --name ada --images FOLDER --into FOLDER

takes the operator's own pictures of one person, one face in each, and writes their embeddings to INTO/ada.npz. The
pictures are not kept. Point SAFETY_FIGURES_DIR at the folder and restart the service. Deleting the file takes the
person off.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from semblance.faces import FaceEngine
from semblance.safety.adapters.figures_file import write_figure
from semblance.safety.main import engine_of
from semblance.safety.ports import Embedding
from semblance.safety.settings import SafetySettings

_IMAGES = {".jpg", ".jpeg", ".png", ".webp"}
_LEAST_ALIKE = 0.3  # cosine with the mean: below it a picture shows somebody else


def main(argv: Sequence[str] | None = None) -> int:
    """The command; 0 when the file was written."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["add"])
    parser.add_argument("--name", required=True, help="letters, digits and dashes: the file's name")
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--into", type=Path, required=True)
    arguments = parser.parse_args(argv)
    if not re.fullmatch(r"[A-Za-z0-9-]{1,64}", arguments.name):
        parser.error("a name is 1 to 64 letters, digits and dashes")
    engine = engine_of(SafetySettings())
    faces, passed_over = faces_in(arguments.images, engine)
    print(f"{len(faces)} faces taken; {passed_over} pictures passed over: unreadable, not one face, or somebody else's")
    if not faces:
        return 1
    arguments.into.mkdir(parents=True, exist_ok=True)
    write_figure(arguments.into / f"{arguments.name}.npz", faces, engine.model.id)
    return 0


def faces_in(folder: Path, engine: FaceEngine) -> tuple[list[Embedding], int]:
    """The one face of each picture, and how many pictures were passed over."""
    files = [file for file in sorted(folder.iterdir()) if file.suffix.lower() in _IMAGES]
    faces = []
    for file in files:
        image = cv2.imread(str(file), cv2.IMREAD_COLOR)
        if image is None or min(image.shape[:2]) < 8:
            continue
        rgb = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), dtype=np.uint8)
        found = engine.detect(rgb)
        if len(found) == 1:
            faces.append(engine.embed(rgb, found[0]))
    if len(faces) > 2:
        mean = np.mean(faces, axis=0)
        mean /= max(float(np.linalg.norm(mean)), 1e-9)
        faces = [face for face in faces if float(face @ mean) >= _LEAST_ALIKE]
    return faces, len(files) - len(faces)


if __name__ == "__main__":
    sys.exit(main())
