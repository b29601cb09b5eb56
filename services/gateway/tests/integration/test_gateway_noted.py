"""A backup that is older than a password: after a restore the old one opens nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from semblance.gateway.adapters.accounts import SqlAccounts
from semblance.gateway.adapters.noted_passwords import bring_back, keeping
from semblance.gateway.adapters.secrets import Secrets
from semblance.gateway.adapters.tables import accounts
from semblance.gateway.domain.account import SUBJECT_BURIED
from semblance.kernel.errors import Unavailable
from semblance.kernel.ids import new_id
from semblance.service_kit import owing
from semblance.service_kit.taken_back import Kind, TakenBackLog

PASSWORD = "correct horse battery"  # as everybody in conftest has it
ANOTHER = "a staple for my horse"


def token(guest, password: str) -> int:
    form = {"grant_type": "password", "username": guest.handle, "password": password}
    return int(guest.http.post("/v1/token", data=form).status_code)


def test_a_password_changed_since_the_backup_stays_changed(
    world, ada, eve, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    secrets, folder = Secrets.at(tmp_path / "keys"), tmp_path / "log" / "taken-back"
    owing.begin(world.database, folder, {Kind.PASSWORD: keeping(world.database, secrets)})
    log = TakenBackLog(folder)
    with world.database.read() as session:
        before = {row.subject_id: row._asdict() for row in session.execute(sa.select(accounts))}
    for old, new in ((PASSWORD, ANOTHER + "!"), (ANOTHER + "!", ANOTHER)):
        assert ada.put("/v1/me/password", json={"password": old, "new_password": new}).status_code == 204
    [note] = log.of(Kind.PASSWORD)
    with world.database.read() as session:
        now = session.execute(sa.select(accounts).where(accounts.c.subject_id == ada.subject_id)).one()
    content = (folder / note.name).read_bytes()
    assert b"argon2" not in content
    assert now.password_hash.encode() not in content

    with world.database.transaction() as unit:
        for subject_id, row in before.items():
            unit.session.execute(sa.update(accounts).where(accounts.c.subject_id == subject_id).values(row))
    assert token(ada, PASSWORD) == 200, "or the test shows nothing"
    bring_back(world.database, secrets, log)
    assert (token(ada, PASSWORD), token(ada, ANOTHER), token(eve, PASSWORD)) == (400, 200, 200)
    assert ada.get("/v1/me").status_code == 401, "whoever was signed in by the old one is not any more"
    assert eve.get("/v1/me").status_code == 200
    with world.database.read() as session:
        assert session.execute(sa.select(accounts).where(accounts.c.subject_id == ada.subject_id)).one() == now

    bring_back(world.database, Secrets(bytes(32)), log)
    assert "cannot be read" in caplog.text
    assert token(ada, ANOTHER) == 200
    with pytest.raises(Unavailable):
        bring_back(world.database, secrets, TakenBackLog(folder / note.name))

    with world.database.transaction() as unit:
        SqlAccounts(unit.session, unit).bury([secrets.digest(SUBJECT_BURIED, ada.subject_id)], new_id(), unit.now())
    bring_back(world.database, secrets, log)
    assert list(folder.iterdir()) == [], "of somebody erased nothing is left, though a kill came before the forgetting"
