"""From the filter's yes to a signed picture that its owner can fetch."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Sequence

from semblance.kernel.consent import WHOEVER_ASKED, Consent, Depicted, Purpose
from semblance.kernel.errors import ConsentOfAnotherRequired, Forbidden, Gone, SemblanceError
from semblance.kernel.ids import ImageId, ManifestId
from semblance.provenance.domain.claim import Basis, Claim, Parent
from semblance.provenance.domain.embedded import can_be_read, manifest_store
from semblance.provenance.domain.errors import (
    NotTrusted,
    PictureHidden,
    PictureNotFound,
    PixelsChanged,
    SourceGone,
    StoredOtherwise,
    TooManyEdits,
)
from semblance.provenance.domain.events import Published, Refused
from semblance.provenance.domain.manifest import KeptManifest, Marks
from semblance.provenance.domain.models_used import Adapter
from semblance.provenance.domain.picture import PNG
from semblance.provenance.domain.publication import Publication, Signed, State
from semblance.provenance.domain.reading import ManifestState
from semblance.provenance.handlers.asking import content
from semblance.provenance.handlers.knowing_adapters import adapter_of, adapter_of_another
from semblance.provenance.ports import Ports, Store

Settle = Callable[[Store], None]


def allow(publication: Publication, store: Store) -> None:
    """The filter said yes: queue the picture, unless it is known here (it may have been removed) or was erased."""
    if store.forgotten(publication.subject_id):
        return
    if store.publication(publication.image_id) is None:
        store.save(publication)
        store.schedule_publishing(publication.image_id)


def publish(image_id: ImageId, ports: Ports, check: Callable[[], None], *, wait: bool = False) -> Settle:
    """Sign and store the picture; the returned step makes it public. `check` raises when the work was cancelled.

    `wait`: rather come again than sign without the facts of the adapter.
    Run twice, it stores two objects under different keys and makes one of them public; the other is cleared.
    Raises what refuses the picture; nothing is stored then.
    """
    with ports.reads() as store:
        publication = store.publication(image_id)
        if publication is None or publication.state is not State.QUEUED:
            return lambda _: None
        adapter = adapter_of(publication, store, wait=wait)
        adapters = [adapter_of_another(each, store, wait=wait) for each in publication.further]
    consent = _consent(publication, ports)
    others = _others(publication, adapters, ports)
    rendered = ports.pictures.quarantined(publication.subject_id, publication.quarantine_key)
    if hashlib.sha256(rendered).hexdigest() != publication.rendered_sha256:
        raise PixelsChanged(image_id)
    ports.limits.check(rendered)
    check()
    # The filter's verdict is about these bytes: it is checked before a pixel is changed, and signing comes last.
    marked, marks = ports.pixels.mark(rendered)
    facts = publication.backbone_digest, consent, ports.salt(), publication.use, marks.soft_bindings(), adapter
    parent = _parent(publication, ports)
    data, signed, kept = _sign(publication, marked, marks, Claim(ports.clock.now(), PNG, *facts, parent, others), ports)
    check()
    _consent(publication, ports)
    _store(publication, signed, data, ports)
    return lambda store: _make_public(publication, signed, kept, store, ports)


def refuse(image_id: ImageId, error: SemblanceError | None, store: Store) -> None:
    """The picture will not be out; its bytes go. Of a person who was erased not even the refusal is kept."""
    publication = store.publication(image_id)
    if publication is None or publication.state is not State.QUEUED:
        return
    refused = publication.refuse(error.code if error else "internal")
    store.schedule_clearing(refused)
    if isinstance(error, Gone):
        store.forget(image_id)
        return
    store.save(refused)
    store.emit(Refused(dataclasses.replace(refused, further=publication.further)))  # each has a log that tells of it


def _consent(publication: Publication, ports: Ports) -> Consent:
    """The subject's, once everybody's whom the picture shows stands. Raises Forbidden, Unavailable; of the others none
    says more than ConsentOfAnotherRequired, or the subject would seem to have withdrawn."""
    for each in publication.further:
        _another(each, ports)
    ids = publication.consent_id, publication.subject_id
    return ports.consents.require(*ids, Purpose.GENERATE, grantee_id=WHOEVER_ASKED)


def _others(publication: Publication, adapters: Sequence[Adapter | None], ports: Ports) -> tuple[Basis, ...]:
    """What the others in it are shown under, each with a salt of their own. Raises ConsentOfAnotherRequired."""
    return tuple(
        Basis(_another(each, ports), ports.salt(), adapter)
        for each, adapter in zip(publication.further, adapters, strict=True)
    )


def _another(each: Depicted, ports: Ports) -> Consent:
    try:
        return ports.consents.require(each.consent_id, each.subject_id, Purpose.GENERATE, grantee_id=WHOEVER_ASKED)
    except Forbidden as refusal:
        raise ConsentOfAnotherRequired from refusal


def _parent(publication: Publication, ports: Ports) -> Parent | None:
    """The picture that was edited, as it was signed. Raises SourceGone."""
    if publication.source_image_id is None:
        return None
    try:
        signed, data = content(publication.subject_id, publication.source_image_id, ports)
    except (PictureNotFound, PictureHidden) as gone:
        raise SourceGone(publication.source_image_id) from gone
    return Parent(data, signed.media_type)


def _require_source(publication: Publication, store: Store, ports: Ports) -> None:
    """It is still published, nobody has asked for it to go, and what it was made under stands. Raises SourceGone, and
    Forbidden of its consent, which may be another one than the edit's."""
    source_id = publication.source_image_id
    if source_id is None:
        return
    source = store.publication(source_id)
    if source is None or source.state is not State.PUBLISHED or store.takedowns.hides(source_id):
        raise SourceGone(source_id)
    ports.consents.require(source.consent_id, source.subject_id, Purpose.GENERATE, grantee_id=WHOEVER_ASKED)


