"""The caller's own audit log."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter

from semblance.gateway.api.admission import ANYBODY, Here, Reader
from semblance.gateway.api.paging import After, Limit, inner_of
from semblance.gateway.api.schemas.accounts import JwkSet
from semblance.gateway.api.schemas.audit import AuditEntry, AuditHead
from semblance.gateway.api.schemas.model import Listed, listed
from semblance.gateway.handlers import audit

router = APIRouter(tags=["audit"])


@router.get("/v1/audit")
def list_audit(
    caller: Reader,
    here: Here,
    after: After = None,
    limit: Limit = 50,
    order: Literal["newest", "oldest"] = "newest",
) -> Listed[AuditEntry]:
    """What happened to you here: consents, photos, adapters and images, in a chain that cannot be changed unseen."""
    page = audit.list_audit(
        here.gate, caller.subject_id, after=inner_of(after), limit=limit, oldest_first=order == "oldest"
    )
    return listed(AuditEntry, page)


@router.get("/v1/audit/head")
def get_audit_head(caller: Reader, here: Here) -> AuditHead:
    """How long the log is and where it ends, signed now."""
    return AuditHead.of(here.gate.audit.head(caller.subject_id))


@router.get("/.well-known/audit-keys.json", dependencies=[ANYBODY])
def audit_keys(here: Here) -> JwkSet:
    """The public keys that heads of audit logs are signed with: anybody may check one."""
    return JwkSet.model_validate_json(here.gate.audit.keys())
