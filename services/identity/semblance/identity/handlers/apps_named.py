"""What a verified app is called at this moment, for events that people read later."""

from __future__ import annotations

from semblance.identity.ports import Store
from semblance.kernel.ids import SubjectId


def name_of(store: Store, grantee_id: SubjectId | None) -> str:
    """Empty for people, and for nobody."""
    app = store.apps.get(grantee_id) if grantee_id is not None else None
    return app.name if app is not None else ""
