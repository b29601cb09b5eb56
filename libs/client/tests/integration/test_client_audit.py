"""`semblance audit`: in plain words, saved, and checked offline against everything that somebody might do to it."""

from __future__ import annotations

import datetime as dt
import json
import sys
from pathlib import Path

import pytest

from semblance.client import audit_summary, audit_words
from semblance.client.audit import AuditInvalid, AuditLog, check_log
from semblance.client.command.app import main
from semblance.client.models import AuditEntry
from semblance.contracts import registry
from semblance.gateway.testing.audit import FakeAudit
from semblance.kernel.audit import ChainBroken
from semblance.kernel.clock import SystemClock
from semblance.kernel.ids import new_id

GENERATION = "semblance.contracts.generation.v1."
BOB = "018f4b1e-7c1d-7abc-8def-0123456789ac"


def tell(audit: FakeAudit, subject_id: str, count: int = 3) -> None:
    for number in range(count):
        audit.tell(subject_id, f"{GENERATION}ImageRequested", image_id=new_id(), consent_revision=number)


def log_of(audit: FakeAudit, subject_id: str) -> AuditLog:
    entries = audit.entries(subject_id, after=0, limit=100, oldest_first=True).items
    return AuditLog(
        subject_id=subject_id,
        head=audit.head(subject_id).jws,
        keys=json.loads(audit.keys()),
        entries=tuple(AuditEntry.model_validate(vars(entry)) for entry in entries),
    )


@pytest.fixture
def audit() -> FakeAudit:
    made = FakeAudit(SystemClock())
    tell(made, "ada")
    tell(made, BOB)
    return made


def entry(kind: str, sequence: int = 1, at: str = "2030-05-03T12:30:00Z", **facts: object) -> AuditEntry:
    content = {"sequence": sequence, "event_id": "e", "event_type": f"a.b.v1.{kind}", "at": at, "facts": facts}
    return AuditEntry.model_validate({**content, "previous": "", "hash": ""})


def test_a_whole_log_is_whole(audit: FakeAudit) -> None:
    older = log_of(audit, "ada")
    tell(audit, "ada", 2)
    assert check_log(log_of(audit, "ada"), older=[older.head]).count == 5
    assert check_log(log_of(audit, "nobody")).count == 0


def with_entries(log: AuditLog, entries: list[AuditEntry]) -> AuditLog:
    return log.model_copy(update={"entries": tuple(entries)})


@pytest.mark.parametrize(
    "tamper",
    [
        lambda log, _: [log[0], log[1].model_copy(update={"facts": {}}), log[2]],
        lambda log, _: [log[0], log[1].model_copy(update={"at": log[1].at + dt.timedelta(seconds=1)}), log[2]],
        lambda log, _: [log[0], log[2]],
        lambda log, _: [log[1], log[0], log[2]],
        lambda log, other: [log[0], other[1], log[2]],
        lambda log, other: list(other),
    ],
    ids=["changed", "another time", "removed", "swapped", "another person's", "another person's log"],
)
def test_a_changed_log_is_broken(audit: FakeAudit, tamper) -> None:
    log, other = log_of(audit, "ada"), log_of(audit, BOB)
    with pytest.raises(ChainBroken):
        check_log(with_entries(log, tamper(log.entries, other.entries)))


def test_a_cut_end_does_not_fit_the_head(audit: FakeAudit) -> None:
    log = log_of(audit, "ada")
    with pytest.raises(AuditInvalid, match="was cut"):
        check_log(with_entries(log, list(log.entries[:2])))
    with pytest.raises(AuditInvalid, match="about another account"):
        check_log(log.model_copy(update={"head": log_of(audit, BOB).head}))
    with pytest.raises(AuditInvalid, match="holds what no log holds"):
        check_log(with_entries(log, [log.entries[0].model_copy(update={"facts": {"words": "free text"}})]))


