"""The trainer that learns in a Ray cluster. Photos, states and adapters leave this process as ciphertext only.

One actor for this process, made when somebody trains and ended soon after the last has: those who train at once learn
together in it. Sealing for the person, the store and the consent stay here.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import ray
from ray.exceptions import GetTimeoutError, RayActorError

from semblance.diffusion.errors import BackboneUnusable, LicenceRefused
from semblance.kernel.ids import new_id
from semblance.service_kit.cluster import connection, sealing
from semblance.service_kit.cluster.answers import Refused, Stream
from semblance.training.domain.errors import TrainerAway, UnreadablePhoto
from semblance.training.ml import parcels
from semblance.training.ml.parcels import Answer, Done, Job, Kept, Tick
from semblance.training.ml.seat import Seat
from semblance.training.ml.starting import TrainerOptions
from semblance.training.ports import Checkpoint, OnStep, Photo, Trained

_log = logging.getLogger(__name__)
_LOOK_S: Final = 0.25
_END_S: Final = 5.0
_GONE_S: Final = 30.0
_UNREACHED: Final = "the cluster of trainers does not answer"
_REMEDY: Final = "Look whether its head runs and is where TRAINING_RAY_ADDRESS says; what waits is asked again."
_UNLOADED: Final = frozenset({BackboneUnusable.code, LicenceRefused.code})
PLACE: Final = "trainer"
"""What a node of the cluster offers that may learn, one for each cohort."""
_Heard = tuple[Answer, list[Any]]


@dataclass(frozen=True)
class ClusterSettings:
    """address: of the cluster's head; None is what Ray finds in RAY_ADDRESS. silence_s: how long a training may say
    nothing. leave_s: how long one that is stopped may take to its next step. idle_s: how long an empty seat stays.
    join_s: how long the head may take to be reached."""

    address: str | None
    gpus: float
    silence_s: float
    leave_s: float
    idle_s: float
    join_s: float = 5.0


@dataclass(eq=False)
class _Taken:
    """The actor, and how many train in it."""

    actor: Any
    users: int = 0
    ends: threading.Timer | None = None


class RayTrainer:
    """Connects when it is first needed. For several threads."""

    def __init__(self, options: TrainerOptions, cluster: ClusterSettings) -> None:
        self._options = options
        self._cluster = cluster
        self._changing = threading.Lock()
        self._seat: _Taken | None = None
        self._membership = connection.Membership(cluster.address, cluster.join_s)
        self._closed = threading.Event()
        self._loads = True

    def train(self, photos: Sequence[Photo], held_out: int, on_step: OnStep, checkpoint: Checkpoint) -> Trained:
        """See ports.Trainer. No free place: it waits, and on_step is asked meanwhile. Raises TrainerAway."""
        job = Job(new_id(), held_out, sealing.new_key())
        sealed = parcels.seal_photos(job, photos, checkpoint.load())
        with self._seated() as seat:
            stream: Stream[_Heard] = Stream(
                lambda: _Calls(seat.actor.train.remote(job, [ray.put(sealed)])), TrainerAway
            )
            try:
                return self._follow(job, stream, on_step, checkpoint)
            except _Last as last:
                raise last.error from None
            except BaseException:
                self._let_go(seat, job)
                raise
            finally:
                stream.end(_END_S)

    def close(self) -> None:
        """What trains here stops, and goes on elsewhere from its last state; the cluster goes on."""
        self._closed.set()
        with self._changing:
            seat, self._seat = self._seat, None
            if seat is not None:
                _end(seat)
        self._membership.leave()

    def healthy(self) -> None:
        """Raises TrainerAway when the cluster was asked for a place last and still cannot be reached, and while the
        backbone did not load there when it was last tried."""
        try:
            self._membership.require()
        except connection.CANNOT_JOIN as error:
            raise TrainerAway(_UNREACHED, remedy=_REMEDY) from error
        if not self._loads:
            raise TrainerAway("the backbone did not load in the cluster when it was last tried")

    def _follow(self, job: Job, stream: Stream[_Heard], on_step: OnStep, checkpoint: Checkpoint) -> Trained:
        last = Tick("preparing", 0, 1)
        heard_s = time.monotonic()
        while True:
            if self._closed.is_set():
                raise TrainerAway("the trainer is closed")
            said = stream.next(_LOOK_S)
            if said is None:
                # Nothing is heard while it waits for a place either.
                if stream.begun and time.monotonic() - heard_s > self._cluster.silence_s:
                    raise TrainerAway("the trainer fell silent", away=False)
                on_step(last.phase, last.step, last.steps)
                continue
            heard_s = time.monotonic()
            answer, parcel = said
            if isinstance(answer, Tick):
                last = answer
                on_step(last.phase, last.step, last.steps)
            elif isinstance(answer, Kept):
                checkpoint.save(parcels.open_state(job, self._fetched(parcel)))
            elif isinstance(answer, Refused):
                self._loads = answer.code not in _UNLOADED
                raise _Last(answer.error(TrainerAway, {UnreadablePhoto.code: UnreadablePhoto}))
            else:
                assert isinstance(answer, Done)
                self._loads = True
                return parcels.open_trained(job, self._fetched(parcel))

    def _fetched(self, parcel: list[Any]) -> bytes:
        try:
            data: bytes = ray.get(parcel[0], timeout=self._cluster.silence_s)
        except connection.LOST as error:
            raise TrainerAway("the trainer was lost with what it sent", away=False) from error
        return data

    @contextlib.contextmanager
    def _seated(self) -> Iterator[_Taken]:
        self._join()  # without the lock: who leaves does not wait for a head that is away
        with self._changing:
            seat = self._seat = self._seat or self._placed()
            seat.users += 1
            if seat.ends is not None:
                seat.ends.cancel()
        try:
            yield seat
        finally:
            with self._changing:
                seat.users -= 1
                if seat.users == 0 and seat is self._seat:
                    seat.ends = threading.Timer(self._cluster.idle_s, self._end_idle, (seat,))
                    seat.ends.daemon = True
                    seat.ends.start()

    def _join(self) -> None:
        if self._closed.is_set():
            raise TrainerAway("the trainer is closed")
        try:
            self._membership.enter()
        except connection.CANNOT_JOIN as error:
            _log.warning("the cluster was not joined", extra={"reason": type(error).__name__})
            raise TrainerAway(_UNREACHED, remedy=_REMEDY) from error

    def _placed(self) -> _Taken:
        if self._closed.is_set():
            raise TrainerAway("the trainer is closed")
        try:
            # A lost one is not started again by Ray: what it learnt goes on by the queue, which asks for the consent.
            made = ray.remote(Seat).options(
                num_cpus=0, num_gpus=self._cluster.gpus, resources={PLACE: 1}, max_restarts=0, max_task_retries=0
            )
            return _Taken(made.remote(self._options))
        except connection.CANNOT_JOIN as error:
            raise TrainerAway(_UNREACHED) from error

    def _let_go(self, seat: _Taken, job: Job) -> None:
        """Nothing of this training is in the cluster's memory once this returns: the process has ended where nobody
        else learns in it, else the thread has let go. A process that does not answer is ended, whoever learns there:
        they go on from their last states."""
        with self._changing:
            alone = seat.users == 1
            if alone and self._seat is seat:
                self._seat = None  # nobody else may sit down meanwhile
        if not alone:
            try:
                ray.get(seat.actor.leave.remote(job.id), timeout=self._cluster.leave_s)
                return
            except (*connection.LOST, RuntimeError) as error:
                _log.warning("a trainer is ended", extra={"reason": type(error).__name__})
        with self._changing:
            if self._seat is seat:
                self._seat = None
        _end(seat)

    def _end_idle(self, seat: _Taken) -> None:
        with self._changing:
            if seat.users or self._seat is not seat:
                return
            self._seat = None
        _end(seat)


class _Last(Exception):
    """The trainer's own last word: its thread has ended, and there is nothing to let go of."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class _Calls:
    """Ray's stream of references as a stream of what they refer to."""

    def __init__(self, references: Any) -> None:
        self._references = references

    def __iter__(self) -> Iterator[_Heard]:
        for reference in self._references:
            yield ray.get(reference)

    def cancel(self) -> None:
        """The trainer is told by `leave`; the call itself ends with its thread."""


def _end(seat: _Taken) -> None:
    """The process has ended once this returns, unless the cluster itself is away: then Ray ends it with this driver."""
    with contextlib.suppress(*connection.LOST, RuntimeError):
        ray.kill(seat.actor, no_restart=True)
        until_s = time.monotonic() + _GONE_S
        while time.monotonic() < until_s:
            try:
                ray.get(seat.actor.pid.remote(), timeout=1.0)
            except RayActorError:
                return
            except GetTimeoutError:
                continue
        _log.warning("a trainer was told to end and has not said that it did")
