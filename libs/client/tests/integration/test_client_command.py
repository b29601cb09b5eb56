"""The `semblance` command against the real gateway."""

from __future__ import annotations

import getpass
import io
import json
import os
import stat
import sys

import pytest
from PIL import Image

from semblance.client import ApiError, Client
from semblance.client.command.app import main

JPEG = b"\xff\xd8\xff\xe0" + b"not really pixels" * 10


@pytest.fixture
def semblance(served, tmp_path, monkeypatch, capsys):
    """Runs the command; (exit code, standard output, standard error)."""
    monkeypatch.setenv("SEMBLANCE_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("SEMBLANCE_PASSWORD", "correct horse battery")
    monkeypatch.setenv("NO_COLOR", "1")
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


@pytest.fixture
def answer(semblance):
    """Runs the command with --json and reads what it says."""

    def run(*arguments: str):
        code, out, err = semblance(*arguments, "--json")
        assert code == 0, err
        return json.loads(out)

    return run


@pytest.fixture
def capture(tmp_path):
    """A folder of frames with their times, as `people render capture` leaves it."""
    folder = tmp_path / "capture"
    (folder / "0000007").mkdir(parents=True)
    truths = []
    for number in range(3):
        Image.new("RGB", (32, 32), (number, 0, 0)).save(folder / "0000007" / f"{number:03}.png")
        truths.append({"file": f"0000007/{number:03}.png", "at_ms": number * 250})
    (folder / "truth.json").write_text(json.dumps(truths))
    return folder


def edits_and_varies(semblance, answer, image_id, orders):
    edit = ("image", "edit", image_id, "in the snow", "--keep", "face", "--strength", "0.5", "--out", "edited.png")
    edited = answer(*edit, "--adapter-strength", "0.25")
    assert (edited["state"], edited["source_image_id"]) == ("published", image_id)
    vary = ("image", "vary", image_id, "-n", "2", "--begin-within", "30")
    assert [each["source_image_id"] for each in answer(*vary)] == [image_id] * 2
    assert [(each.size, each.adapter_strength, each.begin_within_s) for each in orders] == [
        ("64x64", 0.5, 60),
        ("", 0.25, None),
        ("", None, 30),
        ("", None, 30),
    ]
    code, _, err = semblance("image", "edit", image_id, "x", "--strength", "2")
    assert (code != 0, "strength" in err) == (True, True)


@pytest.mark.usefixtures("services")
def test_from_account_to_receipt(served, semblance, answer, capture, tmp_path):
    assert answer("account", "create", "ada", "--url", served.url)["handle"] == "ada"
    credentials = tmp_path / "config" / "credentials.json"
    assert stat.S_IMODE(credentials.stat().st_mode) == 0o600
    assert answer("account", "show")["handle"] == "ada"
    assert "sha256" in semblance("consent", "notice")[1]
    assert answer("consent", "begin", "--name", "Ada", "--adult")["challenge"] == ["turn_left", "nod"]
    consent = answer("consent", "grant", "--frames", str(capture))
    session = next(iter(served.world.platform.identity.sessions.values()))[1]
    assert session.state == "succeeded"
    assert answer("consent", "list")[0]["id"] == consent["id"]
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(2):
        (photos / f"{number}.jpg").write_bytes(JPEG + bytes([number]))
    (photos / "broken.png").write_bytes(b"text")
    (photos / "notes.txt").write_bytes(b"text")
    added = answer("photos", "add", str(photos))
    assert [photo["reason_code"] for photo in added] == ["", "", "not-a-picture"]
    person = answer("people", "list")[0]
    assert answer("people", "name", person["id"], "Me")["name"] == "Me"
    other = answer("people", "split", person["id"], person["face_ids"][0])
    assert len(answer("people", "merge", person["id"], other["id"])["face_ids"]) == 2
    assert len(answer("people", "undo")) == 2
    assert answer("photos", "score")["score_0_100"] == 72
    assert semblance("photos", "score")[1].startswith("72 of 100, 8 photos.\n-12  Add some 4 more")
    assert answer("adapter", "train", "--wait")["state"] == "ready"
    worn = ("--size", "64x64", "--adapter-strength", "0.5", "--begin-within", "60")
    made = answer("image", "create", "a portrait", "--out", "me.png", *worn)
    assert made["state"] == "published"
    assert answer("verify", "me.png")["made_here"] is True
    fetched = answer("image", "get", made["id"], "--out", "again.png")
    assert (tmp_path / "again.png").read_bytes() == (tmp_path / "me.png").read_bytes()
    assert len(fetched["sha256"]) == 64
    edits_and_varies(semblance, answer, made["id"], served.world.platform.generation.orders)
    assert (tmp_path / "edited.png").is_file()
    assert answer("image", "remove", made["id"])["state"] == "removed"
    assert answer("adapter", "list")[0]["state"] == "ready"
    assert answer("photos", "remove", added[0]["id"])["removed"] == [added[0]["id"]]
    assert answer("consent", "check", consent["id"], "train")["allowed"]
    assert answer("consent", "revoke", consent["id"])["state"] == "withdrawn"
    code, _, err = semblance("adapter", "train", "--consent", consent["id"])
    assert (code, "Ask the person for a new consent. (consent-revoked)" in err) == (4, True)
    erased = answer("erase", "--yes")
    assert (tmp_path / erased["receipt"]).read_text().count(".") == 2
    listed = tmp_path / erased["receipt_list"]
    assert json.loads(listed.read_text())["erasure_id"] == erased["id"]
    assert stat.S_IMODE(listed.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / erased["receipt"]).stat().st_mode) == 0o600
    assert json.loads((tmp_path / erased["receipt_keys"]).read_text())["keys"][0]["kty"] == "OKP"
    assert not credentials.exists()


