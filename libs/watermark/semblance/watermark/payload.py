"""From a picture id to code bits and back. The check is keyed, so that nobody without the key can make up an id."""

from __future__ import annotations

import hashlib
import hmac

import numpy as np

from semblance.watermark.convolution import RATE_INVERSE, Bits, Soft, decode, encode
from semblance.watermark.port import ID_BITS, PictureId

# An unmarked picture passes with 2^-32 a decoding; spread.py decodes at most MOST_DECODINGS times a picture.
CHECK_BITS = 32
MESSAGE_BITS = ID_BITS + CHECK_BITS
CODE_BITS = MESSAGE_BITS * RATE_INVERSE


def code_bits(key: bytes, picture_id: PictureId) -> Bits:
    """(CODE_BITS,) of 0 and 1."""
    word = (picture_id << CHECK_BITS | _check(key, picture_id)).to_bytes(MESSAGE_BITS // 8)
    return encode(np.unpackbits(np.frombuffer(word, np.uint8)))


def picture_id_in(key: bytes, soft: Soft) -> PictureId | None:
    """The id that was sent, or None if the check fails. soft (CODE_BITS,): positive where a 0 is likelier."""
    word = int.from_bytes(np.packbits(decode(soft)).tobytes())
    picture_id = PictureId(word >> CHECK_BITS)
    right = _check(key, picture_id) == word & (1 << CHECK_BITS) - 1
    return picture_id if right else None


def _check(key: bytes, picture_id: PictureId) -> int:
    mac = hmac.digest(key, b"picture-id" + picture_id.to_bytes(ID_BITS // 8), hashlib.sha256)
    return int.from_bytes(mac[: CHECK_BITS // 8])
