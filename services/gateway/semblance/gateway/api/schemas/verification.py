"""What can be said of any picture, and C2PA's Soft Binding Resolution API (version 2.2)."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import ConfigDict, Field

from semblance.gateway.api.schemas.model import EXAMPLE_ID, EXAMPLE_TIME, Answered, Asked, example


class Verification(Answered):
    """What can be said of any picture, now.

    `state` is of the file itself: Trusted, Valid (whole, by a stranger: worth nothing), Invalid, or None (no manifest).
    `found_by` is how it was recognised as made here: manifest, bytes, watermark or fingerprint; empty where it was not.
    `confidence_0_1` is for a watermark 1 minus the chance that an unmarked picture reads as some id, and for a
    fingerprint the share of bits that agree: a likeness, no probability. `consent_state` is active, withdrawn, expired,
    erased or unknown; `consent_at` is the day since when, or until when it stands. `picture_state` is published,
    hidden, taken-down, removed, erased, or empty for a picture that was not made here.
    """

    model_config = ConfigDict(
        json_schema_extra=example(
            state="None",
            made_here=True,
            development_signer=False,
            manifest_id=f"urn:c2pa:{EXAMPLE_ID}",
            consent_state="withdrawn",
            signed_at=EXAMPLE_TIME,
            failures=[],
            found_by="watermark",
            confidence_0_1=0.9999999,
            consent_at="2030-01-01T00:00:00Z",
            picture_state="published",
            altered=False,
            borrowed=False,
            unsure=False,
            not_looked="",
            headline="Made by AI here: an invisible mark in its pixels says so.",
            sentences=["The person in it had agreed and took the consent back on 1 January 2030."],
        )
    )

    state: str
    made_here: bool
    development_signer: bool
    manifest_id: str
    consent_state: str
    signed_at: dt.datetime | None
    failures: list[str]
    found_by: str
    confidence_0_1: float
    consent_at: dt.datetime | None
    picture_state: str
    altered: Annotated[bool, Field(description="The file was changed after it was signed.")]
    borrowed: Annotated[bool, Field(description="The manifest in it was signed here for another picture.")]
    unsure: Annotated[
        bool, Field(description="Only a mark or a manifest of ours says so, which can be copied; the pixels do not.")
    ]
    not_looked: Annotated[str, Field(description="Why its pixels were not looked at; empty where they were.")]
    headline: Annotated[str, Field(description="One sentence for people.")]
    sentences: Annotated[list[str], Field(description="The rest for people, most important first.")]


class BindingQuery(Asked):
    """c2pa.softBindingQuery. `value` is base64."""

    model_config = ConfigDict(json_schema_extra=example(alg="org.semblance.fingerprint.1", value="q83vAAAA8P8="))

    alg: Annotated[str, Field(min_length=1, max_length=100)]
    value: Annotated[str, Field(min_length=1, max_length=1000)]


class BindingMatch(Answered):
    """`endpoint` is never given: every manifest is to be had here."""

    manifestId: str
    similarityScore: Annotated[int, Field(ge=0, le=100)]


class BindingQueryResult(Answered):
    """c2pa.softBindingQueryResult, best first."""

    model_config = ConfigDict(
        json_schema_extra=example(matches=[{"manifestId": f"urn:c2pa:{EXAMPLE_ID}", "similarityScore": 97}])
    )

    matches: list[BindingMatch]


class BindingAlgorithm(Answered):
    alg: str


class BindingAlgorithmList(Answered):
    """c2pa.softBindingAlgList."""

    model_config = ConfigDict(
        json_schema_extra=example(
            watermarks=[{"alg": "org.semblance.watermark.1"}], fingerprints=[{"alg": "org.semblance.fingerprint.1"}]
        )
    )

    watermarks: list[BindingAlgorithm]
    fingerprints: list[BindingAlgorithm]