def test_an_older_head_shows_what_the_log_alone_cannot(audit: FakeAudit) -> None:
    """The platform itself cuts or rewrites, and signs the result."""
    kept = log_of(audit, "ada")
    whole = audit.logs["ada"]
    audit.logs["ada"] = whole[:2]
    cut = log_of(audit, "ada")
    assert check_log(cut).count == 2
    with pytest.raises(AuditInvalid, match="cut off"):
        check_log(cut, older=[kept.head])
    audit.logs["ada"] = []
    tell(audit, "ada", 3)
    with pytest.raises(AuditInvalid, match="rewritten"):
        check_log(log_of(audit, "ada"), older=[kept.head])


def test_somebody_else_s_signature_is_refused(audit: FakeAudit) -> None:
    forger = FakeAudit(SystemClock())
    forger.logs = audit.logs
    forged = log_of(forger, "ada")
    assert check_log(forged).count == 3  # it brought its own keys
    with pytest.raises(AuditInvalid, match="signature"):
        check_log(forged, json.loads(audit.keys()))


def test_every_kind_that_the_platform_keeps_has_a_sentence() -> None:
    audited = {name.rpartition(".")[2] for topic in registry.TOPICS.values() for name in topic.handled_by("provenance")}
    assert audited <= audit_words.SENTENCES.keys()


def test_it_reads_like_a_person_wrote_it() -> None:
    granted = entry(
        "ConsentGranted", grantee_id="app-1", purposes=["generate", "train"], expires_at="2031-01-01T00:00:00Z"
    )
    names = {"app-1": "Cards Ltd"}
    assert audit_words.sentence(granted, lambda each: names.get(each, each)) == (
        "On 3 May 2030 at 12:30 UTC you allowed Cards Ltd to make pictures and train an adapter until 1 January 2031"
    )
    blocked = entry("ImageBlocked", image_id=BOB, reason_codes=["face-of-another-person", "new-code"])
    assert audit_words.sentence(blocked).endswith(
        "the filter blocked a picture: another person's face was in it and new-code (image 0123456789ac)"
    )
    assert audit_words.sentence(entry("AdapterDusted")).endswith("UTC adapter dusted was noted")
    for kind in audit_words.SENTENCES:
        assert "{" not in audit_words.sentence(entry(kind))


def test_a_summary_counts_by_day_and_asker() -> None:
    entries = [entry("ImageRequested", number, image_id=f"i{number}", requester_id="app-1") for number in range(5)]
    entries += [entry("ImagePublished", 10 + number, image_id=f"i{number}") for number in range(3)]
    entries += [entry("ImageBlocked", 20, image_id="i3"), entry("ImageRequested", 21, image_id="mine")]
    # Topics are not ordered among each other: a picture that is published is not in review any more.
    entries += [entry("ImageHeld", number, image_id=image_id) for number, image_id in ((9, "i4"), (22, "i0"))]
    lines = list(audit_summary.summary(reversed(entries), lambda _: "Cards Ltd"))
    assert lines == [
        "On 3 May 2030 Cards Ltd asked for 5 pictures: 3 published, 1 blocked by the filter, 1 in review",
        "On 3 May 2030 you asked for a picture: 1 not finished",
    ]


APP = {"grantee_id": "app-1", "grantee_name": "Postcards%20%26%20more", "consent_id": "g1"}


