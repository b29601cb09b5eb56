"""Held to the vectors that certificate transparency's own implementations are held to."""

from __future__ import annotations

import pytest

from semblance.kernel import merkle
from semblance.kernel.destroyed import Destroyed
from semblance.kernel.erasure_list import ErasedStore, leaves

# Source: the reference inputs and roots of google/certificate-transparency (merkletree tests), sizes 0 to 8.
INPUTS = [bytes.fromhex(text) for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")]
INPUTS.append(bytes.fromhex("606162636465666768696a6b6c6d6e6f"))
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_the_reference(size: int) -> None:
    assert merkle.root(INPUTS[:size]).hex() == ROOTS[size]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 8, 33])
def test_every_leaf_is_proved_and_no_other(size: int) -> None:
    things = [f"thing {k}".encode() for k in range(size)]
    top = merkle.root(things)
    for index, leaf in enumerate(things):
        path = merkle.inclusion_path(things, index)
        assert merkle.includes(leaf, index, size, path, top)
        assert not merkle.includes(b"another", index, size, path, top)
        assert not merkle.includes(leaf, index, size, path, merkle.EMPTY_ROOT)
        assert not merkle.includes(leaf, index, size, [*path, top], top)
        if path:
            assert not merkle.includes(leaf, index, size, path[:-1], top)
            assert not merkle.includes(leaf, index ^ 1, size, path, top)
    for outside in (-1, size):
        with pytest.raises(IndexError):
            merkle.inclusion_path(things, outside)
        assert not merkle.includes(things[0], outside, size, [], top)


def test_a_node_does_not_pass_for_a_leaf() -> None:
    pair = merkle.leaf_hash(b"a") + merkle.leaf_hash(b"b")
    assert merkle.root([b"a", b"b"]) != merkle.leaf_hash(pair)


def test_things_of_the_same_identifier_are_told_apart() -> None:
    assert Destroyed.of("objects:photos", ["p", "q", "p", "p"]).ids == ("p", "q", "p#2", "p#3")
    assert Destroyed.of("objects:photos", []).count == 0


def test_leaves_say_where_and_when_and_an_empty_store_has_none() -> None:
    stores = [
        ErasedStore("b", "s", 2, "t", ("y", "x")),
        ErasedStore("a", "s", 3, "t", items_root="r"),
        ErasedStore("a", "n", 4, "t"),
        ErasedStore("a", "empty", 0, "t"),
    ]
    assert [leaf.decode() for leaf in leaves(stores)] == [
        '["a","n","t","count",4]',
        '["a","s","t","root","r",3]',
        '["b","s","t","item","x"]',
        '["b","s","t","item","y"]',
    ]
