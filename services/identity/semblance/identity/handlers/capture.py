"""The capture session: a challenge, then frames that must show one live person doing it."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from semblance.identity.domain.capture import check_frames
from semblance.identity.domain.challenge import TURNS, Movement, draw_challenge
from semblance.identity.domain.errors import InvalidCapture, SessionClosed, UnknownRelease, UnknownSession
from semblance.identity.domain.illumination import draw_colours
from semblance.identity.domain.liveness import Advice
from semblance.identity.domain.liveness import excursions as movements_in
from semblance.identity.domain.liveness import frontal as frontal_in
from semblance.identity.domain.matching import Embedding, but_one, farthest_like, least_alike, lowest_to_reference
from semblance.identity.domain.rules import Rules
from semblance.identity.domain.sampling import spread
from semblance.identity.domain.session import Asked, Session, SessionState
from semblance.identity.domain.verdict import judge
from semblance.identity.handlers.doubts import doubts_about, settle_doubts
from semblance.identity.handlers.standing import enter
from semblance.identity.ports import Capture, Frame, Ports, Store
from semblance.kernel.ids import ReleaseId, SessionId, SubjectId, new_id

TEMPLATE_PURPOSE = "templates"
"""What an embedding is sealed for."""

_DEVICE_MAX_CHARACTERS = 128


@dataclass(frozen=True)
class CreateSession:
    """Open a session on a release."""

    subject_id: SubjectId
    release_id: ReleaseId
    device_id: str


@dataclass(frozen=True)
class SubmitCapture:
    """One try. `repr` leaves the frames out."""

    subject_id: SubjectId
    session_id: SessionId
    nonce: str
    frames: Sequence[Frame] = field(repr=False)


@dataclass(frozen=True)
class Finding:
    """What one try showed: advice if it failed, embeddings to enrol if not. turned: of the far ends of the turns, for
    photos from the side; who is enrolled already is searched for with the frontal ones alone."""

    advice: tuple[Advice, ...] = ()
    enrol: tuple[Embedding, ...] = field(default=(), repr=False)
    turned: tuple[Embedding, ...] = field(default=(), repr=False)


def create_session(command: CreateSession, ports: Ports) -> Session:
    """A fresh challenge and nonce. Raises UnknownRelease, LockedOut, InvalidCapture (no device id)."""
    if not 1 <= len(command.device_id) <= _DEVICE_MAX_CHARACTERS:
        raise InvalidCapture(f"the device id must have 1 to {_DEVICE_MAX_CHARACTERS} characters")
    now, asked = ports.clock.now(), _ask(ports)
    session = Session(
        id=SessionId(new_id()),
        subject_id=command.subject_id,
        release_id=command.release_id,
        device_sha256=hashlib.sha256(command.device_id.encode()).hexdigest(),
        challenge=asked.challenge,
        colours=asked.colours,
        nonce=asked.nonce,
        state=SessionState.CREATED,
        tries_left=ports.rules.tries,
        created_at=now,
        expires_at=ports.rules.session_end(now),
    )
    with ports.transactions() as store:
        enter(store, command.subject_id, ports)
        release = store.releases.get(command.release_id)
        if release is None or release.subject_id != command.subject_id:
            raise UnknownRelease
        _require_not_locked_out(store, session, ports)
        store.sessions.add(session)
    return session


def get_session(subject_id: SubjectId, session_id: SessionId, ports: Ports) -> Session:
    """The session as it stands now. Raises UnknownSession."""
    with ports.reads() as store:
        return _own(store.sessions.get(session_id), subject_id).seen_at(ports.clock.now())


def submit_capture(command: SubmitCapture, ports: Ports) -> Session:
    """Spend a try and its nonce, examine the frames, enrol or advise. The frames are dropped when this returns.

    Raises InvalidCapture (no try spent), UnknownSession, SessionClosed, NonceMismatch, LockedOut, Unavailable.
    """
    check_frames([(f.at_ms, len(f.jpeg)) for f in command.frames])
    with ports.transactions() as store:
        session = _own(store.sessions.get(command.session_id, lock=True), command.subject_id)
        _require_not_locked_out(store, session, ports)
        store.sessions.save(session.begin_try(nonce=command.nonce, then=_ask(ports), now=ports.clock.now()))
    try:
        finding = examine(ports.reader.read(command.frames), session.asked, ports.rules)
        return _settle(command, finding, ports)
    except SessionClosed:
        raise
    except Exception:
        _give_try_back(command, session.asked, ports)
        raise


def _ask(ports: Ports) -> Asked:
    """A fresh nonce with what only its owner has to show: an order of movements, and colours unless switched off."""
    return Asked(
        nonce=secrets.token_urlsafe(24),
        challenge=draw_challenge(ports.below, expression=ports.rules.expression),
        colours=draw_colours(ports.below) if ports.rules.screen_light else (),
    )


def examine(capture: Capture, asked: Asked, rules: Rules) -> Finding:
    """Rules first, because they are cheap; then whether one face is seen from start to end."""
    liveness, readings = rules.capture.liveness, capture.readings
    faults = judge(readings, asked.challenge, asked.colours, rules.capture)
    if faults:
        return Finding(advice=tuple(faults))
    matching = rules.matching
    front = spread(frontal_in(readings, liveness), matching.compared_frames)
    faces = capture.embeddings(front)
    kept = but_one(faces)
    reference = [faces[i] for i in kept]
    if least_alike(reference) < matching.same_face:
        return Finding(advice=(Advice.SAME_PERSON,))
    turned: dict[Movement, Embedding] = {}
    for movement, at, seen in _moving(capture, rules):
        if lowest_to_reference(reference, [seen]) < matching.turned_same_face:
            return Finding(advice=(Advice.SAME_PERSON,))
        yaw_deg = [readings[i].yaw_deg for i in at]
        side = farthest_like(reference, seen, yaw_deg, matching.turned_same_face) if movement in TURNS else None
        if side is not None:
            turned[movement] = side
    enrol = tuple(reference[i] for i in spread(range(len(reference)), matching.templates))
    return Finding(enrol=enrol, turned=tuple(turned.values()))


def _moving(capture: Capture, rules: Rules) -> Iterator[tuple[Movement, Sequence[int], Sequence[Embedding]]]:
    """Each movement shown, some of its frames, and the faces in them."""
    for shown in movements_in(capture.readings, rules.capture.liveness):
        frames = [i for i in range(shown.first, shown.last) if capture.readings[i].faces == 1]
        chosen = spread(frames, rules.matching.compared_per_movement)
        yield shown.movement, chosen, capture.embeddings(chosen)


def _settle(command: SubmitCapture, finding: Finding, ports: Ports) -> Session:
    """Write down how the try ended; enrolments wait for each other, so that no face enrols twice at once."""
    now = ports.clock.now()
    with ports.transactions() as store:
        store.lock_subject(command.subject_id)
        session = _own(store.sessions.get(command.session_id, lock=True), command.subject_id)
        if session.state is not SessionState.IN_PROGRESS:
            raise SessionClosed(session.state.value)
        advice, review = finding.advice, False
        if not advice:
            advice, review = _compare_with_known(store, session, finding.enrol, ports)
        if not advice:
            faces = (*finding.enrol, *finding.turned)
            sealed = [ports.seals.seal(command.subject_id, TEMPLATE_PURPOSE, face.tobytes()) for face in faces]
            store.templates.replace(command.subject_id, sealed, ports.recogniser.id)
            session = session.passed()
        else:
            store.failures.add(command.subject_id, session.device_sha256, now)
            end = session.refused if review else session.missed
            session = end([a.value for a in advice], advice[0].name.lower())
        store.sessions.save(session)
        return session


def _compare_with_known(
    store: Store, session: Session, faces: Sequence[Embedding], ports: Ports
) -> tuple[tuple[Advice, ...], bool]:
    """Advice, and whether a person must look: not the face enrolled before; or one enrolled by somebody else, or on the
    protected register, unless an operator has allowed that. The advice is the same for both, and names nobody."""
    store.templates.revision(lock=True)
    scores, enrolled = ports.gallery.scores(store, session.subject_id, faces)
    if enrolled and min(s.own for s in scores) < ports.rules.matching.match:
        return (Advice.NOT_YOU,), False
    doubts = doubts_about(store, session.subject_id, faces, scores, ports)
    if doubts and not settle_doubts(store, session, doubts, ports):
        return (Advice.REVIEW,), True
    return (), False


def _give_try_back(command: SubmitCapture, asked: Asked, ports: Ports) -> None:
    with ports.transactions() as store:
        session = store.sessions.get(command.session_id, lock=True)
        if session is not None and session.state is SessionState.IN_PROGRESS:
            store.sessions.save(session.give_try_back(asked))


def _require_not_locked_out(store: Store, session: Session, ports: Ports) -> None:
    now, rule = ports.clock.now(), ports.rules.lock_out
    since = rule.memory_start(now)
    rule.require_open(store.failures.of_subject(session.subject_id, since), now)
    rule.require_open(store.failures.of_device(session.device_sha256, since), now)


def _own(session: Session | None, subject_id: SubjectId) -> Session:
    if session is None or session.subject_id != subject_id:
        raise UnknownSession
    return session
