"""Step 5: consent withdrawn while work is under way, then everything erased, and proof of both."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jwt

from semblance.client import Client
from semblance.client.errors import ApiError
from semblance.client.models import Adapter, Consent
from semblance.kernel.errors import SemblanceError
from semblance.kernel.ids import SubjectId
from semblance.local import config as configuration
from semblance.local.demo.making import PROMPTS, Made
from semblance.local.demo.narrator import Stage, Step, StepFailed, require
from semblance.local.layout import Layout
from semblance.local.rights import SERVICES
from semblance.objects.buckets import ADAPTERS, ALL_BUCKETS
from semblance.objects.file_keyring import FileKeyRing
from semblance.objects.minio_store import MinioStore
from semblance.objects.sealer import Sealer

_END_S = 60.0
_START_S = 60.0
_ASKED = 6  # more than a generation process has in hand, which is 3 unless an operator says otherwise


@dataclass(frozen=True)
class StolenCopy:
    """What an attacker might have copied before the erasure: the sealed adapter."""

    key: str
    sealed: bytes


def store_of(layout: Layout) -> MinioStore:
    """The store with the administrator's rights, which no service has."""
    found = configuration.read(layout.config)
    return MinioStore(f"127.0.0.1:{found.store_port}", found.store_admin_key, found.store_admin_secret, secure=False)


def copy_adapter(layout: Layout, subject_id: str) -> StolenCopy:
    """Copy the sealed adapter, and see that it opens today. Raises StepFailed."""
    store = store_of(layout)
    keys = store.list(ADAPTERS, f"{subject_id}/")
    require(keys, "no sealed adapter lies in the store")
    copy = StolenCopy(keys[0], store.get(ADAPTERS, keys[0]))
    require(_opens(layout, subject_id, copy), "the sealed adapter does not open even before the erasure")
    return copy


def withdraw(stage: Stage, consent: Consent, adapter: Adapter, step: Step) -> None:
    """Revoke with some pictures running and some queued; all end revoked, a new one is refused. Raises StepFailed."""
    client = stage.client
    asked = [client.create_image(adapter.id, PROMPTS[0], seed=seed, steps=50) for seed in range(1, _ASKED + 1)]
    _await_running(client, asked[0].id)
    states = [client.image(image.id).state for image in asked]
    require(states[-1] == "queued", f"no picture is waiting in the queue: {states}")
    began_s = time.monotonic()
    client.revoke_consent(consent.id)
    ends = [client.wait(image.id, timeout_s=_END_S).state for image in asked]
    seconds = time.monotonic() - began_s
    require(set(ends) == {"revoked"}, f"the running and the queued pictures ended {' and '.join(ends)}")
    try:
        client.create_image(adapter.id, PROMPTS[2], consent_id=consent.id)
    except ApiError as refused:
        require(
            (refused.status, refused.code) == (403, "consent-revoked"), f"refused with {refused.status} {refused.code}"
        )
    else:
        raise StepFailed("a new picture was accepted after the consent was withdrawn")
    state = _await_adapter_gone(client, adapter.id)
    stage.report["withdrawal"] = {"ends": ends, "seconds_to_all_ended": round(seconds, 2), "adapter": state}
    running, queued = (states.count(one) for one in ("running", "queued"))
    step.detail = f"{running} running and {queued} queued pictures revoked in {seconds:.1f} s; a new one: 403"


