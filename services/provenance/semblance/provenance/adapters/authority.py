"""Keys and certificates to sign with: those an operator gives, or a development chain made at first start.

A folder with `root.pem`, `leaf.pem` (leaf first, then its chain) and `leaf.key` is used as it is. An empty folder
gets a root, an intermediate and a leaf of our own; such a signer says "development" of itself wherever it is read.

A leaf signs for `renew_days` and stays valid for `leaf_days`. The difference matters: without a time-stamp
authority a reader judges a signature by today's date, and calls every picture Invalid once its leaf has expired.

The certificates follow C2PA's profile (conformance programme 0.2, cert-profiles) as far as that is true of a chain made
here: subject with C, O and CN, key usages, extended key usages. They name no certificate policy of C2PA's, no assurance
level, no record of conforming products and no OCSP responder, because there is none.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from semblance.kernel.clock import Clock
from semblance.provenance.adapters.signers.identity import Identity
from semblance.provenance.adapters.signers.in_memory import identity_in_memory
from semblance.provenance.domain.errors import SigningUnavailable

ORGANISATION = "Semblance development"
# c2pa-kp-claimSigning; the profile wants e-mail protection or document signing beside it.
CLAIM_SIGNING = ObjectIdentifier("1.3.6.1.4.1.62558.2.1")
_ROOT_DAYS = 3650
_INTERMEDIATE_DAYS = 1825
# Machines' clocks differ; a certificate must not begin in a reader's future.
_BACKDATED = dt.timedelta(hours=1)


@dataclass(frozen=True)
class Life:
    """A development leaf is valid for `leaf_days` and signs for the first `renew_days` of them."""

    LONGEST_DAYS: ClassVar[int] = 365  # C2PA's profile allows 366

    leaf_days: int = LONGEST_DAYS
    renew_days: int = 7

    def __post_init__(self) -> None:
        if not 0 < self.renew_days < self.leaf_days:
            raise ValueError("a leaf must be valid for longer than it signs")


class Authority:
    """The signing folder. Any number of processes may use one; see KeySource."""

    def __init__(self, directory: Path, clock: Clock, life: Life = Life()) -> None:
        self._directory = directory
        self._path = str(directory)
        self._clock = clock
        self._life = life
        self._identity: Identity | None = None
        self._loaded_from: tuple[int, int] | None = None
        self._root: tuple[tuple[int, int] | None, str] = (None, "")

    def prepare(self) -> None:
        """Make what is missing, before the first picture needs it. Raises SigningUnavailable."""
        self.identity()

    def identity(self) -> Identity:
        """The present signer, renewed when it is time, and read again when somebody put another one into the folder."""
        identity = self._identity
        if identity is None or self._is_old(identity.leaf) or self._version() != self._loaded_from:
            with self._locked():
                identity = self._loaded_or_made()
                self._identity, self._loaded_from = identity, self._version()
        if self._clock.now() >= identity.leaf.not_valid_after_utc:
            raise SigningUnavailable("the signing certificate has expired", remedy="Give the service a new leaf.")
        return identity

    def anchor_pem(self) -> str:
        """The root that our own pictures chain to. Raises SigningUnavailable."""
        self.identity()
        version = self._version("root.pem")
        known, root = self._root
        if version is None or version != known:
            root = self._read("root.pem").decode()
            self._root = version, root
        return root

    def is_development(self) -> bool:
        """Whether the root was made here."""
        return self._version("root.key") is not None

    def _loaded_or_made(self) -> Identity:
        if not (self._directory / "root.pem").exists():
            self._make_root()
        if self.is_development():
            self._make_intermediate_if_due()
            if not self._belong("leaf") or self._is_old(self._load().leaf):
                self._make_leaf()
        return self._load()

    def _belong(self, name: str) -> bool:
        """Whether there are a key and a certificate that fit: who was killed between two files left one old."""
        try:
            certificate = x509.load_pem_x509_certificate(self._read(f"{name}.pem"))
            return self._key(f"{name}.key").public_key() == certificate.public_key()
        except (SigningUnavailable, ValueError):
            return False

    def _version(self, name: str = "leaf.pem") -> tuple[int, int] | None:
        """Changes whenever the file is replaced."""
        try:
            # Asked several times a signature: a Path costs more than the answer.
            found = os.stat(f"{self._path}/{name}")
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino

    def _is_old(self, leaf: x509.Certificate) -> bool:
        if not self.is_development():
            return False
        return self._clock.now() >= leaf.not_valid_before_utc + dt.timedelta(days=self._life.renew_days)

    def _make_root(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("Semblance development root")
        subject = _Subject(name, key, days=_ROOT_DAYS, path_length=1)
        root = _issue(subject, name, key, self._clock.now())
        self._write("root.key", _key_pem(key))
        self._write("root.pem", _pem(root))

    def _make_intermediate_if_due(self) -> None:
        needed_until = self._clock.now() + dt.timedelta(days=self._life.leaf_days + self._life.renew_days)
        if self._belong("intermediate"):
            present = x509.load_pem_x509_certificate(self._read("intermediate.pem"))
            if present.not_valid_after_utc > needed_until:
                return
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _Subject(_name("Semblance development intermediate"), key, days=_INTERMEDIATE_DAYS, path_length=0)
        root = x509.load_pem_x509_certificate(self._read("root.pem"))
        certificate = _issue(subject, root.subject, self._key("root.key"), self._clock.now())
        self._write("intermediate.key", _key_pem(key))
        self._write("intermediate.pem", _pem(certificate))

    def _make_leaf(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _Subject(_name("Semblance development signer"), key, days=self._life.leaf_days, path_length=None)
        above = x509.load_pem_x509_certificate(self._read("intermediate.pem"))
        leaf = _issue(subject, above.subject, self._key("intermediate.key"), self._clock.now())
        self._write("leaf.key", _key_pem(key))
        self._write("leaf.pem", _pem(leaf) + _pem(above))

    def _load(self) -> Identity:
        return identity_in_memory(self._key("leaf.key"), self._read("leaf.pem"))

    def _key(self, name: str) -> ec.EllipticCurvePrivateKey:
        try:
            key = serialization.load_pem_private_key(self._read(name), password=None)
        except (ValueError, TypeError) as error:
            raise SigningUnavailable(f"{name} is no key that can be read without a password") from error
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise SigningUnavailable(f"{name} is no key on an elliptic curve")
        return key

    def _read(self, name: str) -> bytes:
        try:
            return (self._directory / name).read_bytes()
        except OSError as error:
            raise SigningUnavailable(f"{name} cannot be read from the signing folder") from error

    def _write(self, name: str, data: bytes) -> None:
        """Mode 600 from the first byte on, and never half a file under the final name."""
        temporary = self._directory / f".{name}.new"
        try:
            temporary.unlink(missing_ok=True)
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._directory / name)
        except OSError as error:
            raise SigningUnavailable(f"{name} cannot be written to the signing folder") from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One maker at a time; a folder that is read-only needs none."""
        try:
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(self._directory / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            if (self._directory / "leaf.pem").exists() and not self.is_development():
                yield
                return
            raise SigningUnavailable("the signing folder cannot be used") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


@dataclass(frozen=True)
class _Subject:
    """`path_length` None is a leaf, a number an authority with so many authorities below it."""

    name: x509.Name
    key: ec.EllipticCurvePrivateKey
    days: int
    path_length: int | None


def _issue(
    subject: _Subject, issuer: x509.Name, issuer_key: ec.EllipticCurvePrivateKey, now: dt.datetime
) -> x509.Certificate:
    """C2PA 2.2 section 14.5.1 and the programme's profiles: a leaf signs claims, an authority certifies, no more."""
    authority = subject.path_length is not None
    usage = x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=not authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )
    public = subject.key.public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject.name)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now - _BACKDATED + dt.timedelta(days=subject.days))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=subject.path_length), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if subject.path_length in (None, 0):  # the leaf, and the authority that issues leaves
        purposes = x509.ExtendedKeyUsage([CLAIM_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(purposes, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _name(common_name: str) -> x509.Name:
    # Without O the signing library reports a misleading claimSignature.mismatch.
    parts = (
        (NameOID.COUNTRY_NAME, "XX"),
        (NameOID.ORGANIZATION_NAME, ORGANISATION),
        (NameOID.COMMON_NAME, common_name),
    )
    return x509.Name([x509.NameAttribute(oid, text) for oid, text in parts])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
