"""A run's people are gone when it ends, however it ends: the next one, and whoever walks as the same face, finds the
face free. The gateway is the real one; behind it a face that an account holds is held back as identity does."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from loadtests import profile, running, walking
from loadtests.arrivals import Arrival
from loadtests.calling import Caller
from loadtests.doors import PlainDoor
from loadtests.ledger import Ledger
from loadtests.measures import Call, Walk
from loadtests.people import book, cast
from loadtests.people.__main__ import main
from loadtests.people.book import Book
from loadtests.people.film import filmed
from loadtests.people.forget import dismiss, guests
from loadtests.people.settle import NotSettled, settled
from loadtests.place import Place
from loadtests.profile import People, Teams
from loadtests.world import Roster, Somebody, World
from semblance.client import Client
from semblance.gateway.testing.served import Served, Services
from semblance.local.testing.members import Member

RIGHT = "what the account was made with"
WANTED = People(accounts=3, ready=1, faces=0)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("gateway"), password_per_minute=100_000) as made:
        made.world.platform.identity.face_of = lambda frames: str(hash(frames[0].jpeg))
        with Services(made.world, {}):
            yield made


@pytest.fixture
def settle(served: Served) -> Callable[..., Roster]:
    def settling(joined: Callable[[Somebody], None], say: Callable[[str], None] = lambda _: None) -> Roster:
        return settled(served.url, WANTED, ["ana"], cast.photos, say, joined=joined)

    return settling


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    def folder(name: str) -> Path:
        (tmp_path / name).mkdir()
        return tmp_path / name

    yield folder
    assert main(["--erase", str(tmp_path)]) == 0


def free(served: Served, who: str) -> bool:
    """Whether somebody else can opt in with the face, as `helm test` does."""
    with Client(served.url) as client:
        member = Member(client, who).join()
        consent = member.opt_in()
        client.wait_erased(client.erase(member.password).id)
    return bool(consent.id)


def test_one_run_after_another_settles_the_same_faces_and_leaves_them_free(
    served: Served, settle: Callable[..., Roster], runs: Callable[[str], Path]
) -> None:
    for name in ("first", "second"):
        with guests(served.url, runs(name), lambda _: None) as joined:
            roster = settle(joined)
            assert len(roster.accounts) == 3
        gone = served.world.platform.identity.erased
        assert {who.subject_id for who in (*roster.accounts, *roster.ready)} <= set(gone)
    assert free(served, "ana")


def test_whom_a_killed_run_left_the_next_one_names_and_a_command_erases(
    served: Served, settle: Callable[..., Roster], runs: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    killed, later, said = runs("killed"), runs("later"), list[str]()
    left = Book.begun(killed / book.NAME, served.url)
    roster = settle(left.add)
    [ready] = roster.ready
    left.add(replace(ready, token="", subject_id=""))  # as it was written before the account was there
    left.add(Somebody("load-never-made", "a password", "", ""))
    with left.path.open("a") as file:
        file.write('{"handle": "cut o')
    assert left.path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(NotSettled, match="--erase"), guests(served.url, later, said.append) as joined:
        settle(joined)
    assert str(left.path) in said[0]
    assert not (later / book.NAME).exists()
    assert ready.subject_id not in served.world.platform.identity.erased
    assert main(["--erase", str(killed.parent)]) == 0
    assert not left.path.exists()
    assert {who.subject_id for who in (*roster.accounts, ready)} <= set(served.world.platform.identity.erased)
    assert free(served, "ana")
    capsys.readouterr()


def test_whoever_joins_on_the_way_is_on_the_list_before_their_face_is_enrolled(
    served: Served, runs: Callable[[str], Path]
) -> None:
    place, listed, rows = runs("walked") / book.NAME, list[Somebody](), list[Call | Walk]()
    left, notes = Book.begun(place, served.url), Ledger(place.with_name("ledger.jsonl"))

    def film(face: str, challenge: Sequence[str], colours: Sequence[tuple[str, int]]) -> list[tuple[int, bytes]]:
        listed.extend(book.read(place)[1])
        return filmed(face, challenge, colours)

    world = World([], [], ["bo"], {}, [], film, Random(1), joined=left.add)

    def caller_of(arrival: Arrival, due_s: float) -> Caller:
        return Caller(PlainDoor(served.url), notes, rows.append, arrival, due_s, due_s)

    assert walking.walk(world, caller_of, Arrival(0, 0.0, "steady", "opt_in"), time.monotonic()).outcome == "done"
    notes.close()
    [who] = listed
    assert (who.face, who.subject_id in served.world.platform.identity.erased) == ("bo", True)
    assert dismiss(place, served.url, lambda _: None)  # the journey itself had them erased


@pytest.mark.parametrize(("sent", "at"), [(signal.SIGTERM, "3 accounts"), (signal.SIGINT, "ana is ready")])
def test_an_interrupted_run_erases(served: Served, runs: Callable[[str], Path], sent: signal.Signals, at: str) -> None:
    before = set(served.world.platform.identity.erased)
    short = replace(profile.read("smoke"), people=WANTED, teams=Teams(0))

    def say(text: str) -> None:
        if text == at:
            os.kill(os.getpid(), sent)

    folder = runs("interrupted")
    with pytest.raises(KeyboardInterrupt):
        running.run(short, Place(served.url, "127.0.0.1:9", None), folder, say)
    erased = set(served.world.platform.identity.erased) - before
    assert len(erased) == 3 + (sent is signal.SIGINT)
    assert not (folder / book.NAME).exists()
    assert free(served, "ana")


def test_who_cannot_be_erased_stays_on_the_list(served: Served, runs: Callable[[str], Path]) -> None:
    place, said = runs("refused") / book.NAME, list[str]()
    left = Book.begun(place, served.url)
    with Client(served.url) as client:
        for name in ("right", "wrong"):
            made = client.create_account(f"load-{name}", RIGHT)
            token = client.sign_in(f"load-{name}", RIGHT).access_token
            left.add(Somebody(f"load-{name}", RIGHT if name == "right" else "another", made.subject_id, token))
    assert not dismiss(place, served.url, said.append)
    assert said[-2:] == ["load-wrong is not erased: wrong-password", said[-1]]
    assert str(place) in said[-1]
    _, [still] = book.read(place)
    assert still.handle == "load-wrong"
    assert place.stat().st_mode & 0o777 == 0o600
    book.keep(place, served.url, [replace(still, handle="of-elsewhere", token="")])
    assert not dismiss(place, served.url, said.append)  # or a wrong address would lose the passwords
    assert "is it the right one?" in said[-2]
    book.keep(place, served.url, [replace(still, password=RIGHT)])
