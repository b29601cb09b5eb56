"""What somebody in a picture has agreed to, asked before it is queued: the same for the subject and for everybody."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from semblance.generation.domain.errors import (
    AdapterNotReady,
    PromptRefused,
    UnknownAdapter,
    UseDenied,
    UseNotDeclared,
)
from semblance.generation.domain.order import Words
from semblance.generation.ports import AdapterFacts, Ports
from semblance.kernel.consent import Consent, Purpose
from semblance.kernel.errors import ConsentRevoked, NotFound
from semblance.kernel.ids import AdapterId, ConsentId, SubjectId
from semblance.kernel.use import REQUIRED, Use, refusal

READY: Final = "ready"
REVOKED: Final = "revoked"


@dataclass(frozen=True)
class Shared:
    """Somebody else asks, under a grant; the consent's id is the grant's. `repr` leaves the person's words out."""

    requester_id: SubjectId
    review: bool
    limits: tuple[str, ...] = field(default=(), repr=False)
    denied_styles: tuple[str, ...] = field(default=(), repr=False)
    allowed_uses: tuple[Use, ...] = ()
    denied_uses: tuple[str, ...] = field(default=(), repr=False)
    # A verified app's, for the event alone.
    requester_name: str = ""


@dataclass(frozen=True)
class Sitter:
    """Somebody who is to be shown. shared None: they ask themselves."""

    subject_id: SubjectId
    consent_id: ConsentId
    adapter_id: AdapterId
    shared: Shared | None


Agreed = tuple[Consent, AdapterFacts]
"""The consent that covers somebody, and their adapter."""


def require_agreed(sitter: Sitter, use: Use | None, words: Words, ports: Ports) -> Agreed:
    """The consent that covers them and their adapter, if they allow this use and these words.

    Raises the consent's errors, UseNotDeclared, UseDenied, PromptRefused, UnknownAdapter, AdapterNotReady, and
    Unavailable while the filter or training does not answer.
    """
    shared = sitter.shared or Shared(sitter.subject_id, review=False)
    consent = require_consent(sitter, ports)
    require_use(use, shared)
    verdict = ports.prompts.check(sitter.subject_id, words, limits=shared.limits, denied_styles=shared.denied_styles)
    if not verdict.allowed:
        raise PromptRefused(verdict.message)
    adapter = ready_adapter(sitter.subject_id, sitter.adapter_id, ports)
    ports.consents.require(adapter.consent_id, sitter.subject_id, Purpose.TRAIN)
    return consent, adapter


def require_consent(sitter: Sitter, ports: Ports) -> Consent:
    """Raises the consent's errors."""
    grantee_id = sitter.shared.requester_id if sitter.shared else None
    return ports.consents.require(sitter.consent_id, sitter.subject_id, Purpose.GENERATE, grantee_id=grantee_id)


def require_use(use: Use | None, shared: Shared) -> None:
    """Raises UseNotDeclared and UseDenied. Identity asked the same; here it is asked of what the picture is made of."""
    against = refusal(use, allowed=shared.allowed_uses, denied=shared.denied_uses)
    if against is not None:
        error = UseNotDeclared if against.code == REQUIRED else UseDenied
        raise error(against.detail, remedy=against.remedy)


def ready_adapter(subject_id: SubjectId, adapter_id: AdapterId, ports: Ports) -> AdapterFacts:
    """What training says, if it is this person's and ready.

    Raises UnknownAdapter, AdapterNotReady, ConsentRevoked when it went with its consent.
    """
    try:
        adapter = ports.adapters.get(subject_id, adapter_id)
    except NotFound as error:
        raise UnknownAdapter from error
    if adapter.subject_id != subject_id:
        raise UnknownAdapter
    if adapter.state == REVOKED:
        raise ConsentRevoked(adapter.consent_id)
    if adapter.state != READY:
        raise AdapterNotReady(adapter.state)
    return adapter
