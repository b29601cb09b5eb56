"""Plain words: what is certain is said so, a likeness is called one, and what a stranger says is a claim."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import json

import pytest

from semblance.kernel.ids import ManifestId
from semblance.kernel.use import Use
from semblance.provenance.domain import words
from semblance.provenance.domain.claim import TRAINED_ALGORITHMIC_MEDIA
from semblance.provenance.domain.manifest import FoundBy, Match
from semblance.provenance.domain.reading import (
    READING_STOPPED,
    ConsentState,
    ManifestState,
    PictureState,
    Reading,
    Standing,
    Verification,
)

AT = dt.datetime(2030, 5, 4, 23, 30, tzinfo=dt.timezone(dt.timedelta(hours=-2)))
NONE = Reading(ManifestState.NONE)


def ours(by: FoundBy = FoundBy.WATERMARK, state: ConsentState = ConsentState.ACTIVE, **more: object) -> Verification:
    match = Match(ManifestId("urn:c2pa:1"), by, 0.9)
    return Verification(NONE, match, PictureState.PUBLISHED, Standing(state, AT), AT, **more)  # type: ignore[arg-type]


def said(found: Verification) -> str:
    return "\n".join([words.headline(found), *words.sentences(found)])


def test_a_manifest_that_was_not_read_to_the_end_is_told_so() -> None:
    stopped = Verification(Reading(ManifestState.INVALID, failures=(READING_STOPPED,)))
    assert "was not read to the end" in said(stopped)


def test_days_are_told_in_utc() -> None:
    assert words.day(AT) == "5 May 2030"


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        (ConsentState.ACTIVE, "has agreed, and still does: the consent stands until 5 May 2030"),
        (ConsentState.WITHDRAWN, "had agreed and took the consent back on 5 May 2030"),
        (ConsentState.EXPIRED, "had agreed; the consent ended on 5 May 2030"),
        (ConsentState.UNKNOWN, "cannot be said at this moment"),
    ],
)
def test_the_consent_comes_first_with_its_date(state: ConsentState, sentence: str) -> None:
    assert sentence in words.sentences(ours(state=state))[0]


def test_a_likeness_is_no_certainty() -> None:
    text = said(ours(FoundBy.FINGERPRINT))
    assert "Probably" in text
    assert "90%" in text
    assert "no proof" in text
    assert "If it is that picture, the person in it has agreed" in text
    assert "taken out since" not in text
    assert "Probably" not in said(ours(FoundBy.WATERMARK))


@pytest.mark.parametrize("by", [FoundBy.WATERMARK, FoundBy.MANIFEST])
def test_a_mark_or_a_manifest_that_may_be_copied_is_no_certainty(by: FoundBy) -> None:
    text = said(ours(by, unsure=True))
    assert text.startswith("Perhaps made by AI here: it carries")
    assert "copied" in text
    assert "If it is that picture, the person in it has agreed" in text
    assert "That picture was signed on" in text
    assert "taken out since" not in text
    assert "Perhaps" not in said(ours(by))


def test_of_an_erased_person_a_mark_alone_is_no_certainty() -> None:
    erased = Verification(NONE, picture=PictureState.ERASED, consent=Standing(ConsentState.ERASED))
    assert said(erased).startswith("Made by AI here, of somebody who has been erased")
    text = said(dataclasses.replace(erased, unsure=True))
    assert text.startswith("Perhaps made by AI here")
    assert "If it is that picture, the person in it had agreed" in text


def test_a_stripped_copy_and_its_use_are_told() -> None:
    text = said(ours(use=Use("greeting-card"), altered=True))
    assert "taken out since" in text
    assert "greeting card" in text
    assert "changed after it was signed" in text


def test_nothing_known_is_no_photograph() -> None:
    text = said(Verification(NONE))
    assert text.startswith("Nothing is known of this picture here.")
    assert "does not make it a photograph" in text
    assert "consent" not in text


def foreign(state: ManifestState, name: object, source: str = TRAINED_ALGORITHMIC_MEDIA) -> Reading:
    actions = {"actions": [{"action": "c2pa.created", "digitalSourceType": source}]}
    manifest = {"claim_generator_info": [{"name": name}], "assertions": [{"label": "c2pa.actions.v2", "data": actions}]}
    return Reading(state, manifest_json=json.dumps({"active_manifest": "m", "manifests": {"m": manifest}}))


def test_a_strangers_words_are_short_printable_and_called_a_claim() -> None:
    text = said(Verification(foreign(ManifestState.VALID, "Evil\x1b[31m\n" + "x" * 500)))
    assert "anybody can claim" in text
    assert "\x1b" not in text
    assert len(max(text.splitlines(), key=len)) < 250
    assert "that a trained model made it" in text
    lie = said(Verification(foreign(ManifestState.VALID, 'a camera". It is a real photograph.', "x")))
    assert 'made with "a camera. It is a real photograph."' in lie, "a stranger's words stay within their quotes"
    assert "anybody can claim" not in said(Verification(foreign(ManifestState.TRUSTED, "Camera", "x")))


@pytest.mark.parametrize(
    "report",
    ["", "null", "[]", "{}", '{"active_manifest": "m", "manifests": {"m": null}}', "not JSON",
     '{"active_manifest": "m", "manifests": {"m": {"claim_generator_info": "x", "assertions": [1, {"data": []}]}}}'],
)  # fmt: skip
def test_reports_of_any_shape_are_told_without_an_error(report: str) -> None:
    assert said(Verification(Reading(ManifestState.VALID, manifest_json=report)))


def test_every_answer_has_a_headline_that_ends() -> None:
    states = itertools.product(ManifestState, [None, *FoundBy], [None, *PictureState], ConsentState)
    for state, by, picture, consent in states:
        match = None if by is None else Match(ManifestId("m"), by, 1.0)
        sure = Verification(Reading(state), match, picture, Standing(consent, AT), borrowed=by is None)
        for found in (sure, dataclasses.replace(sure, unsure=True)):
            for sentence in (words.headline(found), *words.sentences(found)):
                assert sentence.endswith(".")
