"""Everything is lost and restored: who stayed has their picture, who was erased after the backup does not come back."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from semblance.kernel.ids import SubjectId
from semblance.local import erased_log, models
from semblance.local.inventory import take, things_of
from semblance.local.testing.house import eventually

pytestmark = [
    pytest.mark.resilience,
    pytest.mark.timeout(900),
    pytest.mark.skipif("SEMBLANCE_RESTORE" not in os.environ, reason="`make restore-proof`: three more starts"),
]


def command(*words: str) -> str:
    """What `semblance ...` prints; it must end well."""
    ended = subprocess.run(
        [sys.executable, "-m", "semblance.local.command", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]
    return ended.stdout


def test_the_erased_stay_erased(settled: Any, tmp_path: Path) -> None:
    house, client = settled.house, settled.member.client
    picture = settled.member.picture(settled.adapter)
    signed = client.image_content(picture.id).data
    leaver = house.member("bo")
    assert leaver.send_photos(leaver.opt_in(), 1)[0].state == "accepted"
    gone = SubjectId(leaver.subject_id)
    things = things_of(house.layout, gone)
    assert not take(house.layout, gone, things).empty

    data, backups, keys = house.layout.data, tmp_path / "backups", tmp_path / "keys"
    house.pause()
    command("backup", "--to", str(backups), "--keys-to", str(keys), "--data", str(data))
    assert (keys / "keyring" / f"{gone}.key").exists()

    house.start()
    leaver.client.sign_in(leaver.handle, leaver.password)
    leaver.client.wait_erased(leaver.client.erase().id, timeout_s=120)
    house.pause()
    shutil.rmtree(data)

    where = ("--from", str(backups), "--keys-from", str(keys), "--data", str(data))
    said = command("restore", *where, "--models", str(models.default_directory()))
    assert "1 keys shredded again" in said
    assert not (data / "restoring.json").exists()

    house.start()
    assert client.image_content(picture.id).data == signed
    assert client.verify(signed).state == "Trusted"
    assert client.consent(settled.consent.id).state == "active"
    assert settled.member.picture(settled.adapter, seed=9).state == "published"
    eventually(lambda: take(house.layout, gone, things).empty, "nothing of who was erased is left", 90)
    assert gone in erased_log.read(erased_log.place_of(house.layout)).tombstones(erased_log.PEOPLE)