def _sign(
    publication: Publication, picture: bytes, marks: Marks, claim: Claim, ports: Ports
) -> tuple[bytes, Signed, KeptManifest]:
    made_at = claim.made_at
    data = ports.signer.sign(picture, claim)
    reading = ports.signer.read_back(data, PNG)
    if reading.state is not ManifestState.TRUSTED:
        raise NotTrusted(reading.state.value, reading.failures)
    if claim.parent is not None and not can_be_read(data, PNG):
        raise TooManyEdits
    sha256 = hashlib.sha256(data).hexdigest()
    key = f"{publication.subject_id}/{publication.image_id}.{sha256[:16]}"
    manifest_id = ManifestId(reading.manifest_id)
    signed = Signed(manifest_id, key, sha256, len(data), PNG, reading.manifest_json, made_at)
    jumbf = manifest_store(data, PNG)
    return data, signed, KeptManifest(manifest_id, jumbf, hashlib.sha256(jumbf).hexdigest(), PNG, marks, made_at)


def _store(publication: Publication, signed: Signed, data: bytes, ports: Ports) -> None:
    """Put, then read back: bytes that changed, or a person erased meanwhile, must not become a publication."""
    ports.pictures.publish(publication.subject_id, signed.object_key, data)
    try:
        if ports.pictures.published(publication.subject_id, signed.object_key) != data:
            raise StoredOtherwise(publication.image_id)
    except SemblanceError:
        ports.pictures.unpublish(signed.object_key)
        raise


def _make_public(queued: Publication, signed: Signed, kept: KeptManifest, store: Store, ports: Ports) -> None:
    """In the settling transaction: the state and the consent are looked at once more, then it is out.

    Raises Unavailable when the consents are not fresh enough to say: the work is tried again.
    """
    image_id = queued.image_id
    if queued.source_image_id is not None:
        for each in sorted((image_id, queued.source_image_id)):  # locked in the order of their ids
            store.publication(each)
    publication = store.publication(image_id)
    if publication is None or publication.state is not State.QUEUED:
        return
    try:
        _consent(publication, ports)
        _require_source(publication, store, ports)
    except (Forbidden, SourceGone) as error:
        refuse(image_id, error, store)
        return
    published = publication.publish(signed)
    store.save(published)
    store.manifests.keep(kept)
    store.emit(Published(published, signed))
    store.schedule_clearing(published)
