"""The chain: what is hashed, and what every kind of tampering looks like."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib

import pytest

from semblance.kernel.audit import ChainBroken, Entry, Happened, Head, canonical, chained, check_chain

ADA, BOB = "01900000-0000-7000-8000-000000000001", "01900000-0000-7000-8000-000000000009"
AT = dt.datetime(2030, 5, 3, 12, tzinfo=dt.UTC)


def log(subject_id: str = ADA, count: int = 5) -> list[Entry]:
    entries: list[Entry] = []
    for number in range(count):
        facts = {"image_id": f"i{number}", "reason_codes": ("a", "b"), "consent_revision": 1}
        happened = Happened(subject_id, f"e{number}", "generation.v1.ImageBlocked", AT, facts)
        entries.append(chained(entries[-1].head if entries else Head(), happened))
    return entries


def test_the_bytes_that_are_hashed_are_written_down() -> None:
    """Whoever writes a checker of their own begins here."""
    happened = Happened(ADA, "e1", "T", AT, {"b": 2, "a": "x", "c": ("y",)})
    expected = (
        '{"at":"2030-05-03T12:00:00.000000Z","event_id":"e1","event_type":"T","facts":{"a":"x","b":2,"c":["y"]},'
        f'"format":"semblance-audit-v1","previous":"{"0" * 64}","sequence":1,"subject_id":"{ADA}"}}'
    ).encode()
    assert canonical(happened, 1, "0" * 64) == expected
    assert chained(Head(), happened).hash == hashlib.sha256(expected).hexdigest()


def test_a_whole_log_has_a_head() -> None:
    entries = log()
    assert check_chain(entries, ADA) == Head(5, entries[-1].hash)
    assert check_chain(entries[3:], ADA, entries[2].head) == entries[-1].head
    assert check_chain([], ADA) == Head()


def test_the_same_instant_in_another_zone_is_the_same_entry() -> None:
    there = AT.astimezone(dt.timezone(dt.timedelta(hours=5)))
    assert canonical(Happened(ADA, "e", "T", AT), 1, "0" * 64) == canonical(Happened(ADA, "e", "T", there), 1, "0" * 64)


def changed(entry: Entry, **facts: object) -> Entry:
    happened = dataclasses.replace(entry.happened, facts={**entry.happened.facts, **facts})
    return dataclasses.replace(entry, happened=happened)


@pytest.mark.parametrize(
    ("tamper", "first"),
    [
        (lambda log: [*log[:2], changed(log[2], image_id="other"), *log[3:]], 3),
        (lambda log: [*log[:2], *log[3:]], 3),
        (lambda log: log[1:], 1),
        (lambda log: [*log[:1], log[2], log[1], *log[3:]], 2),
        (lambda log: [*log, log[-1]], 6),
        (lambda entries: [*entries[:2], log(BOB)[2], *entries[3:]], 3),
        (lambda log: [dataclasses.replace(log[0], hash="f" * 64), *log[1:]], 1),
    ],
    ids=["changed", "removed", "first removed", "swapped", "twice", "another person's", "hash changed"],
)
def test_tampering_is_found_where_it_begins(tamper, first: int) -> None:
    with pytest.raises(ChainBroken) as broken:
        check_chain(tamper(log()), ADA)
    assert broken.value.sequence == first


def test_a_cut_end_is_whole_but_shorter_than_a_kept_head() -> None:
    """The chain alone cannot know: that is what heads are for."""
    assert check_chain(log()[:4], ADA) != check_chain(log(), ADA)


@pytest.mark.parametrize(
    "facts",
    [
        {"words": "a portrait in the sun"},
        {"words": "grün"},
        {"line": "a\nb"},
        {"long": "x" * 201},
        {"score": 0.5},
        {"flag": True},
        {"big": 2**53},
        {"Prompt": "x"},
        {"list": ("ok", "not ok")},
        {"list": (1,)},
        {f"f{number}": 1 for number in range(25)},
    ],
)
def test_what_is_no_machine_readable_fact_does_not_get_in(facts) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each of them says what is wrong
        Happened(ADA, "e", "T", AT, facts)


def test_a_time_has_a_zone() -> None:
    with pytest.raises(ValueError, match="zone"):
        Happened(ADA, "e", "T", dt.datetime(2030, 1, 1))
