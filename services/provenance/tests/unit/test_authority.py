"""The development chain: made once, kept private, renewed in time; an operator's chain is left alone."""

from __future__ import annotations

import datetime as dt
import stat
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from semblance.kernel.clock import FakeClock
from semblance.provenance.adapters.authority import CLAIM_SIGNING, Authority, Life
from semblance.provenance.domain.errors import SigningUnavailable


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def _chain(authority: Authority) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(authority.identity().chain_pem.encode())


def test_the_chain_leads_to_the_root(tmp_path: Path, clock: FakeClock) -> None:
    authority = Authority(tmp_path / "signing", clock)
    leaf, intermediate = _chain(authority)
    root = x509.load_pem_x509_certificate(authority.anchor_pem().encode())
    leaf.verify_directly_issued_by(intermediate)
    intermediate.verify_directly_issued_by(root)
    root.verify_directly_issued_by(root)
    assert authority.is_development()


def test_certificates_follow_the_profile(tmp_path: Path, clock: FakeClock) -> None:
    leaf, intermediate = _chain(Authority(tmp_path, clock))
    for certificate in (leaf, intermediate):
        for oid in (NameOID.COUNTRY_NAME, NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME):
            assert certificate.subject.get_attributes_for_oid(oid)
    usage = leaf.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert usage.value.digital_signature
    assert not usage.value.key_cert_sign
    purposes = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert usage.value.content_commitment
    assert list(purposes) == [CLAIM_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION]
    assert list(intermediate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == list(purposes)
    assert intermediate.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc <= dt.timedelta(days=366)


def test_only_the_owner_may_read_the_files(tmp_path: Path, clock: FakeClock) -> None:
    directory = tmp_path / "signing"
    Authority(directory, clock).prepare()
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    names = {"root.key", "root.pem", "intermediate.key", "intermediate.pem", "leaf.key", "leaf.pem", ".lock"}
    assert {p.name for p in directory.iterdir()} == names
    assert {stat.S_IMODE(p.stat().st_mode) for p in directory.iterdir()} == {0o600}


def test_a_second_start_finds_the_same_chain(tmp_path: Path, clock: FakeClock) -> None:
    first = Authority(tmp_path, clock).identity()
    assert Authority(tmp_path, clock).identity().chain_pem == first.chain_pem


def test_the_leaf_is_renewed_long_before_it_expires_and_the_root_stays(tmp_path: Path, clock: FakeClock) -> None:
    authority = Authority(tmp_path, clock, Life(leaf_days=365, renew_days=30))
    root, first = authority.anchor_pem(), authority.identity()
    clock.advance(29 * 86_400)
    assert authority.identity() is first
    clock.advance(2 * 86_400)

    second = authority.identity()

    assert second.chain_pem != first.chain_pem
    assert second.leaf.public_key() != first.leaf.public_key()
    assert authority.anchor_pem() == root
    assert first.leaf.not_valid_after_utc - clock.now() > dt.timedelta(days=300)


def test_the_intermediate_is_renewed_before_a_leaf_would_outlive_it(tmp_path: Path, clock: FakeClock) -> None:
    authority = Authority(tmp_path, clock)
    before = _chain(authority)[1]
    clock.advance(1500 * 86_400)
    leaf, after = _chain(authority)
    assert after != before
    assert leaf.not_valid_after_utc < after.not_valid_after_utc


def test_many_first_starts_at_once_make_one_chain(tmp_path: Path, clock: FakeClock) -> None:
    chains: list[str] = []
    threads = [
        threading.Thread(target=lambda: chains.append(Authority(tmp_path, clock).identity().chain_pem))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(chains) == 8
    assert len(set(chains)) == 1


def _given(tmp_path: Path, clock: FakeClock) -> Path:
    """An operator's folder: what signs, and no authority's key."""
    Authority(tmp_path / "made", clock).prepare()
    given = tmp_path / "given"
    given.mkdir()
    for name in ("root.pem", "leaf.pem", "leaf.key"):
        (given / name).write_bytes((tmp_path / "made" / name).read_bytes())
    return given


def test_an_operators_chain_is_used_and_never_renewed(tmp_path: Path, clock: FakeClock) -> None:
    authority = Authority(_given(tmp_path, clock), clock)
    first = authority.identity()
    clock.advance(100 * 86_400)
    assert authority.identity().chain_pem == first.chain_pem
    assert not authority.is_development()


def test_an_operators_chain_that_expired_signs_nothing(tmp_path: Path, clock: FakeClock) -> None:
    given = _given(tmp_path, clock)
    clock.advance(366 * 86_400)
    with pytest.raises(SigningUnavailable, match="expired"):
        Authority(given, clock).identity()


def test_a_key_that_does_not_belong_to_the_leaf_is_noticed(tmp_path: Path, clock: FakeClock) -> None:
    given = _given(tmp_path, clock)
    (given / "leaf.key").write_bytes((tmp_path / "made" / "root.key").read_bytes())
    with pytest.raises(SigningUnavailable, match="does not belong"):
        Authority(given, clock).identity()


def test_a_missing_key_is_noticed(tmp_path: Path, clock: FakeClock) -> None:
    given = _given(tmp_path, clock)
    (given / "leaf.key").unlink()
    with pytest.raises(SigningUnavailable, match=r"leaf\.key"):
        Authority(given, clock).identity()


@pytest.mark.parametrize("name", ["leaf", "intermediate"])
def test_one_who_was_killed_between_key_and_certificate_leaves_a_chain_that_mends(
    tmp_path: Path, clock: FakeClock, name: str
) -> None:
    Authority(tmp_path, clock).prepare()
    root = (tmp_path / "root.pem").read_bytes()
    stale = (tmp_path / f"{name}.key").read_bytes()
    (tmp_path / "leaf.pem").unlink()  # a new leaf is due
    if name == "intermediate":
        (tmp_path / "intermediate.pem").unlink()
    Authority(tmp_path, clock).prepare()
    (tmp_path / f"{name}.key").write_bytes(stale)

    leaf, intermediate = _chain(Authority(tmp_path, clock))

    leaf.verify_directly_issued_by(intermediate)
    intermediate.verify_directly_issued_by(x509.load_pem_x509_certificate(root))
    assert (tmp_path / "root.pem").read_bytes() == root


def test_an_operators_key_of_another_leaf_is_never_replaced(tmp_path: Path, clock: FakeClock) -> None:
    Authority(tmp_path / "other", clock).prepare()
    Authority(tmp_path / "given", clock).prepare()
    (tmp_path / "given" / "root.key").unlink()
    (tmp_path / "other" / "leaf.key").replace(tmp_path / "given" / "leaf.key")
    with pytest.raises(SigningUnavailable, match="does not belong"):
        Authority(tmp_path / "given", clock).identity()
