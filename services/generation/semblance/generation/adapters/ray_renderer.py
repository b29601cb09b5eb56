"""The renderer whose engines stand in a Ray cluster. Adapters and pictures leave this process as ciphertext only."""

from __future__ import annotations

import logging
import threading
import time
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import ray
from ray import serve
from ray.serve.exceptions import RayServeException

from semblance.generation.domain.edit import Beginning
from semblance.generation.domain.errors import AdapterRevoked, EngineAway
from semblance.generation.domain.order import Order, Words
from semblance.generation.domain.suspects import Suspects
from semblance.generation.domain.withdrawn import Withdrawal, Withdrawn
from semblance.generation.ml import parcels
from semblance.generation.ml.parcels import Answer, Ask, Defect, Drawn, EngineDefect, Full, Lacks, Tick
from semblance.generation.ports import Beside, Drawing, EngineLoad, OnStep, OpenAdapter
from semblance.kernel.errors import Unavailable
from semblance.service_kit.cluster import connection, sealing
from semblance.service_kit.cluster.answers import Refused, Stream

_log = logging.getLogger(__name__)
_LOOK_S: Final = 0.05
_ASK_AGAIN_S: Final = 0.5
_END_S: Final = 5.0
_UNREACHED: Final = "the cluster of engines does not answer"
_REMEDY: Final = "Look whether its head runs and is where GENERATION_RAY_ADDRESS says; what waits is asked again."
_APP: Final = "semblance"
_ENGINE: Final = "Engine"
_LOST: Final = (*connection.LOST, RayServeException)
_Heard = tuple[Answer, list[Any]]


@dataclass(frozen=True)
class ClusterSettings:
    """address: of the cluster's head; None is what Ray finds in RAY_ADDRESS. silence_s: how long an engine that draws
    may say nothing. tell_s: how long a withdrawal waits for every engine's answer. join_s: how long the head may take
    to be reached."""

    address: str | None
    silence_s: float
    tell_s: float
    join_s: float = 5.0


