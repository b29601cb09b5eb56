"""What the handlers need from outside: the gateway's own records, and one Protocol a service."""

from semblance.gateway.ports.making import Generation, Ingest, Pause, Training
from semblance.gateway.ports.people import Consents, Identity, Register, Reviews, Sharings
from semblance.gateway.ports.proof import Issuer, Passwords, Pepper, Verifier
from semblance.gateway.ports.provenance import Audit, Provenance, Resolution, Takedowns
from semblance.gateway.ports.records import Accounts, Buckets, Jobs, Keys, Records, Sessions, Store

__all__ = [
    "Accounts",
    "Audit",
    "Buckets",
    "Consents",
    "Generation",
    "Identity",
    "Ingest",
    "Issuer",
    "Jobs",
    "Keys",
    "Passwords",
    "Pause",
    "Pepper",
    "Provenance",
    "Records",
    "Register",
    "Resolution",
    "Reviews",
    "Sessions",
    "Sharings",
    "Store",
    "Takedowns",
    "Training",
    "Verifier",
]
