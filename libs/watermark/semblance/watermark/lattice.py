"""Finds how a marked picture was resized, cropped, turned or mirrored: first the lattice in the spectrum's power, which
does not depend on where the tiles begin, then that place from the phases of the pilots."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.fft

from semblance.watermark.lines import TILES, Complex, Lines
from semblance.watermark.spectrum import MOST_CYCLES_A_PX, Floats, Spectrum

_PLACES = 128  # of a tile that are tried, each way
# The shorter side now as a share of the marked picture's: a crop to half, or a picture within a larger one.
_SCALES = np.exp(np.arange(np.log(0.5), np.log(1.7), 0.004))
_ANGLES = np.deg2rad(np.arange(-3.0, 3.01, 0.25))
_BEST = 12
_LEAST_ENERGY = 4.0  # in standard deviations; a mark that can be decoded has about 6
_FINER = [(s, a) for s in (-0.002, 0.0, 0.002) for a in (-0.002, 0.0, 0.002) if s or a]


@dataclass(frozen=True)
class Pose:
    """scale: the shorter side now as a share of the marked picture's; turned by angle_rad, after quarter turns, after
    mirroring left to right."""

    scale: float = 1.0
    angle_rad: float = 0.0
    quarter_turns: int = 0
    mirrored: bool = False

    def frequencies(self, lines: Lines, side_px: int) -> tuple[Floats, Floats]:
        """x, y (n,) of the lines in cycles per px of a raster with this shorter side."""
        pitch = TILES * self.scale / side_px
        angle = self.angle_rad + self.quarter_turns * np.pi / 2
        x, y = -lines.x if self.mirrored else lines.x, lines.y
        c, s = np.cos(angle) * pitch, np.sin(angle) * pitch
        return c * x - s * y, s * x + c * y


@dataclass(frozen=True, eq=False)
class Sight:
    """What the lines look like in a pose. values (n,), tiles moved to begin at 0; pilot_z: by how many standard
    deviations of chance the pilots agree."""

    pose: Pose
    values: Complex
    pilot_z: float


def sight(seen: Spectrum, lines: Lines, pose: Pose) -> Sight:
    """The likeliest place of the tiles in this pose."""
    values = seen.at(*pose.frequencies(lines, min(seen.shape_px)))
    grid = np.zeros((_PLACES, _PLACES), np.complex64)
    pilots = values[lines.pilots]
    grid[lines.y[lines.pilots], lines.x[lines.pilots]] = np.conj(pilots) * lines.pilot_phases
    agreement = scipy.fft.ifft2(grid, norm="forward").real
    row, column = divmod(int(agreement.argmax()), _PLACES)
    chance = np.sqrt(max(1.0, float((np.abs(pilots) ** 2).sum()) / 2))
    moved = np.conj(lines.moved((column / _PLACES, row / _PLACES)))
    return Sight(pose, values * moved, float(agreement[row, column]) / chance)


def search(seen: Spectrum, lines: Lines) -> list[Sight]:
    """The likeliest poses, best first."""
    energy = _lattice_energy(seen, lines)
    found = []
    for flat in np.argsort(-energy, axis=None)[:_BEST]:
        if energy.flat[flat] < _LEAST_ENERGY:
            break
        at_scale, at_angle = np.unravel_index(flat, energy.shape)
        around = [
            Pose(float(_SCALES[at_scale]), float(_ANGLES[at_angle]), turns, mirrored)
            for mirrored in (False, True)
            for turns in range(4)
        ]
        found.append(max((sight(seen, lines, pose) for pose in around), key=lambda one: one.pilot_z))
    return sorted(found, key=lambda one: -one.pilot_z)


def refined(seen: Spectrum, lines: Lines, start: Sight) -> Sight:
    """The best of a pose's close neighbours."""
    p = start.pose
    near = [Pose(p.scale * (1 + s), p.angle_rad + a, p.quarter_turns, p.mirrored) for s, a in _FINER]
    return max([start, *(sight(seen, lines, pose) for pose in near)], key=lambda one: one.pilot_z)


def _lattice_energy(seen: Spectrum, lines: Lines) -> npt.NDArray[np.float32]:
    """(scales, angles): power on the lattice above chance, in standard deviations."""
    rows, columns = seen.power.shape
    power = (seen.power - 1).reshape(-1)
    middle = rows // 2 * columns + columns // 2
    power[middle] = 0.0
    pitches = (TILES * _SCALES / min(seen.shape_px)).astype(np.float32)[:, None]
    energy = np.empty((len(_SCALES), len(_ANGLES)), np.float32)
    for at, angle in enumerate(_ANGLES):
        x = pitches * (np.cos(angle) * lines.x - np.sin(angle) * lines.y).astype(np.float32)
        y = pitches * (np.sin(angle) * lines.x + np.cos(angle) * lines.y).astype(np.float32)
        visible = (np.abs(x) < MOST_CYCLES_A_PX) & (np.abs(y) < MOST_CYCLES_A_PX)
        index = np.rint(y * rows).astype(np.int32) * columns + np.rint(x * columns).astype(np.int32) + middle
        got = power[np.where(visible, index, middle)].sum(1)
        energy[:, at] = got / np.sqrt(np.maximum(visible.sum(1), 1))
    return energy
