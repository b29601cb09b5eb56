"""The posed person as triangles with materials, ready to be drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from semblance.synthetic_people import eyes, shells, wearables
from semblance.synthetic_people.assets import Bytes, FittedMesh, Floats, Ints, load
from semblance.synthetic_people.expression import opens_mouth, units
from semblance.synthetic_people.face_shape import head_of
from semblance.synthetic_people.people import Person
from semblance.synthetic_people.rasterise import normals_of
from semblance.synthetic_people.scenes import Scene
from semblance.synthetic_people.skin import neck_colour, texture_of

WHITE = np.full((1, 1, 4), 255, np.uint8)


@dataclass(frozen=True)
class Material:
    """tint multiplies the texture; relative: the texture only gives luminance around `mean`; gloss and sharpness of
    the highlight; wrap: how far light creeps round the terminator; cut: alpha cuts; gain: factor on alpha; skin,
    cover: for exposure and occlusion."""

    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
    gloss: float = 0.0
    sharpness: float = 10.0
    wrap: float = 0.0
    relative: bool = False
    mean: float = 1.0
    cut: bool = False
    gain: float = 1.0
    skin: bool = False


@dataclass(frozen=True)
class Part:
    vertices: Floats
    normals: Floats
    triangles: Ints
    uv: Floats
    texture: Bytes
    material: Material


@dataclass
class Model:
    """parts to draw; body (v, 3) posed vertices; eyes: centres of left and right eye (3,); rotation of the head (3,
    3)."""

    body: Floats
    rotation: Floats
    eyes: tuple[Floats, Floats]
    parts: list[Part] = field(default_factory=list)

    def add(self, vertices: Floats, triangles: Ints, uv: Floats, texture: Bytes, material: Material) -> None:
        self.parts.append(Part(vertices, normals_of(vertices, triangles), triangles, uv, texture, material))


def axis_turn(axis: int, degrees: float) -> Floats:
    """Rotation (3, 3) about x, y or z (0, 1, 2)."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrix = np.eye(3, dtype=np.float32)
    i, j = ((1, 2), (2, 0), (0, 1))[axis]
    matrix[i, i] = matrix[j, j] = c
    matrix[i, j], matrix[j, i] = -s, s
    return matrix


PIVOT = np.array([0.0, 6.2, 0.0], np.float32)
NECK_SHARE = 0.55
"""Part of a turn that the neck does; the shoulders follow with the rest, as people's do."""


def posed(vertices: Floats, scene: Scene) -> tuple[Floats, Floats]:
    """Bend the neck and turn the shoulders: new vertices and the head's rotation (3, 3)."""
    weight = np.clip((vertices[:, 1] + 0.35 * vertices[:, 2] - 5.8) / 0.8, 0, 1)
    weight = (weight * weight * (3 - 2 * weight))[:, None]
    neck = axis_turn(2, scene.roll_deg) @ axis_turn(0, scene.pitch_deg * 0.7) @ axis_turn(1, scene.yaw_deg * NECK_SHARE)
    trunk = axis_turn(0, scene.pitch_deg * 0.3) @ axis_turn(1, scene.yaw_deg * (1 - NECK_SHARE))
    bent = vertices * (1 - weight) + ((vertices - PIVOT) @ neck.T + PIVOT) * weight
    return ((bent - PIVOT) @ trunk.T + PIVOT).astype(np.float32), (trunk @ neck).astype(np.float32)


def expressive(who: Person, scene: Scene) -> tuple[Floats, dict[str, float]]:
    vertices = head_of(who).copy()
    weights = scene.unit_weights()
    lids = {"eyeLookDown": max(0.0, scene.gaze_y_deg / 25), "eyeLookUp": max(0.0, -scene.gaze_y_deg / 25)}
    for name, value in units(weights | {k: v for k, v in lids.items() if v > 0.02}):
        load().add(vertices, name, min(value, 1.0))
    return vertices, weights


def add_eyes(model: Model, who: Person, scene: Scene, rest: Floats) -> None:
    """Eyeballs sit in the unposed head and then move with it, so that gaze is relative to the head."""
    sphere, triangles, uv = eyes.ball()
    look = eyes.turned(scene.gaze_x_deg, scene.gaze_y_deg)
    for centre, (_, radius) in zip(model.eyes, eyes.sockets(rest), strict=True):
        vertices = (sphere * radius) @ (model.rotation @ look).T + centre
        model.add(
            vertices.astype(np.float32),
            triangles,
            uv,
            eyes.iris_of(who),
            Material((0.95, 0.95, 0.95), gloss=0.16, sharpness=180.0, wrap=0.25),
        )


def add_fitted(model: Model, mesh: FittedMesh, material: Material, above: float | None = None) -> Floats:
    """A mesh of the pack on the posed body. above: leave out what is higher than this on the base head (under a
    hat)."""
    pack = load()
    vertices = pack.fit(model.body, mesh)
    triangles, uv = mesh.triangles, mesh.uv
    if above is not None:
        low = pack.fit(pack.base, mesh)[triangles][:, :, 1].max(1) < above
        triangles, uv = triangles[low], uv[low]
    model.add(vertices, triangles, uv, mesh.texture, material)
    return vertices


