"""What people do, each a small function on the public HTTP API and on nothing else."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from loadtests import ledger, tokens
from loadtests.calling import Caller, Unexpected
from loadtests.doors import form, multipart
from loadtests.world import Somebody, World
from semblance.kernel.ids import new_id

PHOTO_S, ADAPTER_S, IMAGE_S, ERASURE_S = 120.0, 400.0, 300.0, 120.0
PURPOSES = ("photos", "train", "generate")
PROMPTS = ("a photo of me", "a photo of me, smiling, outdoors", "a photo of me, in a forest", "a photo of me at night")
PHOTOS_TO_LEARN = 6


class Wrong(Exception):
    """The platform answered, and the answer is not true."""


@dataclass(frozen=True)
class Step:
    """What a journey has at hand."""

    caller: Caller
    world: World

    def anybody(self) -> Somebody:
        """An account whose token lasts for a journey. Raises Starved."""
        return self._lasting(self.world.anybody())

    def somebody_ready(self) -> Somebody:
        """The same with an adapter. Raises Starved."""
        return self._lasting(self.world.somebody_ready())

    def _lasting(self, who: Somebody) -> Somebody:
        if self.caller.clock() >= tokens.renew_at(who.token, who.handle):
            _sign_in(self, who)
        return who

    def get(self, route: str, who: Somebody, **request: Any) -> Any:
        """A GET by somebody."""
        return self.caller.call("GET", route, token=who.token, **request).json()


def browse(step: Step) -> None:
    """Look at everything one has, and at the latest picture."""
    who = step.anybody()
    for route in ("/v1/me", "/v1/consents", "/v1/photos", "/v1/adapters", "/v1/jobs"):
        step.get(route, who)
    images = step.get("/v1/images", who, query="?limit=20")["items"]
    published = [image["id"] for image in images if image["state"] == "published"]
    if published:
        _content(step, who, step.world.dice.choice(published))


def upload(step: Step) -> None:
    """Send a photo and wait for its verdict."""
    who = step.somebody_ready()
    photo_id = _send_photo(step, who)
    step.caller.ended(photo_id, who.token, within_s=PHOTO_S)
    step.caller.mark("photo looked at")


def train(step: Step) -> None:
    """Learn an adapter and wait for it."""
    who = step.somebody_ready()
    body = {"consent_id": who.consent_id, "name": f"load-{secrets.token_hex(4)}"}
    job = step.caller.promise("adapter", "/v1/adapters", who.subject_id, who.consent_id, who.token, json_body=body)
    _must(step.caller.ended(job["id"], who.token, within_s=ADAPTER_S) == "ready", "the adapter did not become ready")
    step.caller.mark("adapter ready")


def generate(step: Step) -> None:
    """Ask for a picture, watch it being made, fetch it."""
    who = step.somebody_ready()
    image_id = _ask_picture(step, who)
    state = step.caller.ended(
        image_id, who.token, within_s=IMAGE_S, marks={"progress": "first progress", "published": "picture"}
    )
    # The filter's no is an answer; how many may be refused is an objective (`pictures_published_share`).
    _must(state in {"published", "blocked"}, f"the picture ended as {state or 'nothing'}")
    if state == "published":
        step.world.pictures.append(_content(step, who, image_id))
        del step.world.pictures[:-50]


def verify(step: Step) -> None:
    """Ask what a picture is, without an account."""
    body = multipart({}, [("image", "image/png", step.world.picture())])
    found = step.caller.call("POST", "/v1/verify", body=body).json()
    _must(found["made_here"], "a picture made here is not known here")


def opt_in(step: Step) -> None:
    """Join, read, sign, be filmed, consent; then be forgotten, so that the face is free again."""
    who = _join(step)
    try:
        _consent(step, who)
        step.caller.mark("opted in")
    finally:
        _erase(step, who)


def take_back(step: Step) -> None:
    """Opt in, have pictures made, and withdraw while they are: nothing may come out any more. Then be forgotten."""
    who = _join(step)
    try:
        _consent(step, who)
        photos = [_send_photo(step, who) for _ in range(PHOTOS_TO_LEARN)]
        for photo_id in photos:
            step.caller.ended(photo_id, who.token, within_s=PHOTO_S)
        body = {"consent_id": who.consent_id, "name": "taken back"}
        job = step.caller.promise("adapter", "/v1/adapters", who.subject_id, who.consent_id, who.token, json_body=body)
        _must(step.caller.ended(job["id"], who.token, within_s=ADAPTER_S) == "ready", "no adapter to take back")
        who.adapter_id = job["id"]
        images = [_ask_picture(step, who) for _ in range(3)]
        _revoke(step, who)
        for image_id in images:
            step.caller.ended(image_id, who.token, within_s=IMAGE_S)
    finally:
        _erase(step, who)


JOURNEYS: Mapping[str, Callable[[Step], None]] = {
    "browse": browse,
    "upload": upload,
    "train": train,
    "generate": generate,
    "verify": verify,
    "opt_in": opt_in,
    "take_back": take_back,
}


def _join(step: Step) -> Somebody:
    """An account of somebody whose face is free; whoever keeps books of them is told before it is there, and after."""
    who = Somebody(f"load-{secrets.token_hex(8)}", secrets.token_urlsafe(24), "", "", face=step.world.free_face())
    step.world.joined(who)
    account = {"handle": who.handle, "password": who.password}
    try:
        made = step.caller.call("POST", "/v1/accounts", json_body=account, key=new_id(), expect=(201,)).json()
        who.subject_id = made["subject_id"]
        _sign_in(step, who)
    except Unexpected:
        step.world.give_back(who.face)  # nobody has enrolled it
        raise
    step.world.joined(who)
    return who


def _sign_in(step: Step, who: Somebody) -> None:
    body = form({"grant_type": "password", "username": who.handle, "password": who.password})
    who.token = step.caller.call("POST", "/v1/token", body=body).json()["access_token"]


def _consent(step: Step, who: Somebody) -> None:
    """Notice, release, capture before a coloured screen, consent. Raises Wrong when no capture convinced."""
    caller = step.caller
    notice = step.get("/v1/notice", who)
    signed = {"notice_sha256": notice["sha256"], "signed_name": who.handle, "adult": True, "purposes": PURPOSES}
    release = caller.call("POST", "/v1/releases", token=who.token, json_body=signed, key=new_id(), expect=(201,)).json()
    asked = {"release_id": release["id"], "device_id": new_id()}
    session = caller.call(
        "POST", "/v1/capture-sessions", token=who.token, json_body=asked, key=new_id(), expect=(201,)
    ).json()
    while session["state"] in {"created", "in_progress"} and session["tries_left"] > 0:
        colours = [(each["colour"], each["for_ms"]) for each in session["colours"]]
        film = step.world.film(who.face, session["challenge"], colours)
        fields = {"nonce": session["nonce"], "times_ms": json.dumps([at_ms for at_ms, _ in film])}
        body = multipart(fields, [("frames", "image/jpeg", jpeg) for _, jpeg in film])
        route, ids = "/v1/capture-sessions/{session_id}/capture", {"session_id": session["id"]}
        session = caller.call("POST", route, ids=ids, token=who.token, body=body, repeat=False, timeout_s=120).json()
    _must(session["state"] == "succeeded", f"the capture ended as {session['state']}: {'; '.join(session['advice'])}")
    wish = {"session_id": session["id"], "purposes": PURPOSES, "days": 30}
    made = caller.call("POST", "/v1/consents", token=who.token, json_body=wish, key=new_id(), expect=(201,)).json()
    who.consent_id = made["id"]


def _send_photo(step: Step, who: Somebody) -> str:
    body = multipart({"consent_id": who.consent_id}, [("photo", "image/jpeg", step.world.next_photo(who))])
    job = step.caller.promise("photo", "/v1/photos", who.subject_id, who.consent_id, who.token, body=body)
    return str(job["id"])


def _ask_picture(step: Step, who: Somebody) -> str:
    dice = step.world.dice
    body = {"adapter_id": who.adapter_id, "prompt": dice.choice(PROMPTS), "seed": dice.randrange(2**31)}
    job = step.caller.promise("image", "/v1/images", who.subject_id, who.consent_id, who.token, json_body=body)
    return str(job["id"])


def _content(step: Step, who: Somebody, image_id: str) -> bytes:
    """The signed bytes, as they were signed, of somebody who stays: a published picture is there. Raises Wrong."""
    route = "/v1/images/{image_id}/content"
    answer = step.caller.call("GET", route, ids={"image_id": image_id}, token=who.token)
    _must(hashlib.sha256(answer.body).hexdigest() == answer.headers.get("etag", "").strip('"'), "damaged picture")
    return answer.body


def _revoke(step: Step, who: Somebody) -> None:
    about = {"kind": "consent", "subject_id": who.subject_id, "consent_id": who.consent_id}
    step.caller.book.write(ledger.REVOKING, **about)
    began_s = step.caller.now()
    route, ids = "/v1/consents/{consent_id}/revoke", {"consent_id": who.consent_id}
    found = step.caller.call("POST", route, ids=ids, token=who.token).json()
    step.caller.book.write(ledger.REVOKED, **about)
    step.caller.marks["withdrawal acknowledged"] = round(step.caller.now() - began_s, 6)
    _must(found["state"] == "withdrawn", f"a consent that was taken back is {found['state']}")


def _erase(step: Step, who: Somebody) -> None:
    """Wait until everything of them is gone; their face is free again."""
    caller, about = step.caller, {"kind": "account", "subject_id": who.subject_id}
    end_s = caller.now() + ERASURE_S
    caller.book.write(ledger.ERASING, **about)
    found = _asked_to_erase(step, who, end_s)
    caller.book.write(ledger.ERASED, **about)
    while found["state"] != "completed":
        _must(caller.now() < end_s, f"not erased after {ERASURE_S:g} s: {', '.join(found['waiting_for'])}")
        caller.sleep(0.5)
        route, ids = "/v1/erasures/{erasure_id}", {"erasure_id": found["id"]}
        found = caller.call("GET", route, ids=ids, token=who.token).json()
    step.world.give_back(who.face)


def _asked_to_erase(step: Step, who: Somebody, end_s: float) -> dict[str, Any]:
    """A door whose clock is wrong takes nobody's token: who wants to be forgotten asks again until `end_s`."""
    again = {"password": who.password}
    while True:
        try:
            return dict(
                step.caller.call("POST", "/v1/erasures", token=who.token, json_body=again, expect=(202,)).json()
            )
        except Unexpected as e:
            if e.status != 401 or step.caller.now() > end_s:
                raise
            step.caller.sleep(1.0)


def _must(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Wrong(otherwise)
