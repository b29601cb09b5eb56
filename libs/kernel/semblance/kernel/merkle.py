"""Merkle trees as certificate transparency has them: RFC 9162, section 2.1, with SHA-256."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

EMPTY_ROOT = hashlib.sha256(b"").digest()
"""The root over nothing (RFC 9162, 2.1.1)."""


def leaf_hash(leaf: bytes) -> bytes:
    """SHA-256 of 0x00 and the leaf: a leaf can never pass for a node."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """32 bytes over the leaves in the order given."""
    level = [leaf_hash(leaf) for leaf in leaves]
    if not level:
        return EMPTY_ROOT
    while len(level) > 1:
        level = _above(level)
    return level[0]


def inclusion_path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The hashes by which `leaves[index]` leads to the root, lowest first. Raises IndexError."""
    if not 0 <= index < len(leaves):
        raise IndexError(f"no leaf {index} among {len(leaves)}")
    level = [leaf_hash(leaf) for leaf in leaves]
    path = []
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):  # the last of an odd level moves up as it is
            path.append(level[sibling])
        level, index = _above(level), index // 2
    return path


def includes(leaf: bytes, index: int, size: int, path: Sequence[bytes], expected_root: bytes) -> bool:
    """Whether `leaf` is number `index` of the `size` leaves under `expected_root` (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    here, last, found = index, size - 1, leaf_hash(leaf)
    for sibling in path:
        if last == 0:
            return False
        if here & 1 or here == last:
            found = _node(sibling, found)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            found = _node(found, sibling)
        here, last = here >> 1, last >> 1
    return last == 0 and found == expected_root


def _above(level: Sequence[bytes]) -> list[bytes]:
    """One level up. Pairing from the left gives RFC 9162's tree: its left half is the largest power of two."""
    pairs = [_node(level[k], level[k + 1]) for k in range(0, len(level) - 1, 2)]
    return pairs + list(level[-1:] if len(level) % 2 else [])


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()