def test_words_for_people(served, services, semblance, capture, tmp_path):
    semblance("account", "create", "ada", "--url", served.url)
    code, out, err = semblance("consent", "begin", "--name", "Ada", "--adult")
    assert "turn left, then nod" in out
    assert "#00ff00 400 ms" in out
    assert "until" in semblance("consent", "grant", "--frames", str(capture))[1]
    (tmp_path / "a.jpg").write_bytes(JPEG)
    assert "received" in semblance("photos", "add", "a.jpg")[1]
    code, out, err = semblance("adapter", "train", "--wait")
    assert (code, "is ready" in out) == (0, True)
    assert "published" in semblance("image", "create", "a portrait", "--wait")[1]
    services.fates["adapter"] = "leaks"
    code, out, err = semblance("adapter", "train", "--wait")
    assert (code, out) == (9, "")
    assert "the adapter was refused: leaks" in err
    assert "Use more varied photos.\nIn 50% of 16 pictures you were there unasked" in err
    services.fates["image"] = "failed"
    code, out, err = semblance("image", "create", "a portrait", "--wait")
    assert (code, out) == (9, "")
    assert err.strip().endswith("the image was failed: no-likeness")
    services.fates["image"] = "held"
    code, out, err = semblance("image", "create", "a portrait", "--wait", "--timeout", "1")
    assert (code, out) == (8, "")
    assert "A person decides, which can take a day." in err
    assert "(still-running)" in err
    assert "in_review" in semblance("image", "list")[1]


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["photos", "list"], 3, "Run `semblance login`. (not-signed-in)"),
        (["photos", "add", "nowhere.jpg"], 2, "nowhere.jpg"),
        (["account", "create", "A"], 6, "body.handle"),
        (["login", "nobody"], 6, "handle or password is wrong"),
        (["image"], 2, ""),
    ],
)
def test_refusals_are_one_line_and_a_code(semblance, arguments, code, says):
    got, _, err = semblance(*arguments)
    assert got == code
    assert says in " ".join(err.split())
    assert "Traceback" not in err


def test_a_capture_that_does_not_convince_says_what_to_do(served, semblance, capture):
    semblance("account", "create", "ada", "--url", served.url)
    semblance("consent", "begin", "--name", "Ada", "--adult")
    for number in range(1, 3):
        os.remove(capture / "0000007" / f"{number:03}.png")
    (capture / "truth.json").unlink()
    code, _, err = semblance("consent", "grant", "--frames", str(capture))
    assert (code, "Hold still. 2 tries left. (capture-not-succeeded)" in err) == (6, True)
    assert "#00ff00 400 ms" in err, "the next try's instructions"


def test_nobody_there(semblance, monkeypatch):
    monkeypatch.setenv("SEMBLANCE_URL", "http://127.0.0.1:9")
    code, _, err = semblance("consent", "notice")
    assert (code, "(unreachable)" in err) == (8, True)


def test_an_erasure_that_takes_long_can_be_asked_for_again(served, semblance, answer, monkeypatch, tmp_path):
    """The password is read from a file, and what has begun needs none."""
    semblance("account", "create", "ada", "--url", served.url)
    monkeypatch.delenv("SEMBLANCE_PASSWORD")
    (tmp_path / "secret").write_text("correct horse battery\n")
    code, _, err = semblance("erase", "--yes", "--timeout", "1", "--password-file", "secret")
    assert (code, "waits for ingest; ask again. (still-running)" in err) == (8, True)
    identity = served.world.platform.identity
    identity.complete_erasure(next(iter(identity.erasures)))
    assert answer("erase", "--yes")["state"] == "completed"


