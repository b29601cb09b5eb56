"""The list beside an erasure receipt: recomputing the signed root from it, and proving that one thing is in it."""

from __future__ import annotations

from collections import Counter
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from semblance.client.receipts import Receipt, Tree
from semblance.client.signatures import NoSuchThing, ReceiptInvalid
from semblance.kernel import erasure_list, merkle
from semblance.kernel.destroyed import item_digest, salted_item
from semblance.kernel.erasure_list import ErasedStore

LIST_MAX_BYTES: Final = 64 * 1024 * 1024
_VERSIONS_LOOKED_FOR: Final = 100
_HEX: Final = r"^[0-9a-f]{64}$"


class ListedStore(BaseModel):
    """What one service destroyed in one store; each item is a salted digest of a thing's identifier."""

    model_config = ConfigDict(frozen=True)
    service: str = Field(max_length=60)
    store: str = Field(max_length=200)
    count: int = Field(ge=0)
    destroyed_at: str = Field(default="", max_length=40)
    items: tuple[str, ...] = Field(default=(), max_length=1_000_000)
    items_root: str = Field(default="", max_length=64)


class ErasureList(BaseModel):
    """The leaves. Whoever has it and knows an id can see that the thing of that id was destroyed."""

    model_config = ConfigDict(frozen=True)
    erasure_id: str
    salt: str = Field(max_length=128)
    stores: tuple[ListedStore, ...] = Field(max_length=1000)


class Inclusion(BaseModel):
    """One thing in the tree: its leaf's parts, and the path (RFC 9162, 2.1.3) to the signed root."""

    model_config = ConfigDict(frozen=True)
    service: str
    store: str
    destroyed_at: str
    identifier: str
    index: int = Field(ge=0)
    path: tuple[str, ...] = Field(max_length=64)


class ErasureProof(BaseModel):
    """That things of one id are in a receipt's list, for somebody who is not to see the list."""

    model_config = ConfigDict(frozen=True)
    kind: Literal["semblance-erasure-proof/1"] = "semblance-erasure-proof/1"
    erasure_id: str
    salt: str = Field(max_length=128)
    found: tuple[Inclusion, ...] = Field(min_length=1, max_length=1000)


def check_list(receipt: Receipt, listed: ErasureList) -> None:
    """That the list is the one whose root the receipt signs. Raises ReceiptInvalid."""
    tree = _tree(receipt)
    if listed.erasure_id != receipt.erasure_id:
        raise ReceiptInvalid("the list is of another erasure")
    counts = {(s.service, s.store): s.count for s in listed.stores}
    if counts != {(s.service, s.store): s.count for s in receipt.stores}:
        raise ReceiptInvalid("the list does not say what the receipt says: it was changed, or is not whole")
    leaves = erasure_list.leaves(map(_stored, listed.stores))
    if (len(leaves), merkle.root(leaves).hex()) != (tree.size, tree.root):
        raise ReceiptInvalid("the list does not lead to the signed root: it was changed, or is not whole")


def prove(receipt: Receipt, listed: ErasureList, identifier: str) -> ErasureProof:
    """Every thing of this identifier in the list: a photo's id names its row and its object.

    Raises ReceiptInvalid, NoSuchThing.
    """
    check_list(receipt, listed)
    leaves = erasure_list.leaves(map(_stored, listed.stores))
    places = {leaf: index for index, leaf in enumerate(leaves)}
    found = []
    for store in map(_stored, listed.stores):
        for name in _names(identifier):
            leaf = erasure_list.item_leaf(store, salted_item(listed.salt, item_digest(name)))
            if leaf not in places:
                break
            path = tuple(node.hex() for node in merkle.inclusion_path(leaves, places[leaf]))
            found.append(
                Inclusion(
                    service=store.service,
                    store=store.store,
                    destroyed_at=store.destroyed_at,
                    identifier=name,
                    index=places[leaf],
                    path=path,
                )
            )
    if not found:
        raise NoSuchThing("nothing of this id is in the list", remedy=_why_not(listed))
    return ErasureProof(erasure_id=receipt.erasure_id, salt=listed.salt, found=tuple(found))


def check_proof(receipt: Receipt, proof: ErasureProof) -> None:
    """That everything the proof names is under the signed root. Raises ReceiptInvalid."""
    tree = _tree(receipt)
    if proof.erasure_id != receipt.erasure_id:
        raise ReceiptInvalid("the proof is of another erasure")
    for each in proof.found:
        store = ErasedStore(each.service, each.store, 1, each.destroyed_at)
        leaf = erasure_list.item_leaf(store, salted_item(proof.salt, item_digest(each.identifier)))
        try:
            path = [bytes.fromhex(node) for node in each.path]
        except ValueError as e:
            raise ReceiptInvalid("the proof's path is not hexadecimal") from e
        if not merkle.includes(leaf, each.index, tree.size, path, bytes.fromhex(tree.root)):
            raise ReceiptInvalid(f"the proof does not lead to the signed root: {each.store}")


def summary(proof: ErasureProof) -> str:
    """ "2 in ingest objects:photos, ..." """
    places = Counter((each.service, each.store) for each in proof.found)
    return ", ".join(f"{count} in {service} {store}" for (service, store), count in sorted(places.items()))


def _names(identifier: str) -> list[str]:
    """As semblance.kernel.destroyed numbers things of the same identifier."""
    return [identifier, *(f"{identifier}#{k}" for k in range(2, _VERSIONS_LOOKED_FOR))]


def _stored(listed: ListedStore) -> ErasedStore:
    return ErasedStore(**listed.model_dump())


def _tree(receipt: Receipt) -> Tree:
    if receipt.tree is None:
        raise ReceiptInvalid("this receipt is from before there were lists: it has counts alone")
    return receipt.tree


def _why_not(listed: ErasureList) -> str:
    long = [f"{s.service} {s.store}" for s in listed.stores if s.items_root]
    return f"These lists were too long to be kept thing by thing: {', '.join(long)}." if long else ""
