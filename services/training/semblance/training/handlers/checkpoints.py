"""What a killed training goes on from: sealed under the person's key, gone when the run ends however it ends."""

from __future__ import annotations

import logging
from typing import Final, NamedTuple

from semblance.kernel.errors import Invalid, NotFound, Unavailable
from semblance.kernel.ids import AdapterId, SubjectId
from semblance.training.domain.run import Run
from semblance.training.ports import Ports, Work

log = logging.getLogger(__name__)
_CHECKPOINT: Final = "training.checkpoint"


class AdapterKeys(NamedTuple):
    """Object keys of one adapter, below a prefix of its own: a run that is repeated replaces its own bytes."""

    lora: str
    reference: str
    flat: str
    checkpoint: str


def adapter_keys(subject_id: SubjectId, adapter_id: AdapterId) -> AdapterKeys:
    """Everything that may lie in the store of this adapter."""
    prefix = f"{subject_id}/{adapter_id}"
    return AdapterKeys(
        f"{prefix}/lora.safetensors", f"{prefix}/reference.f32", f"{prefix}/lora.flat", f"{prefix}/{_CHECKPOINT}"
    )


class SealedCheckpoint:
    """One run's, see ports.Checkpoint. A store that is away costs the steps since the last one, not the training."""

    def __init__(self, run: Run, work: Work, ports: Ports) -> None:
        self._run = run
        self._key = adapter_keys(run.subject_id, run.id).checkpoint
        self._work = work
        self._bytes = ports.adapter_bytes

    def load(self) -> bytes | None:
        """Raises Unavailable, Gone: without the store or the key there is no training either."""
        try:
            return self._bytes.get(self._run.subject_id, self._key)
        except NotFound:
            return None
        except Invalid as error:  # a seal that does not open: somebody else's bytes, or damaged ones
            log.warning("a checkpoint was thrown away", extra={"adapter_id": self._run.id, "reason": error.code})
            return None

    def save(self, state: bytes) -> None:
        """Raises what the work's check raises, and Gone once the person's key is destroyed."""
        self._work.check()
        try:
            self._bytes.put(self._run.subject_id, self._key, state)
        except Unavailable as error:
            log.warning("a checkpoint was not kept", extra={"adapter_id": self._run.id, "error_code": error.code})
            return
        self._work.advanced()


def drop_checkpoint(subject_id: SubjectId, adapter_id: AdapterId, ports: Ports) -> None:
    """Remove it, all versions. Raises Unavailable."""
    ports.adapter_bytes.remove(adapter_keys(subject_id, adapter_id).checkpoint)
