"""The bytes of what was published, once more when all is over: a picture that nobody can read any more is lost.

The topic's digest is what they must be: it was said when the picture was signed, and comes another way than the bytes.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from random import Random

from loadtests.ledger import Entry
from loadtests.lookup import in_their_name
from loadtests.reconcile import LOST, Balance, Fault, Told, left
from loadtests.slo import Finding
from loadtests.world import Somebody
from semblance.client import Client
from semblance.kernel.errors import SemblanceError

# More would say no more: of 1,000 without a fault, at most 0.4 % of all have one (95 %).
MOST = 1000
WITHIN_S = 180.0
_RETRIES = 8  # about half a minute
_AWAY = {"ImageRevoked", "ImageRemoved"}
READABLE, TO_READ, READ = (
    "published pictures that are to be readable",
    "of them to be read again",
    "published pictures read again",
)
Read = Callable[[Somebody, str], bytes]
"""(whose, the picture's id) to its bytes. Raises SemblanceError."""


@dataclass
class Reader:
    """`with Reader(url) as read:` over the public API, a client for each who is asked for."""

    url: str
    _clients: dict[str, Client] = field(default_factory=dict)
    _stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def __call__(self, who: Somebody, image_id: str) -> bytes:
        """See Read."""
        if who.subject_id not in self._clients:
            self._clients[who.subject_id] = self._stack.enter_context(Client(self.url, who.token, retries=_RETRIES))
        client = self._clients[who.subject_id]
        return in_their_name(client, who, lambda: client.image_content(image_id).data)


def readable(entries: Iterable[Entry], told: Iterable[Told]) -> list[Told]:
    """The last publication of each picture whose person stayed, and that was not taken away since."""
    gone, withdrawn = left(entries)
    found: dict[str, Told] = {}
    away = set()
    for each in sorted(told, key=lambda t: t.at):
        if each.name == "ImagePublished":
            found[each.thing_id] = each
        elif each.name in _AWAY:
            away.add(each.thing_id)
    return [
        each
        for each in found.values()
        if each.thing_id not in away and each.subject_id not in gone and each.consent_id not in withdrawn
    ]


def look(
    balance: Balance,
    published: Sequence[Told],
    people: Iterable[Somebody],
    read: Read,
    *,
    most: int = MOST,
    within_s: float = WITHIN_S,
    now: Callable[[], float] = time.monotonic,
) -> None:
    """Adds to the balance a fault for each picture that is not there as it was signed, and how many were to be read and
    were. Of more than `most` as many are drawn; what is not read after `within_s` is left out, and the verdict no."""
    known, end_s = {who.subject_id: who for who in people}, now() + within_s
    theirs = [each for each in published if each.subject_id in known]
    drawn = theirs if len(theirs) <= most else Random(len(theirs)).sample(theirs, most)  # noqa: S311 - which, no secret
    seen = 0
    for each in drawn:
        if now() > end_s:
            break
        seen += 1
        if wrong := _wrong(each, known[each.subject_id], read):
            balance.faults.append(Fault(LOST, each.thing_id, f"published, and {wrong}"))
    balance.counts |= {READABLE: len(theirs), TO_READ: len(drawn), READ: seen}


def findings(balance: Balance) -> list[Finding]:
    """Whether all that were to be read were. That there is something to read is what `least` asks for."""
    due, seen = balance.counts.get(TO_READ), balance.counts.get(READ, 0)
    met = due is not None and seen == due
    return [Finding(READ, "all" if due is None else f"= {due}", seen, met, balance.counts.get(READABLE, 0))]


def _wrong(each: Told, who: Somebody, read: Read) -> str:
    try:
        found = hashlib.sha256(read(who, each.thing_id)).hexdigest()
    except SemblanceError as e:
        return f"its bytes cannot be read: {e.code}"
    return "" if found == each.sha256 else "its bytes are others than were signed"