def test_an_app_is_told_by_the_name_that_it_had_and_by_what_for() -> None:
    asked = entry("GrantAsked", 1, pictures=5, uses=["greeting-card"], **APP)
    allowed = entry("GrantAnswered", 2, answer="allowed", asked_pictures=5, pictures=3, uses=["greeting-card"], **APP)
    refused = entry("PictureRefused", 3, use="advertising", reason_code="use-denied", **APP)
    requester = {"requester_id": "app-1", "requester_name": "Postcards%20%26%20more"}
    drawn = entry("ImageRequested", 4, image_id="i1", use="greeting-card", **requester)
    said = [audit_words.sentence(each).partition("UTC ")[2] for each in (asked, allowed, refused, drawn)]
    assert said == [
        "the app Postcards & more asked for 5 pictures of you for greeting cards",
        "you allowed the app Postcards & more 3 of the 5 pictures that were asked for, for greeting cards",
        "the app Postcards & more asked for a picture for advertising and was refused: you do not allow that use",
        "the app Postcards & more asked for a picture for greeting cards (image i1)",
    ]
    published = entry("ImagePublished", 5, image_id="i1")
    assert list(audit_summary.summary([published, drawn, refused, allowed, asked])) == [
        "On 3 May 2030 the app Postcards & more asked for 5 pictures for greeting cards; you allowed 3",
        "On 3 May 2030 the app Postcards & more asked for a picture for greeting cards: 1 published; and was refused a "
        "picture for advertising: you do not allow that use",
    ]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"answer": "refused"}, "; you refused"),
        ({"answer": "retracted"}, "; the question was taken back"),
        ({"answer": "allowed-by-level", "pictures": 2}, "; your sharing level allowed 2"),
        (None, "; you have not answered"),
    ],
)
def test_every_answer_to_a_question_is_told(answer: dict | None, said: str) -> None:
    entries = [entry("GrantAsked", 1, pictures=1, **APP)]
    entries += [entry("GrantAnswered", 2, asked_pictures=1, **answer, **APP)] if answer else []
    [line] = audit_summary.summary(entries)
    assert line == f"On 3 May 2030 the app Postcards & more asked for a picture{said}"
    given = entry("GrantAnswered", 3, answer="allowed", pictures=4, grantee_id="018f", consent_id="g2")
    assert list(audit_summary.summary([given])) == ["On 3 May 2030 you gave 018f leave unasked: you allowed 4"]


def test_a_name_in_a_log_that_was_tampered_with_controls_no_terminal() -> None:
    evil = entry("PictureRefused", 1, grantee_id="app-1", grantee_name="%1B%5B2J%0A%E2%80%AEevil")
    assert "the app [2Jevil asked" in audit_words.sentence(evil)


@pytest.fixture
def semblance(served, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SEMBLANCE_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("SEMBLANCE_PASSWORD", "correct horse battery")
    monkeypatch.setenv("SEMBLANCE_URL", served.url)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["semblance", *arguments])
        code = 0
        try:
            main()
        except SystemExit as e:
            code = int(e.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_the_command_shows_saves_and_verifies(served, semblance) -> None:
    assert semblance("account", "create", "ada")[0] == 0
    assert semblance("audit")[1] == "Nothing yet.\n"
    subject_id = json.loads(semblance("account", "show", "--json")[1])["subject_id"]
    audit: FakeAudit = served.world.platform.audit
    tell(audit, subject_id, 150)
    tell(audit, BOB)
    shown = semblance("audit")[1].splitlines()
    assert len(shown) == 50
    assert "you asked for a picture" in shown[0]
    assert "150 pictures" in semblance("audit", "--summary")[1]
    assert len(json.loads(semblance("audit", "--limit", "120", "--json")[1])) == 120

    code, out, err = semblance("audit", "save", "--out", "may.json")
    assert code == 0, err
    assert out.startswith("150 entries")
    assert Path("may.json").stat().st_mode & 0o077 == 0
    tell(audit, subject_id, 2)
    assert semblance("audit", "save", "--out", "june.json")[0] == 0
    served.stop()  # verifying asks nobody
    code, out, err = semblance("audit", "verify", "june.json", "--older", "may.json", "--keys", "may.json")
    assert code == 0, err
    assert "152 entries" in out
    assert "continues 1 older log" in out
    code, _, err = semblance("audit", "verify", "may.json", "--older", "june.json")
    assert code == 6
    assert "cut off" in err
    log = json.loads(Path("june.json").read_text())
    log["entries"][6]["facts"]["consent_revision"] = 99
    Path("june.json").write_text(json.dumps(log))
    code, _, err = semblance("audit", "verify", "june.json")
    assert code == 6
    assert "entry 7" in err
    Path("june.json").write_text("[]")
    assert semblance("audit", "verify", "june.json")[0] == 6
