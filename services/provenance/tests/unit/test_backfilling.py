"""Pictures from before manifests were kept are found again once they were read."""

from __future__ import annotations

import io

import sqlalchemy as sa
from PIL import Image

from semblance.kernel.ids import ImageId, SubjectId
from semblance.objects import PUBLISHED
from semblance.provenance.adapters.tables import manifests
from semblance.provenance.handlers import asking, looking
from semblance.provenance.handlers.backfilling import keep_missing


def test_a_stripped_copy_of_an_old_picture_is_found_after_the_command(house) -> None:
    old, lost = house.publish(), house.publish(seed=1)
    signed, data = asking.content(SubjectId(old.subject_id), ImageId(old.image_id), house.ports)
    before = looking.kept_manifest(signed.manifest_id, house.ports)
    with house.database.transaction() as unit:
        unit.session.execute(sa.delete(manifests))
    (key,) = [key for key in house.objects(PUBLISHED) if lost.image_id in key]
    house.store.remove(PUBLISHED, key)
    output = io.BytesIO()
    Image.open(io.BytesIO(data)).convert("RGB").save(output, "JPEG", quality=80)
    assert not looking.verify(output.getvalue(), house.ports).made_here

    assert keep_missing(house.ports) == (1, [lost.image_id])
    assert keep_missing(house.ports) == (0, [lost.image_id])

    found = looking.verify(output.getvalue(), house.ports).match
    assert found is not None
    assert (found.manifest_id, found.by.value) == (signed.manifest_id, "fingerprint")
    kept = looking.kept_manifest(signed.manifest_id, house.ports)
    assert (kept.store, kept.marks.fingerprint) == (before.store, before.marks.fingerprint)