def test_a_password_is_asked_for_or_read_and_never_an_argument(served, semblance, answer, monkeypatch, tmp_path):
    monkeypatch.delenv("SEMBLANCE_PASSWORD")
    secret = tmp_path / "secret"
    secret.write_text("correct horse battery\n")
    for command in (["account", "create", "ada", "--url", served.url], ["login", "ada"], ["erase", "--yes"]):
        code, out, err = semblance(*command, "--password", "correct horse battery")
        assert (code, out) == (2, "")
        assert "--password-file" in " ".join(err.split())
        assert "correct horse" not in err
    assert answer("account", "create", "ada", "--url", served.url, "--password-file", "secret")["handle"] == "ada"
    assert answer("login", "ada", "--password-file", "secret")["handle"] == "ada"
    monkeypatch.setattr(sys, "stdin", io.StringIO("correct horse battery\n"))
    assert answer("login", "ada", "--password-file", "-")["handle"] == "ada"
    monkeypatch.setattr(getpass, "getpass", lambda prompt, **_stream: "correct horse battery")
    assert answer("login", "ada")["handle"] == "ada"
    monkeypatch.setenv("SEMBLANCE_PASSWORD", "another's password")
    assert semblance("login", "ada")[0] == 6
    assert answer("login", "ada", "--password-file", "secret")["handle"] == "ada", "the file goes first"
    code, _, err = semblance("login", "ada", "--password-file", "nowhere")
    assert (code, "cannot be read from nowhere" in " ".join(err.split())) == (2, True)


def test_erasing_asks_for_the_password_again(served, semblance, monkeypatch):
    semblance("account", "create", "ada", "--url", served.url)
    monkeypatch.setenv("SEMBLANCE_PASSWORD", "another's password")
    code, _, err = semblance("erase", "--yes", "--json")
    assert (code, "(wrong-password)" in err) == (3, True)
    monkeypatch.delenv("SEMBLANCE_PASSWORD")
    asked = iter(["another's password", "correct horse battery"])
    monkeypatch.setattr(getpass, "getpass", lambda prompt, **_stream: next(asked))
    assert semblance("erase", "--yes")[0] == 3
    assert served.world.platform.identity.erasures == {}
    code, out, err = semblance("erase", "--yes", "--timeout", "1", "--json")
    assert (code, out, "(still-running)" in err) == (8, "", True)


def test_signing_out_ends_the_token_and_a_new_password_the_others(served, semblance, answer, monkeypatch):
    semblance("account", "create", "ada", "--url", served.url)
    with Client(served.url) as elsewhere:
        elsewhere.sign_in("ada", "correct horse battery")
        assert [session["current"] for session in answer("account", "sessions")] == [False, True]
        monkeypatch.setenv("SEMBLANCE_NEW_PASSWORD", "a staple for my horse")
        assert answer("account", "password") == {"changed": True}
        with pytest.raises(ApiError) as refused:
            elsewhere.me()
        assert refused.value.code == "invalid-token"
        elsewhere.sign_in("ada", "a staple for my horse")
        elsewhere.end_session(next(elsewhere.sessions()).id)
        with pytest.raises(ApiError):
            elsewhere.me()
    assert answer("logout", "--everywhere") == {"handle": "ada", "signed_out": "everywhere"}
    assert semblance("account", "show")[0] == 3
    assert "(not-signed-in)" in semblance("logout")[2]


def test_help_loads_nothing_heavy(semblance):
    heavy = {"torch", "cv2", "semblance.local.command", "semblance.synthetic_people.command"}
    before = heavy & sys.modules.keys()
    code, out, _ = semblance("--help")
    assert (code, "people" in out, "Exit codes" in out) == (0, True, True)
    assert heavy & sys.modules.keys() == before


def test_a_face_is_protected_without_an_account_and_freed_with_its_code(
    served, answer, semblance, tmp_path, monkeypatch
):
    photo = tmp_path / "me.jpg"
    photo.write_bytes(JPEG)
    entry = answer("protect", "add", str(photo), str(photo), "--purpose", "guardian")
    assert entry["state"] == "accepted"
    assert served.world.platform.register.purposes == {entry["id"]: "guardian"}
    assert semblance("protect", "remove", entry["id"], "--code", entry["removal_code"])[0] == 2, "never an argument"
    monkeypatch.setenv("REMOVAL_CODE", "a guess")
    code, _, said = semblance("protect", "remove", entry["id"])
    assert (code, "not its own" in said) == (5, True)
    monkeypatch.setenv("REMOVAL_CODE", entry["removal_code"])
    assert answer("protect", "remove", entry["id"]) == {"removed": entry["id"]}
    assert served.world.platform.register.codes == {}
    code, out, _ = semblance("protect", "add", str(photo))
    assert code == 0
    assert "shown this once" in out
