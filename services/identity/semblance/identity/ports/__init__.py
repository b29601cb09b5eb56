"""What the handlers need from outside."""

from semblance.identity.ports.erasures import Erasures
from semblance.identity.ports.everything import Gallery, Ports, Store, Transactions
from semblance.identity.ports.faces import Capture, CaptureReader, Frame, PhotoReader
from semblance.identity.ports.keys import DestroyedKey, Keys, Receipts, Seals
from semblance.identity.ports.notes import Note, Notes
from semblance.identity.ports.people import (
    ConsentLog,
    Consents,
    Failures,
    Register,
    Releases,
    Reviews,
    Sessions,
    Templates,
)
from semblance.identity.ports.sharing import Apps, Grants, SharingSettings

__all__ = [
    "Apps",
    "Capture",
    "CaptureReader",
    "ConsentLog",
    "Consents",
    "DestroyedKey",
    "Erasures",
    "Failures",
    "Frame",
    "Gallery",
    "Grants",
    "Keys",
    "Note",
    "Notes",
    "PhotoReader",
    "Ports",
    "Receipts",
    "Register",
    "Releases",
    "Reviews",
    "Seals",
    "Sessions",
    "SharingSettings",
    "Store",
    "Templates",
    "Transactions",
]