class RayRenderer:
    """Connects when it is first needed. For several threads."""

    def __init__(self, settings: ClusterSettings) -> None:
        self._settings = settings
        self._withdrawn = Withdrawn()
        self._suspects = Suspects()
        self._membership = connection.Membership(settings.address, settings.join_s)
        self._streams: weakref.WeakSet[Stream[_Heard]] = weakref.WeakSet()
        self._handling = threading.Lock()
        self._handles: dict[str, Any] = {}
        self._connected = False
        self._closed = False

    def start(self) -> None:
        """Connect now. Raises EngineAway."""
        self._connect()

    def draw(
        self,
        words: Words,
        order: Order,
        adapter: OpenAdapter,
        on_step: OnStep,
        begin: Beginning | None = None,
        *,
        beside: Sequence[Beside] = (),
    ) -> Drawing:
        """As the port says. Adapters are sent only to an engine that says it lacks one."""
        changes, others = begin.changes if begin else None, tuple((each.adapter.whose, each.area) for each in beside)
        which = order, (adapter.whose, *(whose for whose, _ in others))
        alone = which in self._suspects
        ask = Ask(adapter.whose, adapter.backbone_digest, words, order, sealing.new_key(), changes, others, alone)
        try:
            drawing = self._drawn(ask, [adapter, *(each.adapter for each in beside)], on_step, begin)
        except EngineAway as error:
            if not error.away:  # it was begun: it may be why
                self._suspects.add(which)
            raise
        self._suspects.clear(which)
        return drawing

    def _drawn(self, ask: Ask, adapters: Sequence[OpenAdapter], on_step: OnStep, begin: Beginning | None) -> Drawing:
        sealed = parcels.seal_source(ask.key, begin) if begin else None
        sent = whole = False
        while True:
            answer, parcel = self._follow(ask, sealed, on_step)
            if isinstance(answer, Drawn):
                return self._opened(ask, answer, parcel)
            if isinstance(answer, Lacks):
                if sent and (whole or not answer.whole):
                    raise EngineAway("the engine lost an adapter that it was just sent", away=False)
                sent, whole = True, answer.whole
                sealed = parcels.seal_adapters(ask.key, adapters, whole=whole, begin=begin)
            elif isinstance(answer, Full):
                self._wait(ask, on_step)
            elif isinstance(answer, Defect):
                raise EngineDefect(answer)
            else:
                assert isinstance(answer, Refused)
                raise answer.error(EngineAway, {AdapterRevoked.code: AdapterRevoked})

    def revoke(self, withdrawal: Withdrawal, *, confirmed: bool = False) -> None:
        """Drawings here stop looking at once; every engine is told, without waiting unless `confirmed`."""
        self._withdrawn.add(withdrawal)
        if confirmed:
            self._connect()
            self._tell(withdrawal)
        elif self._connected:
            threading.Thread(target=self._tell_quietly, args=(withdrawal,), name="withdrawal", daemon=True).start()

    def healthy(self) -> None:
        """Raises EngineAway. Nothing is asked before something was drawn: who never draws needs no engine."""
        if self._connected:
            self._running()
            return
        try:
            self._membership.require()
        except connection.CANNOT_JOIN as error:
            raise EngineAway(_UNREACHED, remedy=_REMEDY) from error

    def load(self) -> EngineLoad:
        """Of all engines that answer within a second."""
        if not self._connected:
            return EngineLoad()
        try:
            found = self._engines().broadcast("load").results(timeout_s=1.0, return_exceptions=True)
        except (*_LOST, EngineAway):
            return EngineLoad()
        return EngineLoad.of(one for one in found if isinstance(one, EngineLoad))

    def close(self) -> None:
        """Let go of the cluster, which goes on."""
        self._closed = True
        for stream in list(self._streams):
            stream.end(_END_S)
        self._connected = False
        with self._handling:
            # Else their threads go on asking the cluster that is gone, and say so to whoever still listens.
            for handle in self._handles.values():
                handle.shutdown()
            self._handles.clear()
        self._membership.leave()

    def _follow(self, ask: Ask, sealed: bytes | None, on_step: OnStep) -> tuple[Answer, list[Any]]:
        """Ask once and listen; the last answer."""
        self._require_usable(ask)
        self._connect()
        stream: Stream[_Heard] = Stream(lambda: self._asked(ask, sealed), EngineAway, _begins)
        self._streams.add(stream)
        heard_s = time.monotonic()
        steps = 0
        try:
            while True:
                self._require_usable(ask)
                said = stream.next(_LOOK_S)
                if said is None:
                    if time.monotonic() - heard_s > self._settings.silence_s:
                        if stream.begun:
                            raise EngineAway("the engine fell silent", away=False)
                        # Nothing is heard of one that waits for a free engine either, as long as there are engines.
                        self._running()
                        heard_s = time.monotonic()
                    on_step(0, steps)
                    continue
                heard_s = time.monotonic()
                answer, parcel = said
                if not isinstance(answer, Tick):
                    return answer, parcel
                steps = answer.steps
                on_step(answer.step, answer.steps)
        finally:
            stream.close()

    def _asked(self, ask: Ask, sealed: bytes | None) -> Any:
        parcel = [] if sealed is None else [ray.put(sealed)]
        return self._handle("draw").draw.remote(ask, parcel)

    def _opened(self, ask: Ask, drawn: Drawn, parcel: list[Any]) -> Drawing:
        try:
            sealed = ray.get(parcel[0], timeout=self._settings.silence_s)
        except _LOST as error:
            raise EngineAway("the engine was lost with the picture", away=False) from error
        self._require_usable(ask)
        return parcels.open_picture(ask.key, drawn, sealed)

    def _wait(self, ask: Ask, on_step: OnStep) -> None:
        """Every engine has enough to do: ask again a little later."""
        until_s = time.monotonic() + _ASK_AGAIN_S
        while time.monotonic() < until_s:
            self._require_usable(ask)
            on_step(0, 0)
            time.sleep(_LOOK_S)

    def _require_usable(self, ask: Ask) -> None:
        if self._closed:
            raise EngineAway("the engine is closed")
        if any(map(self._withdrawn.covers, ask.everybody)):
            raise AdapterRevoked

    def _connect(self) -> None:
        if self._closed:
            raise EngineAway("the engine is closed")
        if self._connected:
            return
        try:
            self._membership.enter()
            self._running()
        except (*_LOST, *connection.CANNOT_JOIN) as error:
            _log.warning("the cluster was not joined", extra={"reason": type(error).__name__})
            raise EngineAway(_UNREACHED, remedy=_REMEDY) from error
        self._connected = not self._closed

    def _running(self) -> int:
        """How many engines hold what they were sent: those that run, and those that end. Raises EngineAway when none
        runs."""
        try:
            found = serve.status().applications.get(_APP)
        except (*_LOST, ValueError) as error:  # the latter where two threads ask at the same moment: a fault of Ray's
            raise EngineAway("the cluster of engines does not answer") from error
        if found is None or _ENGINE not in found.deployments:
            raise EngineAway("the cluster does not serve the engine")
        states = found.deployments[_ENGINE].replica_states
        if not states.get("RUNNING", 0):
            raise EngineAway("no engine runs")
        return holding(states)

    def _engines(self) -> Any:
        if self._closed:
            raise EngineAway("the engine is closed")
        return self._handle(_ENGINE)

    def _handle(self, name: str) -> Any:
        """Of the engines, or of the ingress that draws; one of each, whose threads end with this renderer."""
        with self._handling:
            if name not in self._handles:
                found = serve.get_deployment_handle(_ENGINE, _APP) if name == _ENGINE else serve.get_app_handle(_APP)
                self._handles[name] = found if name == _ENGINE else found.options(stream=True)
            return self._handles[name]

    def _tell(self, withdrawal: Withdrawal) -> None:
        """Raises EngineAway unless every engine has answered. One that ends is not asked any more, and counts until
        it is gone: it may still hold what it wears."""
        try:
            told = self._engines().broadcast("revoke", withdrawal).results(timeout_s=self._settings.tell_s)
        except _LOST as error:
            raise EngineAway("an engine did not answer a withdrawal") from error
        if len(told) < self._running():
            raise EngineAway("an engine could not be told of a withdrawal")

    def _tell_quietly(self, withdrawal: Withdrawal) -> None:
        """The first, quickest telling; the work behind the withdrawal repeats it until all have answered."""
        try:
            self._tell(withdrawal)
        except Unavailable as error:
            _log.warning("a withdrawal is told again later", extra={"error_code": error.code})


def _begins(heard: _Heard) -> bool:
    """Who waits in line is not why their engine is lost: they lose no attempt, and are asked for as before."""
    return not (isinstance(heard[0], Tick) and heard[0].in_line)


def holding(states: Mapping[Any, int]) -> int:
    """Of replicas by their state: those that may hold an adapter. One that starts was never sent any."""
    return sum(count for state, count in states.items() if state not in {"STARTING", "STOPPED"})
