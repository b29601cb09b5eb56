"""Steps 1 and 2: a consent given before a camera, and photos sorted under it."""

from __future__ import annotations

from dataclasses import dataclass

from semblance.client import Client
from semblance.client.errors import ApiError
from semblance.client.models import Consent
from semblance.local.demo.contact_sheet import Tile
from semblance.local.demo.narrator import Advance, Stage, Step, require
from semblance.local.demo.subject import DemoPhoto, DemoSubject

_WAIT_S = 120.0


def opt_in(stage: Stage, subject: DemoSubject, step: Step) -> Consent:
    """Notice, written release, a capture that must fail, a capture that succeeds, a consent.

    Raises StepFailed, ApiError.
    """
    client, report = stage.client, stage.report
    try:
        client.train_adapter("00000000-0000-7000-8000-000000000000")
        require(False, "an adapter was accepted before anybody had consented")
    except ApiError as refused:
        require(refused.status in {403, 404}, f"asked before consent: {refused.status} {refused.code}")
        report["before_consent"] = refused.code
    notice = client.notice()
    release = client.sign_release(notice.sha256, subject.name, adult=True)
    session = client.create_capture_session(release.id)
    asked = list(session.challenge)
    swapped = subject.impostor(session)
    if swapped is not None:
        session = client.submit_capture(session, swapped)
        require(session.state != "succeeded", "a capture in which another person takes over was accepted")
        stage.narrator.say(f"a capture that swaps the person was turned down: {'; '.join(session.advice)}")
        report["swapped_capture"] = {"state": session.state, "advice": session.advice}
    while session.state in {"created", "in_progress"} and session.tries_left > 0:
        session = client.submit_capture(session, subject.film(session))
        if session.advice and session.state != "succeeded":
            stage.narrator.say("; ".join(session.advice))
    require(session.state == "succeeded", f"the capture session ended {session.state}: {'; '.join(session.advice)}")
    consent = client.grant_consent(session.id)
    require(consent.state == "active", f"the consent is {consent.state}")
    report["opt_in"] = {"notice": notice.version, "challenge": asked, "consent_revision": consent.revision}
    step.detail = f"notice {notice.version} read, release signed, {' + '.join(asked)} captured, consent active"
    return consent


@dataclass(frozen=True)
class Uploaded:
    """A photo and what became of it; `photo_id` is "" for files that were refused at the door."""

    photo: DemoPhoto
    photo_id: str
    state: str
    verdict: str

    @property
    def tile(self) -> Tile:
        """For the contact sheet."""
        used = self.state == "accepted"
        readable = bool(self.photo_id) or self.photo.expected == "used"
        return Tile(self.photo.data if readable else None, f"{self.photo.name}: {'used' if used else 'refused'}", used)


def upload(client: Client, consent: Consent, photos: list[DemoPhoto], advance: Advance) -> list[Uploaded]:
    """Send every photo and wait for every verdict."""
    sent: list[tuple[DemoPhoto, str, str]] = []
    for number, photo in enumerate(photos):
        advance(number, 2 * len(photos), f"uploading {photo.name}")
        try:
            sent.append((photo, client.upload_photo(consent.id, photo.data).id, ""))
        except ApiError as refused:
            sent.append((photo, "", f"{refused.detail} {refused.remedy}".strip()))
    done: list[Uploaded] = []
    for number, (photo, photo_id, refusal) in enumerate(sent):
        advance(len(photos) + number, 2 * len(photos), f"looking at {photo.name}")
        if photo_id:
            client.wait(photo_id, timeout_s=_WAIT_S)
            seen = client.photo(photo_id)
            done.append(Uploaded(photo, photo_id, seen.state, seen.verdict))
        else:
            done.append(Uploaded(photo, "", "refused", refusal))
    return done


def sort_photos(stage: Stage, done: list[Uploaded], step: Step) -> None:
    """Every verdict as expected, and the person's own group among the people found."""
    report = stage.report
    report["photos"] = [{"file": u.photo.name, "state": u.state, "verdict": u.verdict} for u in done]
    for u in done:
        found = "used" if u.state == "accepted" else "refused"
        require(u.photo.expected in {"", found}, f"{u.photo.name} was {found}: {u.verdict}")
    people = list(stage.client.people())
    own = [person for person in people if person.own]
    require(len(own) == 1, f"{len(own)} groups are taken for the person's own")
    used = sum(u.state == "accepted" for u in done)
    require(len(own[0].photo_ids) >= used, f"the own group holds {len(own[0].photo_ids)} of {used} photos")
    report["people"] = {"groups": len(people), "own_faces": len(own[0].face_ids)}
    step.detail = f"{used} used, {len(done) - used} refused; {len(people)} people found, own group of {used} recognised"
