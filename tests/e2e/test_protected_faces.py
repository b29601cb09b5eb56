"""A protected face on the running platform: registered without an account, stopped at opt-in, let in by an operator."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from semblance.client import ApiError, Client
from semblance.local.operator.app import app
from semblance.local.testing.house import House
from semblance.local.testing.members import Member

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


def operator(house: House, *arguments: str) -> Any:
    """What `semblance operator` says as JSON."""
    result = CliRunner().invoke(app, [*arguments, "--data", str(house.layout.data), "--json"])
    assert result.exit_code == 0, result.output or result.exception
    return json.loads(result.stdout)


def captured(member: Member) -> Any:
    """A capture session of the member, at its end."""
    client = member.client
    release = client.sign_release(client.notice().sha256, member.signed_name, adult=True)
    session = client.create_capture_session(release.id)
    while session.state in {"created", "in_progress"} and session.tries_left:
        session = client.submit_capture(session, member.film(session))
    return session


def test_a_protected_face_waits_for_an_operator_and_is_free_again_after_removal(house: House) -> None:
    member = house.member("bo")
    with Client(house.url) as anybody:
        entry = anybody.protect_face(member.portraits(2))
        assert entry.state == "accepted"
        assert [e["id"] for e in operator(house, "protected", "list")] == [entry.id]
        stopped = captured(member)
        assert (stopped.state, stopped.tries_left) == ("failed", 0)
        assert "a person has to look" in stopped.advice[0]
        (review,) = [r for r in operator(house, "reviews", "list") if r["subject_id"] == member.subject_id]
        assert (review["kind"], review["session_id"], review["entry_id"]) == ("protected_face", stopped.id, entry.id)
        allowed = operator(house, "reviews", "allow", review["id"], "--note", "came to the desk")
        assert (allowed["state"], allowed["decided_by"]) == ("allowed", "operator")
        assert "new session" in member.client.capture_session(stopped.id).advice[0]
        passed = captured(member)
        assert passed.state == "succeeded"
        consent = member.client.grant_consent(passed.id)
        assert [photo.state for photo in member.send_photos(consent, 1)] == ["accepted"]
        with pytest.raises(ApiError) as refused:
            anybody.remove_protection(entry.id, "a guess")
        assert refused.value.status == 404
        anybody.remove_protection(entry.id, entry.removal_code)
    assert operator(house, "protected", "list") == []
    assert house.kept.files_with({"the removal code": entry.removal_code.encode()}) == []
    operator(house, "erase", member.subject_id, "--yes")
    erased = member.client.wait_erased(member.client.erase(member.password).id, timeout_s=120)
    assert ("database:reviews", 1) in {(store.store, store.count) for store in erased.stores}
    assert operator(house, "reviews", "list", "--state", "all") == []
