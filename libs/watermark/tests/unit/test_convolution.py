import numpy as np
import pytest

from semblance.watermark.convolution import RATE_INVERSE, decode, encode
from semblance.watermark.payload import CODE_BITS, MESSAGE_BITS, code_bits, picture_id_in
from semblance.watermark.port import PictureId

KEY = bytes(range(32))
LEAST_WEIGHT = 50  # of codewords of this code; the free distance of its unterminated sibling is 56


def sent(message: np.ndarray) -> np.ndarray:
    return (1.0 - 2.0 * encode(message)).astype(np.float32)


@pytest.mark.parametrize("seed", range(3))
def test_a_message_is_decoded_through_noise_five_times_as_strong_as_a_bit(seed: int) -> None:
    # 480 bits of amplitude 0.65 in unit noise: together z^2 = 203, where the curve in README.md is below 1 in 100.
    rng = np.random.default_rng(seed)
    message = rng.integers(0, 2, MESSAGE_BITS).astype(np.uint8)
    soft = 0.65 * sent(message) + rng.normal(0, 1, CODE_BITS)
    assert np.array_equal(decode(soft.astype(np.float32)), message)


def test_the_code_is_linear_turns_with_the_message_and_has_no_light_words() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.integers(0, 2, (2, MESSAGE_BITS)).astype(np.uint8)
    assert np.array_equal(encode(one) ^ encode(other), encode(one ^ other))
    assert np.array_equal(encode(np.roll(one, 1)), np.roll(encode(one), RATE_INVERSE))
    for ones in range(1, 1 << 10):
        message = np.zeros(MESSAGE_BITS, np.uint8)
        message[:10] = ones >> np.arange(10) & 1
        assert encode(message).sum() >= LEAST_WEIGHT


def test_an_id_comes_back_under_its_own_key_only() -> None:
    soft = (1.0 - 2.0 * code_bits(KEY, PictureId(0xABCDEF012345))).astype(np.float32)
    assert picture_id_in(KEY, soft) == 0xABCDEF012345
    assert picture_id_in(KEY[::-1], soft) is None


def test_noise_is_no_id() -> None:
    rng = np.random.default_rng(1)
    assert [picture_id_in(KEY, rng.normal(0, 1, CODE_BITS).astype(np.float32)) for _ in range(20)] == [None] * 20
