"""Where the watermark lives: the Fourier lines of a square tile that repeats over the picture.

A picture whose shorter side is 1 is covered by tiles of 1 / TILES. A pattern that repeats has its energy on a lattice
of frequencies only, so that moving the picture turns phases, resizing and turning it move the lattice, and mirroring
it mirrors the lattice. Some lines have phases known to the key's owner (they tell where the tile begins), the others
carry code bits in quadrature.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from semblance.watermark.convolution import Bits, Soft
from semblance.watermark.payload import CODE_BITS
from semblance.watermark.port import PictureId

Complex = npt.NDArray[np.complex64]
Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.intp]

TILES = 6  # along the shorter side
HIGHEST = 16  # periods per tile: 96 over the shorter side
LOWEST = 2
_PILOT_SHARE = 0.2


@dataclass(frozen=True, eq=False)
class Lines:
    """x (n,) 1..HIGHEST and y (n,) -HIGHEST..HIGHEST: periods per tile, one of each conjugate pair, none on an axis.
    pilots (p,) and carriers (c,) index them; pilot_phases (p,) and whitening (2 c,) are of unit size and known to the
    key's owner; bit_of (2 c,) says which code bit each quadrature of each carrier carries."""

    x: Ints
    y: Ints
    pilots: Ints
    carriers: Ints
    pilot_phases: Complex
    whitening: Floats
    bit_of: Ints

    def moved(self, offset: tuple[float, float]) -> Complex:
        """(n,) by how much each line's phase turns when the tiles begin there."""
        return np.asarray(np.exp(2j * np.pi * (self.x * offset[0] + self.y * offset[1])), np.complex64)

    def symbols(self, code: Bits) -> Complex:
        """(n,) of unit size: what every line shows. code (CODE_BITS,) of 0 and 1."""
        signs = (1 - 2 * code[self.bit_of].astype(np.float32)) * self.whitening
        values = np.empty(len(self.x), np.complex64)
        values[self.pilots] = self.pilot_phases
        values[self.carriers] = (signs[0::2] + 1j * signs[1::2]) / np.sqrt(2)
        return values

    def soft_bits(self, values: Complex) -> Soft:
        """(CODE_BITS,) positive where a 0 is likelier. values (n,): lines as seen, tiles beginning at 0."""
        carried = values[self.carriers]
        quadratures = np.stack([carried.real, carried.imag], 1).reshape(-1) * self.whitening
        return np.bincount(self.bit_of, quadratures, CODE_BITS).astype(np.float32)


@functools.lru_cache(maxsize=8)
def lines_of(key: bytes) -> Lines:
    """Everything that the key chooses."""
    y, x = np.mgrid[-HIGHEST : HIGHEST + 1, 1 : HIGHEST + 1]
    radius = np.hypot(x, y)
    keep = (radius >= LOWEST) & (radius <= HIGHEST) & (y != 0)
    x, y = x[keep], y[keep]
    rng = np.random.Generator(np.random.Philox(key=int.from_bytes(_secret(key, b"lines")[:16])))
    pilots, carriers = np.split(rng.permutation(len(x)), [round(_PILOT_SHARE * len(x))])
    repeats = -(-2 * len(carriers) // CODE_BITS)
    bit_of = np.concatenate([rng.permutation(CODE_BITS) for _ in range(repeats)])[: 2 * len(carriers)]
    return Lines(
        x=x,
        y=y,
        pilots=pilots,
        carriers=carriers,
        pilot_phases=np.exp(2j * np.pi * rng.random(len(pilots))).astype(np.complex64),
        whitening=rng.choice(np.array([-1.0, 1.0], np.float32), 2 * len(carriers)),
        bit_of=bit_of.astype(np.intp),
    )


def tile_offset(key: bytes, picture_id: PictureId) -> tuple[float, float]:
    """Where the tiles begin, 0 to 1 of a tile: another place in every picture, so that the mean of many marked
    pictures shows nothing."""
    mac = _secret(key, b"offset" + picture_id.to_bytes(8))
    return int.from_bytes(mac[:4]) / 2**32, int.from_bytes(mac[4:8]) / 2**32


def _secret(key: bytes, what_for: bytes) -> bytes:
    return hmac.digest(key, what_for, hashlib.sha256)
