"""Everything is lost and restored: who stayed has their picture, and what was taken back since does not come back."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from semblance.client.errors import ApiError
from semblance.client.models import ProtectedFace
from semblance.kernel.ids import SubjectId
from semblance.local import config as configuration
from semblance.local import erased_log, models
from semblance.local.environment import of_service
from semblance.local.inventory import take, things_of
from semblance.local.operator.app import app as operator
from semblance.local.testing.house import House, eventually
from semblance.local.testing.members import Member
from semblance.service_kit.taken_back import Kind

pytestmark = [
    pytest.mark.resilience,
    pytest.mark.timeout(1500),
    pytest.mark.skipif("SEMBLANCE_RESTORE" not in os.environ, reason="`make restore-proof`: some more starts"),
]
LIMITS = ("no weapons",)
COMMAND = (sys.executable, "-m", "semblance.local.command")


def command(*words: str) -> str:
    """What `semblance ...` prints; it must end well."""
    ended = subprocess.run([*COMMAND, *words], capture_output=True, text=True, check=False, timeout=600)
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]
    return ended.stdout


def killed_when_it_says(text: str, *words: str) -> None:
    """Run `semblance ...` and kill -9 it in the middle."""
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen([*COMMAND, *words], stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if text in line:
                process.kill()
                return
    raise AssertionError(said)


def as_in_a_cluster(house: House, names: str) -> subprocess.CompletedProcess[str]:
    """The command by which it is taken back where there is no `semblance restore`."""
    environment = of_service("gateway", configuration.read(house.layout.config), house.layout, house.layout.data)
    words = (sys.executable, "-m", "semblance.gateway.main", "take-back")
    given = os.environ | environment
    return subprocess.run(words, input=names, capture_output=True, text=True, check=False, timeout=120, env=given)


def decided(house: House, *words: str) -> Any:
    """What `semblance operator takedowns ...` says."""
    options = ("--json", "--data", str(house.layout.data))
    ended = CliRunner().invoke(operator, ["takedowns", *words, *options], catch_exceptions=False)
    assert ended.exit_code == 0, ended.output
    return json.loads(ended.stdout)


def refused(call: Callable[[str], Any], thing_id: str) -> bool:
    """Whether that is not to be had."""
    try:
        call(thing_id)
    except ApiError:
        return True
    return False


@dataclass(frozen=True)
class Regretted:
    """What there is at the backup, and is taken back after it."""

    photo: str
    picture: str
    taken_down: str
    adapter: str
    grant: str
    friend: Member
    consent: str
    new_password: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    protected: list[ProtectedFace] = field(default_factory=list)

    def take_back(self, house: House, member: Member, unseen: bytes, consent: str) -> None:
        """Each as people do it. `unseen`: a photo that the backup will not know."""
        client = member.client
        self.friend.client.revoke_consent(self.consent)
        client.withdraw_grant(self.grant)
        client.set_sharing("people", limits=LIMITS)
        self.friend.client.change_password(self.friend.password, self.new_password)
        self.protected.append(client.protect_face([unseen]))
        client.remove_photo(self.photo)
        client.remove_photo(client.upload_photo(consent, unseen).id)
        client.remove_image(self.picture)
        client.remove_adapter(self.adapter)
        self._have_it_taken_down(house, member)
        eventually(lambda: client.image(self.taken_down).state == "removed", "the picture is taken down")

    def _have_it_taken_down(self, house: House, member: Member) -> None:
        client = member.client
        version = client.takedown_statement().version
        client.request_takedown(self.taken_down, signed_name="Zed", contact="z@example.org", statement_version=version)
        [notice] = decided(house, "list")
        shown = decided(house, "show", notice["id"])
        others = {picture["image_id"] for picture in shown["pictures"]} - {self.taken_down}
        keep = [argument for image_id in sorted(others) for argument in ("--but-not", image_id)]
        assert decided(house, "accept", notice["id"], *keep)["state"] == "accepted"

    def require_gone(self, member: Member) -> None:
        """None of it can be had, by those whose it was."""
        client = member.client
        self.friend.client.sign_in(self.friend.handle, self.new_password)
        assert self.friend.client.consent(self.consent).state == "withdrawn"
        assert client.grant(self.grant).state == "withdrawn"
        assert (client.sharing().level, client.sharing().limits) == ("people", LIMITS)
        assert refused(lambda password: self.friend.client.sign_in(self.friend.handle, password), self.friend.password)
        client.remove_protection(self.protected[0].id, self.protected[0].removal_code)
        assert refused(client.photo, self.photo)
        assert refused(client.photo_content, self.photo)
        for picture in (self.picture, self.taken_down):
            assert client.image(picture).state == "removed"
            assert refused(client.image_content, picture)
        assert client.adapter(self.adapter).state == "removed"


def regretted(house: House, settled: Any) -> Regretted:
    member, friend = settled.member, house.member("ana")
    client, consent = member.client, friend.opt_in()
    client.set_sharing("everyone")
    pictures = [member.picture(settled.adapter, seed=seed) for seed in (2, 3)]
    assert [picture.state for picture in pictures] == ["published"] * 2
    return Regretted(
        photo=next(iter(client.photos())).id,
        picture=pictures[0].id,
        taken_down=pictures[1].id,
        adapter=member.train(settled.consent).id,
        grant=client.give_grant(friend.subject_id, 2, 30).id,
        friend=friend,
        consent=consent.id,
    )


def test_what_was_taken_back_stays_taken_back_and_the_erased_stay_erased(settled: Any, tmp_path: Path) -> None:
    house, client = settled.house, settled.member.client
    picture = settled.member.picture(settled.adapter)
    signed = client.image_content(picture.id).data
    things_regretted = regretted(house, settled)
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
    leaver.client.wait_erased(leaver.client.erase(leaver.password).id, timeout_s=120)
    things_regretted.take_back(house, settled.member, settled.fresh[0], settled.consent.id)
    log = erased_log.read(erased_log.place_of(house.layout))
    kinds = {entry.kind for entry in log.taken_back()}
    by_asking = {Kind.CONSENT, Kind.PEOPLE, Kind.PHOTO, Kind.ADAPTER, Kind.IMAGE, Kind.TAKEDOWN}
    assert kinds == by_asking | {Kind.LIMITS, Kind.PASSWORD, Kind.PROTECTED}
    house.pause()
    shutil.rmtree(data)

    where = ("--from", str(backups), "--keys-from", str(keys), "--data", str(data))
    told = ("--models", str(models.default_directory()))
    killed_when_it_says("things taken back", "restore", *where, *told)
    assert (data / "restoring.json").exists()
    assert "1 erasures hold" in command("restore", "--data", str(data), *told)
    assert not (data / "restoring.json").exists()

    house.start()
    assert refused(lambda _: client.me(), ""), "a token from before the restore could be one that was signed out"
    client.sign_in(settled.member.handle, settled.member.password)
    things_regretted.require_gone(settled.member)
    assert client.image_content(picture.id).data == signed
    assert client.verify(signed).state == "Trusted"
    assert client.consent(settled.consent.id).state == "active"
    assert settled.member.picture(settled.adapter, seed=9).state == "published"
    eventually(lambda: take(house.layout, gone, things).empty, "nothing of who was erased is left", 90)
    assert gone in log.tombstones(erased_log.PEOPLE)
    again = as_in_a_cluster(house, "".join(f"{entry.name}\n" for entry in log.taken_back()))
    assert again.returncode == 0, again.stdout[-3000:]