def erase(stage: Stage, made: list[Made], copy: StolenCopy, step: Step, password: str) -> None:
    """Erase everything; the receipt verifies, the copied adapter stays shut, the id is gone. Raises StepFailed."""
    client, layout = stage.client, stage.layout
    subject_id = client.me().subject_id
    asked = client.erase(password)
    erasure = client.wait_erased(asked.id, timeout_s=_END_S)
    services = {store.service for store in erasure.stores}
    require(services == set(SERVICES), f"no answer from {', '.join(sorted(set(SERVICES) - services))}")
    receipt = client.receipt(asked.id)
    claims = _verified(client, receipt)
    require(subject_id not in receipt and subject_id not in str(claims), "the receipt names the person")
    require(not _opens(layout, subject_id, copy), "a copy of the adapter still opens after the erasure")
    try:
        client.me()
    except ApiError as refused:
        require(refused.status == 410, f"the erased account answers {refused.status}")
    else:
        raise StepFailed("the erased account still answers")
    left = left_of(lambda: traces_of(layout, SubjectId(subject_id)))
    require(not left, f"the id is still in {', '.join(left)}")
    verified = client.verify(made[0].data)
    require(verified.consent_state in {"erased", "unknown"}, f"an old picture's consent is {verified.consent_state}")
    stage.report["erasure"] = {
        "stores": [store.model_dump() for store in erasure.stores],
        "receipt_jws": receipt,
        "copied_adapter_opens": False,
        "old_picture": {"manifest_state": verified.state, "consent_state": verified.consent_state},
    }
    things = sum(store.count for store in erasure.stores)
    step.detail = f"{len(services)} services erased {things} things; signed receipt; the copied adapter stays shut"


def _verified(client: Client, receipt: str) -> dict[str, Any]:
    """The receipt's claims if it was signed with a published key. Raises StepFailed."""
    keys = jwt.PyJWKSet.from_dict(client.receipt_keys())
    try:
        key = keys[jwt.get_unverified_header(receipt)["kid"]]
        claims: dict[str, Any] = jwt.decode(receipt, key, algorithms=["EdDSA"], options={"verify_aud": False})
    except (jwt.PyJWTError, KeyError) as e:
        raise StepFailed("the receipt's signature does not verify") from e
    return claims


def traces_of(layout: Layout, subject_id: SubjectId) -> list[str]:
    """Where the id is still found: "<database>.<table>" and "<bucket>/...". The broker's log is not searched: its
    events carry the random id, which by then leads nowhere."""
    found = []
    for service in SERVICES:
        path = layout.database(service)
        if path.exists():
            found += [f"{service}.{table}" for table in _tables_with(path.as_posix(), subject_id)]
    store = store_of(layout)
    found += [f"{bucket}/..." for bucket in ALL_BUCKETS if store.list(bucket, f"{subject_id}/")]
    return found


def left_of(look: Callable[[], list[str]], within_s: float = _END_S) -> list[str]:
    """What `look` finds. The last events leave a moment after the erasure's end: those still to be sent are waited for,
    and nothing else."""
    deadline_s = time.monotonic() + within_s
    found = look()
    while any(place.endswith(".outbox") for place in found) and time.monotonic() < deadline_s:
        time.sleep(0.1)
        found = look()
    return found


def _tables_with(path: str, needle: str) -> list[str]:
    found = []
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            rows = database.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - names from the schema itself
            if any(needle in (cell if isinstance(cell, str) else "") for row in rows for cell in row):
                found.append(table)
    finally:
        database.close()
    return found


def _opens(layout: Layout, subject_id: str, copy: StolenCopy) -> bool:
    sealer = Sealer(FileKeyRing(layout.keyring, layout.secrets / "kek"))
    try:
        sealer.open(SubjectId(subject_id), ADAPTERS, copy.sealed)
    except SemblanceError:
        return False
    return True


def _await_running(client: Client, image_id: str) -> None:
    deadline_s = time.monotonic() + _START_S
    while time.monotonic() < deadline_s:
        state = client.image(image_id).state
        if state == "running":
            return
        if state != "queued":
            raise StepFailed(f"the picture that should run is {state}")
        time.sleep(0.05)
    raise StepFailed("no picture began to run")


def _await_adapter_gone(client: Client, adapter_id: str) -> str:
    deadline_s = time.monotonic() + _END_S
    while time.monotonic() < deadline_s:
        state = client.adapter(adapter_id).state
        if state == "revoked":
            return state
        time.sleep(0.1)
    raise StepFailed("the adapter outlived its consent")
