"""Everybody a run needs, before the first arrival: accounts, and people with all that pictures need."""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from loadtests.journeys import PHOTOS_TO_LEARN
from loadtests.people.book import Closed
from loadtests.people.film import filmed
from loadtests.people.pool import pool
from loadtests.profile import People
from loadtests.world import Roster, Somebody
from semblance.client import Client
from semblance.client.errors import ApiError
from semblance.client.models import CaptureFrame, CaptureSession
from semblance.kernel.errors import Kind

_AT_ONCE = 4
# For everybody together. Nothing is judged yet, and a busy machine takes its time.
WITHIN_S = 2400.0


class NotSettled(RuntimeError):
    """The platform does not give somebody what the run needs of it."""


def settled(
    url: str,
    wanted: People,
    faces: Sequence[str],
    photos: Callable[[str], list[Path]],
    say: Callable[[str], None],
    *,
    joined: Callable[[Somebody], None] = lambda _: None,
) -> Roster:
    """The roster. `faces`: as many as are ready and free together. `joined` is told everybody twice: before their
    account is made and once it is there. Raises NotSettled, SemblanceError; then people may be left at work, and end
    when they are erased."""
    if len(faces) < wanted.ready + wanted.faces:
        raise NotSettled(f"{wanted.ready + wanted.faces} faces are needed, {len(faces)} are drawn")
    of_ready, free = list(faces[: wanted.ready]), list(faces[wanted.ready : wanted.ready + wanted.faces])
    settling = _Settling(url, say, joined)
    with pool(_AT_ONCE) as threads:
        accounts = list(threads.map(lambda _: settling.join(), range(wanted.accounts)))
    say(f"{len(accounts)} accounts")
    with pool(max(1, min(_AT_ONCE, wanted.ready))) as threads:
        begun = [threads.submit(settling.ready, face, photos(face)) for face in of_ready]
        found = [each.result() for each in begun]
    return Roster(
        accounts=accounts,
        ready=[who for who, _ in found],
        faces=free,
        photos={face: [str(path) for path in photos(face)] for face in faces},
        pictures=[base64.b64encode(picture).decode() for _, picture in found],
    )


@dataclass(frozen=True)
class _Settling:
    """One run's. `end_s`: on the monotonic clock."""

    url: str
    say: Callable[[str], None]
    joined: Callable[[Somebody], None]
    end_s: float = field(default_factory=lambda: time.monotonic() + WITHIN_S)

    def join(self, face: str = "") -> Somebody:
        """An account with a token."""
        self._left_s()
        who = Somebody(f"load-{secrets.token_hex(8)}", secrets.token_urlsafe(24), "", "", face=face)
        self.joined(who)
        with Client(self.url, retries=25) as client:
            who.subject_id = client.create_account(who.handle, who.password).subject_id
            who.token = client.sign_in(who.handle, who.password).access_token
            try:
                self.joined(who)
            except Closed:  # everybody was erased while this account was being made
                client.erase(who.password)
                raise
        return who

    def ready(self, face: str, photos: Sequence[Path]) -> tuple[Somebody, bytes]:
        """Somebody with an adapter, and a picture made with it."""
        who = self.join(face)
        with Client(self.url, who.token, retries=25) as client:
            who.consent_id = _consent(client, who)
            sent = [client.upload_photo(who.consent_id, path).id for path in photos[:PHOTOS_TO_LEARN]]
            who.sent = len(sent)
            for photo_id in sent:
                client.wait(photo_id, timeout_s=self._left_s())
            asked = client.train_adapter(who.consent_id)
            client.wait(asked.id, timeout_s=self._left_s())
            adapter = client.adapter(asked.id)
            if adapter.state != "ready":
                raise NotSettled(f"{face}'s adapter ended as {adapter.state} {adapter.reason_code}".strip())
            who.adapter_id = adapter.id
            picture = self._picture(client, who)
        self.say(f"{face} is ready")
        return who, picture

    def _picture(self, client: Client, who: Somebody) -> bytes:
        for seed in range(3):  # the filter may refuse one
            image = client.create_image(who.adapter_id, "a photo of me", seed=seed)
            ended = client.wait(image.id, timeout_s=self._left_s())
            if ended.state == "published":
                return client.image_content(image.id).data
        raise NotSettled(f"no picture of {who.face} was published: {ended.state} {', '.join(ended.reason_codes)}")

    def _left_s(self) -> float:
        """Raises NotSettled when there is no time left."""
        left_s = self.end_s - time.monotonic()
        if left_s <= 0:
            raise NotSettled(f"people are not settled after {WITHIN_S:g} s: take fewer, or a wider gateway")
        return left_s


def _consent(client: Client, who: Somebody) -> str:
    """A capture is not sent again by itself when its answer is lost, so all of it is done again."""
    seen: list[CaptureSession] = []

    def filming(session: CaptureSession) -> list[CaptureFrame]:
        seen.append(session)
        return _frames(who.face, session)

    for tries_left in (2, 1, 0):
        try:
            return client.opt_in(who.handle, filming, adult=True).id
        except ApiError as e:
            if e.kind is Kind.CONFLICT and seen:
                raise _not_taken(client, who.face, seen[-1]) from e
            if e.kind is not Kind.UNAVAILABLE or not tries_left:
                raise
    raise NotSettled(f"{who.face} could not opt in")


def _not_taken(client: Client, face: str, session: CaptureSession) -> NotSettled:
    """Why a capture was not enough. A face that another account holds is nothing that the platform tells."""
    advice = " ".join(client.capture_session(session.id).advice)
    return NotSettled(
        f"{face} could not opt in: {advice or 'the capture was not enough.'} If another account has that face, such as "
        "one of an earlier load test, have it erased: `python -m loadtests.people --erase FOLDER`, that run's or of all"
    )


def _frames(face: str, session: CaptureSession) -> list[CaptureFrame]:
    film = filmed(face, session.challenge, [(each.colour, each.for_ms) for each in session.colours])
    return [CaptureFrame(at_ms=at_ms, jpeg=jpeg) for at_ms, jpeg in film]
