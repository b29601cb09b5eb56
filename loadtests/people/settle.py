"""Everybody a run needs, before the first arrival: accounts, and people with all that pictures need."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from loadtests.journeys import PHOTOS_TO_LEARN
from loadtests.people.film import filmed
from loadtests.profile import People
from loadtests.world import Roster, Somebody
from semblance.client import Client
from semblance.client.errors import ApiError
from semblance.client.models import CaptureFrame, CaptureSession
from semblance.kernel.errors import Kind

_AT_ONCE = 4
# For each thing that is waited for. Nothing is judged yet, and a busy machine takes its time.
_PATIENCE_S = 1200.0


class NotSettled(RuntimeError):
    """The platform does not give somebody what the run needs of it."""


def settled(
    url: str, wanted: People, faces: Sequence[str], photos: Callable[[str], list[Path]], say: Callable[[str], None]
) -> Roster:
    """The roster. `faces`: as many as are ready and free together. Raises NotSettled, SemblanceError."""
    if len(faces) < wanted.ready + wanted.faces:
        raise NotSettled(f"{wanted.ready + wanted.faces} faces are needed, {len(faces)} are drawn")
    of_ready, free = list(faces[: wanted.ready]), list(faces[wanted.ready : wanted.ready + wanted.faces])
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        accounts = list(pool.map(lambda _: _join(url), range(wanted.accounts)))
    say(f"{len(accounts)} accounts")
    with ThreadPoolExecutor(max(1, min(_AT_ONCE, wanted.ready))) as pool:
        settling = [pool.submit(_ready, url, face, photos(face), say) for face in of_ready]
        found = [each.result() for each in settling]
    return Roster(
        accounts=accounts,
        ready=[who for who, _ in found],
        faces=free,
        photos={face: [str(path) for path in photos(face)] for face in faces},
        pictures=[base64.b64encode(picture).decode() for _, picture in found],
    )


def _join(url: str, face: str = "") -> Somebody:
    handle, password = f"load-{secrets.token_hex(8)}", secrets.token_urlsafe(24)
    with Client(url, retries=25) as client:
        made = client.create_account(handle, password)
        token = client.sign_in(handle, password)
    return Somebody(handle, password, made.subject_id, token.access_token, face=face)


def _ready(url: str, face: str, photos: Sequence[Path], say: Callable[[str], None]) -> tuple[Somebody, bytes]:
    """Somebody with an adapter, and a picture made with it."""
    who = _join(url, face)
    with Client(url, who.token, retries=25) as client:
        who.consent_id = _consent(client, who, face)
        sent = [client.upload_photo(who.consent_id, path).id for path in photos[:PHOTOS_TO_LEARN]]
        who.sent = len(sent)
        for photo_id in sent:
            client.wait(photo_id, timeout_s=_PATIENCE_S)
        asked = client.train_adapter(who.consent_id)
        client.wait(asked.id, timeout_s=_PATIENCE_S)
        adapter = client.adapter(asked.id)
        if adapter.state != "ready":
            raise NotSettled(f"{face}'s adapter ended as {adapter.state} {adapter.reason_code}".strip())
        who.adapter_id = adapter.id
        picture = _picture(client, who, face)
    say(f"{face} is ready")
    return who, picture


def _consent(client: Client, who: Somebody, face: str) -> str:
    """A capture is not sent again by itself when its answer is lost, so all of it is done again."""
    for tries_left in (2, 1, 0):
        try:
            return client.opt_in(who.handle, lambda session: _frames(face, session), adult=True).id
        except ApiError as e:
            if e.kind is not Kind.UNAVAILABLE or not tries_left:
                raise
    raise NotSettled(f"{face} could not opt in")


def _picture(client: Client, who: Somebody, face: str) -> bytes:
    for seed in range(3):  # the filter may refuse one
        image = client.create_image(who.adapter_id, "a photo of me", seed=seed)
        ended = client.wait(image.id, timeout_s=_PATIENCE_S)
        if ended.state == "published":
            return client.image_content(image.id).data
    raise NotSettled(f"no picture of {face} was published: {ended.state} {', '.join(ended.reason_codes)}")


def _frames(face: str, session: CaptureSession) -> list[CaptureFrame]:
    film = filmed(face, session.challenge, [(each.colour, each.for_ms) for each in session.colours])
    return [CaptureFrame(at_ms=at_ms, jpeg=jpeg) for at_ms, jpeg in film]
