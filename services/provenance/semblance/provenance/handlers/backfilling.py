"""Pictures that were published before manifests were kept: theirs are kept now, so that stripped copies are found."""

from __future__ import annotations

import hashlib

from semblance.kernel.errors import SemblanceError
from semblance.kernel.ids import ImageId
from semblance.provenance.domain.embedded import manifest_store
from semblance.provenance.domain.manifest import KeptManifest, Marks
from semblance.provenance.domain.publication import Publication, State
from semblance.provenance.ports import Ports

_AT_ONCE = 100


def keep_missing(ports: Ports) -> tuple[int, list[ImageId]]:
    """How many manifests were kept, and the pictures that could not be read. May be run again, beside the service."""
    kept, failed, after = 0, list[ImageId](), ""
    while True:
        with ports.reads() as store:
            found = store.without_manifest(after, _AT_ONCE)
        if not found:
            return kept, failed
        for publication in found:
            after = publication.image_id
            try:
                kept += _keep(publication, ports)
            except SemblanceError:
                failed.append(publication.image_id)


def _keep(publication: Publication, ports: Ports) -> bool:
    """Such a picture has no watermark; its fingerprint is read off it now."""
    signed = publication.signed
    assert signed is not None
    data = ports.pictures.published(publication.subject_id, signed.object_key)
    store_bytes = manifest_store(data, signed.media_type)
    fingerprint = ports.pixels.look(data, ports.limits.check(data)).fingerprint
    marks = Marks(ports.pixels.algorithms, None, fingerprint)
    digest = hashlib.sha256(store_bytes).hexdigest()
    manifest = KeptManifest(signed.manifest_id, store_bytes, digest, signed.media_type, marks, signed.signed_at)
    with ports.transactions() as store:
        # Looking took a while: it may have been removed, or kept by another run.
        now = store.publication(publication.image_id)
        wanted = now is not None and now.state is State.PUBLISHED and store.manifests.get(signed.manifest_id) is None
        if wanted:
            store.manifests.keep(manifest)
    return wanted
