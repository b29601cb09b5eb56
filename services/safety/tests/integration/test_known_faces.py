"""Public figures in files, and the library's people over gRPC."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from pydantic import SecretStr

from semblance.contracts.ingest.v1 import service_pb2, service_pb2_grpc
from semblance.faces import SFACE
from semblance.kernel.errors import Invalid, Unavailable
from semblance.kernel.ids import SubjectId, new_id
from semblance.safety import figures
from semblance.safety.adapters.figures_file import figures_in, write_figure
from semblance.safety.adapters.ingest_client import LibraryPeople
from semblance.safety.bench import scenes
from semblance.safety.domain.errors import FiguresUnreadable
from semblance.service_kit import rpc

MODELS = Path(__file__).parents[4] / ".cache" / "models"
TOKEN = SecretStr("token-for-this-test")
ANYBODY = SubjectId(new_id())


def axis(who: int) -> np.ndarray:
    return np.eye(128, dtype=np.float32)[who]


def test_an_operators_pictures_become_a_list_and_no_picture_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAFETY_MODELS_DIR", str(MODELS))
    images, into = tmp_path / "images", tmp_path / "figures"
    images.mkdir()
    for number in range(3):
        cv2.imwrite(str(images / f"{number}.jpg"), cv2.cvtColor(scenes.portrait("cleo", number), cv2.COLOR_RGB2BGR))
    (images / "broken.png").write_bytes(b"no picture")
    assert figures.main(["add", "--name", "a-figure", "--images", str(images), "--into", str(into)]) == 0
    known = figures_in(into, SFACE.id)
    assert len(known) == 3
    (faces, _) = figures.faces_in(images, figures.engine_of(figures.SafetySettings()))
    assert known.best(ANYBODY, faces[:1])[0] > 0.99
    assert [file.name for file in into.iterdir()] == ["a-figure.npz"]
    with pytest.raises(SystemExit):
        figures.main(["add", "--name", "../up", "--images", str(images), "--into", str(into)])


def test_nobody_in_the_pictures_is_no_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAFETY_MODELS_DIR", str(MODELS))
    cv2.imwrite(str(tmp_path / "0.png"), np.zeros((64, 64, 3), np.uint8))
    assert figures.main(["add", "--name", "a", "--images", str(tmp_path), "--into", str(tmp_path / "f")]) == 1
    assert not (tmp_path / "f").exists()


@pytest.mark.parametrize("fault", ["missing", "empty", "garbage", "model", "length", "cut", "shape"])
def test_a_list_that_cannot_be_read_stops_the_service(tmp_path: Path, fault: str) -> None:
    folder = tmp_path / "figures"
    if fault != "missing":
        folder.mkdir()
    if fault == "garbage":
        (folder / "a.npz").write_bytes(b"no list")
    elif fault == "cut":
        write_figure(folder / "a.npz", [axis(1)], SFACE.id)
        (folder / "a.npz").write_bytes((folder / "a.npz").read_bytes()[:100])
    elif fault == "shape":
        np.savez(folder / "a.npz", faces=axis(1), model=np.array(SFACE.id))
    elif fault in ("model", "length"):
        write_figure(folder / "good.npz", [axis(1)], SFACE.id)
        model = "deepface:ArcFace" if fault == "model" else SFACE.id
        write_figure(folder / "z.npz", [axis(2) * (0.5 if fault == "length" else 1)], model)
    with pytest.raises(FiguresUnreadable):
        figures_in(folder, SFACE.id)


def test_the_best_of_all_lists_counts(tmp_path: Path) -> None:
    write_figure(tmp_path / "a.npz", [axis(1), axis(2)], SFACE.id)
    write_figure(tmp_path / "b.npz", [axis(3)], SFACE.id)
    known = figures_in(tmp_path, SFACE.id)
    assert known.best(ANYBODY, [axis(3), axis(4)]) == [1.0, 0.0]
    assert known.best(ANYBODY, []) == []


class _Ingest(service_pb2_grpc.IngestServiceServicer):
    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def CompareWithLibrary(self, request: Any, context: Any) -> service_pb2.CompareWithLibraryResponse:
        assert all(face.face_model == SFACE.id for face in request.embeddings)
        if isinstance(self._answer, Exception):
            raise self._answer
        # Those who may be seen are like nobody else there.
        scores = [-1.0 if request.depicted_ids else score for score in self._answer]
        return service_pb2.CompareWithLibraryResponse(best_scores=scores)


@contextmanager
def library(answer: Any) -> Iterator[LibraryPeople]:
    server = rpc.server(TOKEN, workers=2)
    service_pb2_grpc.add_IngestServiceServicer_to_server(_Ingest(answer), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with rpc.connect(f"127.0.0.1:{port}", TOKEN, deadline_s=60) as channel:
        yield LibraryPeople(channel, face_model=SFACE.id, deadline_s=60)
    server.stop(None).wait(5)


def test_the_library_answers_for_every_face_or_not_at_all() -> None:
    with library([0.25, -1.0]) as people:
        assert people.best(ANYBODY, [axis(1), axis(2)]) == [0.25, -1.0]
        assert people.best(ANYBODY, [axis(1), axis(2)], depicted=[ANYBODY]) == [-1.0, -1.0]
        assert people.best(ANYBODY, []) == []
        with pytest.raises(Unavailable):
            people.best(ANYBODY, [axis(1)])


def test_a_library_of_another_face_model_is_no_answer() -> None:
    with library(Invalid("another model", code="other-face-model")) as people, pytest.raises(Unavailable):
        people.best(ANYBODY, [axis(1)])
