"""The watermark that runs offline: a keyed, repeating spread-spectrum pattern whose strength each picture's own trial
decides. README.md has the method and its sources."""

from __future__ import annotations

import cv2
import numpy as np

from semblance.watermark.errors import InvalidWatermarkKey
from semblance.watermark.lattice import Pose, Sight, refined, search, sight
from semblance.watermark.lines import Complex, Lines, lines_of, tile_offset
from semblance.watermark.marking import add, hiding_gain, pattern
from semblance.watermark.payload import CHECK_BITS, code_bits, picture_id_in
from semblance.watermark.pictures import check_markable, check_picture
from semblance.watermark.port import Found, PictureId, RgbU8
from semblance.watermark.spectrum import spectrum

LEAST_KEY_BYTES = 32
MOST_DECODINGS = 4  # of a picture; each passes by chance with 2^-CHECK_BITS
_LEAST_READ_PX = 64
_LEAST_PSNR_DB, _FIRST_PSNR_DB, _MOST_PSNR_DB = 38.5, 42.0, 48.0
_TRIALS = 2
# Wanted after the trial, in standard deviations: the code needs about 0.6 (z^2 of 200 over 582 quadratures), the rest
# is for what else may come.
_ENOUGH = 1.1
_TRIAL_SHARE, _TRIAL_QUALITY = 0.5, 60
# Of the pilots, in standard deviations: the best of all places of an unmarked picture is about 5, a mark that can be
# decoded has about 7 (a fifth of z^2 = 250).
_PLAUSIBLE_Z = 5.5
_PLAUSIBLE_PLAIN_Z = 4.5  # in the one pose that nothing but a resizing leaves there are fewer places to be lucky in


class SpreadWatermark:
    """Holds semblance.watermark.port.Watermark. key: secret, LEAST_KEY_BYTES or more; whoever has it can read, make up
    and remove marks."""

    algorithm = "org.semblance.watermark.1"
    min_side_px = 256

    def __init__(self, key: bytes) -> None:
        if len(key) < LEAST_KEY_BYTES:
            raise InvalidWatermarkKey(LEAST_KEY_BYTES)
        self._key = key
        self._lines = lines_of(key)

    def mark(self, image: RgbU8, picture_id: PictureId) -> RgbU8:
        """As weak as a trial (half size, JPEG quality 60) lets it be, PSNR 38.5 to 48 dB."""
        check_markable(image, picture_id, self.min_side_px)
        symbols = self._lines.symbols(code_bits(self._key, picture_id))
        offset = tile_offset(self._key, picture_id)
        drawn = pattern(self._lines, symbols, offset, image.shape[:2]) * hiding_gain(image)
        psnr_db = _FIRST_PSNR_DB
        for _ in range(_TRIALS):
            got = _agreement(self._lines, symbols, _on_trial(add(image, drawn, psnr_db)), offset)
            wished = psnr_db - 20 * np.log10(_ENOUGH / max(got, _ENOUGH / 4))
            psnr_db = float(np.clip(wished, _LEAST_PSNR_DB, _MOST_PSNR_DB))
        return add(image, drawn, psnr_db)

    def read(self, image: RgbU8) -> Found | None:
        """First as if nothing but its size had changed, then every pose."""
        if check_picture(image) < _LEAST_READ_PX:
            return None
        seen = spectrum(image)
        plain = sight(seen, self._lines, Pose())
        found = self._decoded(plain) if plain.pilot_z > _PLAUSIBLE_PLAIN_Z else None
        if found is None:
            for one in search(seen, self._lines)[: MOST_DECODINGS - 1]:
                finer = refined(seen, self._lines, one)
                found = self._decoded(finer) if finer.pilot_z > _PLAUSIBLE_Z else None
                if found is not None:
                    break
        return found

    def _decoded(self, one: Sight) -> Found | None:
        picture_id = picture_id_in(self._key, self._lines.soft_bits(one.values))
        if picture_id is None:
            return None
        return Found(
            picture_id=picture_id,
            confidence_0_1=1 - MOST_DECODINGS * 2.0**-CHECK_BITS,
            algorithm=self.algorithm,
            mirrored=one.pose.mirrored,
            quarter_turns=one.pose.quarter_turns,
            scale=one.pose.scale,
            rotated_deg=float(np.rad2deg(one.pose.angle_rad)),
        )


def _on_trial(marked: RgbU8) -> RgbU8:
    """Half as large, through JPEG: what the mark must survive easily."""
    small = cv2.resize(marked, None, fx=_TRIAL_SHARE, fy=_TRIAL_SHARE, interpolation=cv2.INTER_AREA)
    _, jpeg = cv2.imencode(".jpg", small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _TRIAL_QUALITY])
    return np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), np.uint8)[..., ::-1]


def _agreement(lines: Lines, symbols: Complex, image: RgbU8, offset: tuple[float, float]) -> float:
    """How far the lines' quadratures are on the side that they should be on: their mean, in their deviations."""
    seen = spectrum(image)
    turned = np.conj(lines.moved(offset) * symbols) * np.sqrt(2)
    values = seen.at(*Pose().frequencies(lines, min(seen.shape_px))) * turned
    # Turned so, a carrier's two quadratures are its real part plus and minus its imaginary part.
    both = np.concatenate([values.real + values.imag, values.real - values.imag]) / np.sqrt(2)
    return float(both.mean() / (both.std() + 1e-6))
