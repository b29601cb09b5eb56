"""A tail-biting convolutional code of rate 1/6 with 2^14 states, decoded softly by the wrap-around Viterbi algorithm.

The polynomials are those of Mars Pathfinder (constraint length 15: D. Divsalar, F. Pollara, TDA Progress Report 42-122
and JPL's 810-005 module 208); tail-biting spends no bits on a tail (H. Ma, J. Wolf, IEEE Trans. Comm. 34, 1986).
"""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

Bits = npt.NDArray[np.uint8]
Soft = npt.NDArray[np.float32]

_POLYNOMIALS = (0o46321, 0o51271, 0o70535, 0o63667, 0o73277, 0o76513)
_MEMORY = 14
RATE_INVERSE = len(_POLYNOMIALS)
_RUN_IN, _RUN_OUT = 5 * _MEMORY, 5 * _MEMORY  # steps until the unknown first and last states are forgotten


def encode(message: Bits) -> Bits:
    """message (n,) of 0 and 1, n > 14; returns (6 n,). The register starts as it will end."""
    around = np.concatenate([message[-_MEMORY:], message]).astype(np.int64)
    windows = np.lib.stride_tricks.sliding_window_view(around, _MEMORY + 1)
    taps = np.array([[p >> (_MEMORY - age) & 1 for age in range(_MEMORY + 1)] for p in _POLYNOMIALS])
    # The newest bit is a window's last entry and meets a polynomial's highest tap.
    return np.asarray(windows[:, ::-1] @ taps.T % 2, np.uint8).reshape(-1)


def decode(soft: Soft) -> Bits:
    """The likeliest message. soft (6 n,): positive where a 0 is likelier, by how much (a log-likelihood ratio up to a
    factor); returns (n,)."""
    steps = soft.reshape(-1, RATE_INVERSE)
    signs, zero, one = _trellis()
    metrics = np.zeros(1 << _MEMORY, np.float32)
    chosen = np.empty((_RUN_IN + len(steps) + _RUN_OUT, 1 << _MEMORY), bool)
    gains = (signs @ steps.T).T.astype(np.float32)
    for step in range(len(chosen)):
        gain = gains[(step - _RUN_IN) % len(steps)]
        # Both predecessors of states s and s + half are 2 s and 2 s + 1: read as one array of pairs.
        pairs = metrics.reshape(-1, 2)
        left = pairs[:, 0] + gain[zero]
        right = pairs[:, 1] + gain[one]
        np.greater(right, left, out=chosen[step].reshape(2, -1))
        metrics = np.maximum(left, right).reshape(-1)
        metrics -= metrics[0]
    return _walk_back(chosen, int(metrics.argmax()), len(steps))


def _walk_back(chosen: npt.NDArray[np.bool_], state: int, length: int) -> Bits:
    """From the best last state, through the run-out, over the message once. A state's highest bit is its newest."""
    message = np.empty(length, np.uint8)
    for step in range(len(chosen) - 1, _RUN_IN - 1, -1):
        message[(step - _RUN_IN) % length] = state >> (_MEMORY - 1)  # the run-out's are overwritten
        state = (state << 1 & (1 << _MEMORY) - 1) | int(chosen[step, state])
    return message


@functools.cache
def _trellis() -> tuple[Soft, npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """(signs (64, 6) of every output word; the word of the branch into each state from its even and its odd
    predecessor, (2, 2^13) each: row = newest bit)."""
    half = 1 << (_MEMORY - 1)
    states = np.arange(2 * half)
    words = []
    for oldest in (0, 1):
        register = (states << 1 | oldest).astype(np.int64)  # newest bit highest, _MEMORY + 1 bits
        word = np.zeros(len(states), np.int64)
        for polynomial in _POLYNOMIALS:
            word = word << 1 | _parity(register & polynomial)
        words.append(word.reshape(2, half).astype(np.intp))
    index = np.arange(1 << RATE_INVERSE)[:, None] >> np.arange(RATE_INVERSE - 1, -1, -1)
    return (1.0 - 2.0 * (index & 1)).astype(np.float32), words[0], words[1]


def _parity(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.bitwise_count(values).astype(np.int64) & 1
