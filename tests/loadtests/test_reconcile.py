"""Every kind of fault, sown into a run that balances, is found; and the run that balances has none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from loadtests import ledger, lookup, reconcile
from loadtests.ledger import Entry
from loadtests.reconcile import Shown, Told

WHO, CONSENT, IMAGE = "subject-1", "consent-1", "image-1"
TAKER, TAKEN, STOPPED = "subject-2", "consent-2", "image-2"


@dataclass
class Run:
    """What three witnesses say of one run."""

    entries: list[Entry] = field(default_factory=list)
    shown: dict[str, dict[str, Shown]] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    slack_s: dict[str, float] = field(default_factory=dict)

    def ask(self, kind: str, job_id: str, who: str, consent: str, at: float, *, answered: bool = True) -> None:
        about = {"kind": kind, "key": f"key-{job_id}", "subject_id": who, "consent_id": consent}
        self.entries.append(Entry(ledger.ASKED, at, **about))
        if answered:
            self.entries.append(Entry(ledger.ACCEPTED, at + 0.1, job_id=job_id, **about))

    def tell(self, name: str, thing: str, at: float, source: str = "generation", who: str = WHO) -> None:
        consent = CONSENT if who == WHO else TAKEN
        self.told.append(Told(f"event-{len(self.told)}", "a.topic.v1", name, source, at, at + 0.2, thing, who, consent))

    def drop(self, name: str, thing: str) -> None:
        self.told = [t for t in self.told if (t.name, t.thing_id) != (name, thing)]

    def faults(self) -> dict[str, int]:
        found = reconcile.balance(self.entries, self.shown, self.told, grace_s=1.0, slack_s=self.slack_s)
        return {kind: count for kind, count in found.by_kind().items() if count}


@pytest.fixture
def run() -> Run:
    """A picture that came out, a photo, an adapter, and a person who withdrew in the middle and was then erased."""
    run = Run()
    run.ask("image", IMAGE, WHO, CONSENT, 1)
    for at, (name, source) in enumerate(
        [
            ("ImageRequested", "generation"),
            ("ImageRendered", "generation"),
            ("ImageAllowed", "safety"),
            ("ImagePublished", "provenance"),
        ],
        2,
    ):
        run.tell(name, IMAGE, at, source)
    run.ask("photo", "photo-1", WHO, CONSENT, 1)
    run.tell("PhotoReceived", "photo-1", 1.1)
    run.tell("PhotoAccepted", "photo-1", 2)
    run.ask("adapter", "adapter-1", WHO, CONSENT, 1)
    run.tell("AdapterRequested", "adapter-1", 1.1)
    run.tell("AdapterTrained", "adapter-1", 9)
    run.shown[WHO] = {
        IMAGE: Shown("image", "published", True),
        "photo-1": Shown("photo", "accepted", True),
        "adapter-1": Shown("adapter", "ready", True),
    }
    run.ask("image", STOPPED, TAKER, TAKEN, 10)
    run.tell("ImageRequested", STOPPED, 10.1, who=TAKER)
    run.entries.append(Entry(ledger.REVOKED, 12, kind="consent", subject_id=TAKER, consent_id=TAKEN))
    run.tell("ImageRevoked", STOPPED, 12.1, who=TAKER)
    run.entries.append(Entry(ledger.ERASED, 15, kind="account", subject_id=TAKER))
    return run


def test_a_run_that_balances_has_no_fault_and_says_what_it_looked_at(run: Run) -> None:
    assert run.faults() == {}
    counts = reconcile.balance(run.entries, run.shown, run.told).counts
    assert counts["accepted"] == 4
    assert counts["pictures published"] == 1
    assert counts["withdrawals acknowledged"] == 1


def test_whose_erasure_was_not_answered_may_be_gone_with_their_jobs(run: Run) -> None:
    """Nobody can ask the API in their name, and what it does not say of them is no loss."""
    run.entries[-1] = replace(run.entries[-1], what=ledger.ERASING)
    run.drop("ImageRevoked", STOPPED)
    assert run.faults() == {}
    counts = reconcile.balance(run.entries, run.shown, run.told).counts
    assert counts["subjects erased"] == 0
    assert lookup.subjects(run.entries) == {WHO}
    run.drop("ImageRequested", STOPPED)
    assert run.faults() == {"lost": 1}  # what was said before still counts


def test_pictures_that_were_to_come_are_those_of_people_who_stayed(run: Run) -> None:
    """Refused and failed ones were; those of people who took their consent back or took the picture away were not."""
    for number, end in enumerate(("ImageBlocked", "ImageFailed", "ImageRemoved"), 10):
        run.ask("image", f"image-{number}", WHO, CONSENT, number)
        run.tell("ImageRequested", f"image-{number}", number + 0.2)
        run.tell(end, f"image-{number}", number + 1)
        run.shown[WHO][f"image-{number}"] = Shown("image", "ended", True)
    counts = reconcile.balance(run.entries, run.shown, run.told).counts
    assert (counts[reconcile.TO_COME], counts[reconcile.CAME]) == (3, 1)
    run.entries.append(Entry(ledger.REVOKING, 20, kind="consent", subject_id=WHO, consent_id=CONSENT))
    counts = reconcile.balance(run.entries, run.shown, run.told).counts
    assert (counts[reconcile.TO_COME], counts[reconcile.CAME]) == (0, 0)


def test_what_others_do_meanwhile_is_not_what_was_looked_at(run: Run) -> None:
    before = reconcile.balance(run.entries, run.shown, run.told).counts
    run.tell("ImagePublished", "image-9", 5, who="somebody else")
    assert reconcile.balance(run.entries, run.shown, run.told).counts == before


def sow(change: Callable[[Run], object], kind: str, name: str) -> object:
    return pytest.param(change, kind, id=name)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        sow(lambda r: r.shown[WHO].pop(IMAGE), "lost", "the API does not list it"),
        sow(lambda r: r.shown[WHO].update({IMAGE: Shown("image", "running", False)}), "lost", "it never ends"),
        sow(lambda r: r.drop("PhotoAccepted", "photo-1"), "lost", "its end was never said"),
        sow(lambda r: r.drop("AdapterRequested", "adapter-1"), "lost", "its beginning was never said"),
        sow(lambda r: r.drop("ImageRequested", STOPPED), "lost", "an erased person's job never began"),
        sow(lambda r: r.shown[WHO].update(two=Shown("image", "published", True)), "doubled", "a job nobody asked for"),
        sow(lambda r: r.tell("ImagePublished", IMAGE, 5.5, "provenance"), "doubled", "published twice"),
        sow(lambda r: r.tell("AdapterTrained", "adapter-1", 9.5), "doubled", "learnt twice"),
        sow(
            lambda r: r.entries.append(Entry(ledger.ACCEPTED, 2, "photo", f"key-{IMAGE}", "photo-1", WHO, CONSENT)),
            "doubled",
            "one key, two jobs",
        ),
        sow(lambda r: r.drop("ImageAllowed", IMAGE), "no-verdict", "no verdict"),
        sow(lambda r: r.tell("ImageBlocked", IMAGE, 3.5, "safety"), "unsafe", "blocked and published"),
        sow(lambda r: r.drop("ImageRendered", IMAGE), "out-of-order", "never drawn"),
        sow(lambda r: r.drop("ImagePublished", IMAGE), "untrue", "the API says published, nobody else does"),
        sow(
            lambda r: (
                r.entries.append(Entry(ledger.SAW, 6, job_id=IMAGE, state="published")),
                r.shown[WHO].update({IMAGE: Shown("image", "failed", True)}),
            ),
            "untrue",
            "was published, is not",
        ),
    ],
)
def test_a_fault_that_was_sown_is_found(run: Run, change: Callable[[Run], object], kind: str) -> None:
    change(run)
    assert kind in run.faults()


def test_a_photo_that_is_refused_at_the_door_began_and_ended_with_that(run: Run) -> None:
    run.ask("photo", "photo-2", WHO, CONSENT, 3)
    run.shown[WHO]["photo-2"] = Shown("photo", "refused", True)
    assert run.faults() == {"lost": 2}
    run.tell("PhotoRefused", "photo-2", 3.1)
    assert run.faults() == {}


def publish_late(run: Run, at: float) -> None:
    run.tell("ImageRendered", STOPPED, at - 0.3, who=TAKER)
    run.tell("ImageAllowed", STOPPED, at - 0.2, "safety", who=TAKER)
    run.tell("ImagePublished", STOPPED, at, "provenance", who=TAKER)


def test_a_picture_after_the_withdrawals_answer_is_unsafe(run: Run) -> None:
    publish_late(run, 13.5)
    assert run.faults()["unsafe"] == 1


def test_a_picture_within_the_grace_is_not(run: Run) -> None:
    publish_late(run, 12.9)
    assert run.faults() == {}


def test_an_order_that_is_wrong_is_found_unless_the_clock_was_set_wrong(run: Run) -> None:
    run.told = [replace(t, at=t.at + 30) if t.source == "safety" else t for t in run.told]
    assert run.faults() == {"out-of-order": 1}
    run.slack_s = {"safety": 60}
    assert run.faults() == {}


def test_an_event_that_is_told_again_under_its_id_counts_once(run: Run) -> None:
    run.told += run.told
    assert run.faults() == {}


def test_a_lost_answer_allows_one_job_more_and_no_second(run: Run) -> None:
    run.ask("image", "image-3", WHO, CONSENT, 3, answered=False)
    run.shown[WHO]["image-3"] = Shown("image", "published", True)
    assert run.faults() == {}
    run.shown[WHO]["image-4"] = Shown("image", "published", True)
    assert run.faults() == {"doubled": 1}


def test_a_lost_answer_of_another_kind_allows_nothing(run: Run) -> None:
    run.ask("photo", "photo-3", WHO, CONSENT, 3, answered=False)
    run.shown[WHO]["image-4"] = Shown("image", "published", True)
    assert run.faults() == {"doubled": 1}