def add_fur(model: Model, who: Person, style: str, normals: Floats, rgb: tuple[float, float, float]) -> None:
    fur = shells.fur_of(who, style)
    used, index = np.unique(fur.triangles, return_inverse=True)
    triangles = index.reshape(-1, 3).astype(np.int32)
    beard = style in ("goatee", "short", "full", "moustache")
    for vertices, gain in shells.layers(model.body[used], normals[used], fur.length, 0.7 if beard else 0.15):
        material = Material(rgb, gloss=0.012, sharpness=10.0, wrap=0.3, relative=True, mean=0.22, cut=True, gain=gain)
        model.parts.append(Part(vertices, normals[used], triangles, fur.uv, fur.texture, material))


def add_hair(model: Model, who: Person, scene: Scene, normals: Floats) -> None:
    hat = scene.clothes.hat
    style, rgb = who.hair.style, who.hair.rgb
    if style in shells.LENGTH:
        add_fur(model, who, style, normals, rgb)
    elif style != "bald":
        mesh = load().meshes[f"hair/{style}"]
        material = Material(rgb, gloss=0.035, sharpness=14.0, wrap=0.3, relative=True, mean=mesh.luminance, cut=True)
        add_fitted(
            model, mesh, material, {"": None, "hat": wearables.HAT_LINE, "beanie": wearables.BEANIE_LINE - 0.12}[hat]
        )
    if who.hair.beard in shells.LENGTH:
        add_fur(model, who, who.hair.beard, normals, tuple(min(0.8 * c, 0.4) for c in rgb))  # type: ignore[arg-type]


def add_wearables(model: Model, who: Person, scene: Scene, normals: Floats) -> None:
    clothes, pack = scene.clothes, load()
    mesh = pack.meshes[f"clothes/{clothes.mesh}"]
    tint = (1.0, 1.0, 1.0) if clothes.own_colours else clothes.rgb
    add_fitted(
        model,
        mesh,
        Material(
            tint, gloss=0.012, sharpness=8.0, wrap=0.1, relative=not clothes.own_colours, mean=mesh.luminance, cut=True
        ),
    )
    if clothes.hat == "hat":
        hat = pack.meshes["clothes/fedora"]
        add_fitted(
            model, hat, Material(clothes.hat_rgb, gloss=0.01, wrap=0.15, relative=True, mean=hat.luminance, cut=True)
        )
    elif clothes.hat == "beanie":
        vertices, triangles, uv = wearables.beanie_mesh(model.body, normals)
        model.add(
            vertices,
            triangles,
            uv,
            wearables.KNIT,
            Material(clothes.hat_rgb, gloss=0.004, wrap=0.3, relative=True, mean=0.22, cut=True),
        )
    if who.glasses:
        vertices, triangles = wearables.glasses_mesh(
            model.eyes[0], model.eyes[1], model.rotation @ np.array([0, 0, 1], np.float32), who.glasses
        )
        model.add(
            vertices,
            triangles,
            np.zeros((len(triangles), 3, 2), np.float32),
            WHITE,
            Material(who.glasses.rgb, gloss=0.35, sharpness=40.0),
        )


def add_body(model: Model, who: Person, scene: Scene, normals: Floats) -> None:
    """Skin by part; what clothes hide is left out."""
    pack = load()
    hidden = np.zeros(len(pack.base), bool)
    hidden[pack.meshes[f"clothes/{scene.clothes.mesh}"].hidden] = True
    shown = ~hidden[pack.triangles].all(1)
    skin = Material(gloss=0.05, sharpness=13.0, wrap=0.35, skin=True)
    dark, flesh = np.array([[[30, 16, 14, 255]]], np.uint8), np.array([[[122, 58, 54, 255]]], np.uint8)
    for part, texture, material in (
        (0, texture_of(who), skin),
        (1, neck_colour(who), skin),
        (2, flesh, Material(wrap=0.2, gloss=0.02)),
        (3, dark, Material()),
    ):
        chosen = (pack.part == part) & shown
        model.parts.append(Part(model.body, normals, pack.triangles[chosen], pack.uv[chosen], texture, material))


def build(who: Person, scene: Scene, stance: Callable[[Model], Floats] | None = None) -> Model:
    """Everything to draw of one person in one scene. stance: new body vertices for the posed body, before anything is
    put on it."""
    pack = load()
    rest, weights = expressive(who, scene)
    body, rotation = posed(rest, scene)
    centres = [((c - PIVOT) @ rotation.T + PIVOT).astype(np.float32) for c, _ in eyes.sockets(rest)]
    model = Model(body, rotation, (centres[0], centres[1]))
    if stance is not None:
        model.body = stance(model)
    normals = normals_of(model.body, pack.triangles)
    add_body(model, who, scene, normals)
    add_eyes(model, who, scene, rest)
    if opens_mouth(weights):
        add_fitted(model, pack.meshes["teeth/base"], Material((0.8, 0.78, 0.72), gloss=0.05, sharpness=30.0, wrap=0.2))
    brow, lash = pack.meshes[f"brow/{who.hair.brow}"], pack.meshes[f"lash/{who.hair.lash}"]
    add_fitted(
        model,
        brow,
        Material(who.hair.brow_rgb, wrap=0.3, relative=True, mean=brow.luminance, cut=True, gain=who.hair.brow_gain),
    )
    add_fitted(model, lash, Material((0.02, 0.015, 0.012), wrap=0.3, relative=True, mean=lash.luminance, cut=True))
    add_hair(model, who, scene, normals)
    add_wearables(model, who, scene, normals)
    return model
