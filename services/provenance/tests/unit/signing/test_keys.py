"""One suite for every place that a signing key may live in, and what is particular to a token."""

from __future__ import annotations

import dataclasses
import gc
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from semblance.kernel.clock import FakeClock, SystemClock
from semblance.provenance.adapters.authority import Authority
from semblance.provenance.adapters.c2pa_engine import C2paEngine
from semblance.provenance.adapters.signers.choosing import keys_of
from semblance.provenance.adapters.signers.identity import KeySource
from semblance.provenance.adapters.signers.pkcs11 import Pkcs11KeySource, Token
from semblance.provenance.domain.errors import SigningUnavailable
from semblance.provenance.domain.reading import ManifestState
from semblance.provenance.settings import ProvenanceSettings
from semblance.provenance.testing.soft_token import PIN, NoSoftToken, SoftHsm, softhsm

pytestmark = pytest.mark.timeout(1200)  # the first of them may have to fetch SoftHSM, three times
ROOT = Path(__file__).parents[5]
WITHOUT = "SEMBLANCE_WITHOUT_SOFTHSM"
SOURCES = ["development", "operator's folder", "token"]


def _given(made: Path, folder: Path) -> Path:
    """An operator's folder: what signs, and no authority's key."""
    folder.mkdir()
    for name in ("root.pem", "leaf.pem", "leaf.key"):
        (folder / name).write_bytes((made / name).read_bytes())
    return folder


@pytest.fixture(scope="session")
def soft_hsm() -> SoftHsm:
    """Never a silent pass: without SoftHSM these tests fail, or are skipped by a variable that says so by its name."""
    try:
        return softhsm(ROOT / ".cache" / "softhsm")
    except NoSoftToken as error:
        if os.environ.get(WITHOUT):
            pytest.skip(f"{WITHOUT} is set: signing by PKCS#11 was NOT tested ({error})")
        pytest.fail(f"{error}. Install softhsm2, or set {WITHOUT}=1 to leave PKCS#11 untested.")


@pytest.fixture(scope="session")
def token(soft_hsm: SoftHsm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Token, Path]]:
    """A token that holds the only copy of the leaf's key, and the folder with its certificates."""
    made = tmp_path_factory.mktemp("token-ca") / "made"
    Authority(made, SystemClock()).prepare()
    folder = _given(made, made.parent / "given")
    before = os.environ.get("SOFTHSM2_CONF")
    soft_hsm.token(made.parent / "hsm", "semblance", "claims", (folder / "leaf.key").read_bytes())
    (folder / "leaf.key").unlink()
    yield Token(soft_hsm.module, "semblance", "claims", PIN), folder
    os.environ.pop("SOFTHSM2_CONF") if before is None else os.environ.update(SOFTHSM2_CONF=before)


def _on(token: tuple[Token, Path], clock=None, **changes: object) -> Pkcs11KeySource:
    which, folder = token
    return Pkcs11KeySource(
        dataclasses.replace(which, **changes), folder / "leaf.pem", folder / "root.pem", clock or SystemClock()
    )


@pytest.fixture
def on_token(token: tuple[Token, Path]) -> Iterator[Pkcs11KeySource]:
    """Closed afterwards: a login is the whole process's, and would let a wrong PIN pass."""
    source = _on(token)
    yield source
    source.close()


@pytest.fixture(params=SOURCES)
def keys(request: pytest.FixtureRequest, tmp_path: Path) -> KeySource:
    match request.param:
        case "development":
            return Authority(tmp_path / "signing", SystemClock())
        case "token":
            return request.getfixturevalue("on_token")
        case _:
            Authority(tmp_path / "made", SystemClock()).prepare()
            return Authority(_given(tmp_path / "made", tmp_path / "given"), SystemClock())


def test_a_source_signs_with_the_leafs_key(keys: KeySource) -> None:
    keys.prepare()
    identity = keys.identity()
    signature = identity.sign(b"a claim")
    assert identity.algorithm == "es256"
    assert len(signature) == 64
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    identity.leaf.public_key().verify(encode_dss_signature(r, s), b"a claim", ec.ECDSA(hashes.SHA256()))


def test_a_source_signs_pictures_that_are_trusted(keys: KeySource, bench, request: pytest.FixtureRequest) -> None:
    engine = C2paEngine(keys, bench.engine._generator)
    data = engine.sign(bench.files["image/jpeg"], dataclasses.replace(bench.claim, media_type="image/jpeg"))
    reading = engine.read(data, "image/jpeg")
    assert (reading.state, reading.failures) == (ManifestState.TRUSTED, ())
    assert reading.development_signer == keys.is_development() == ("development" in request.node.callspec.id)


def test_a_source_serves_many_threads(keys: KeySource) -> None:
    identity, signatures = keys.identity(), []
    threads = [threading.Thread(target=lambda: signatures.append(identity.sign(b"one"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [len(signature) for signature in signatures] == [64] * 8


def test_a_token_keeps_its_key(token: tuple[Token, Path]) -> None:
    which, folder = token
    assert not list(folder.glob("*.key"))
    assert PIN not in repr(which)
    assert not _on(token).is_development()


@pytest.mark.parametrize(
    "changes",
    [{"pin": "9999"}, {"token_label": "another"}, {"key_label": "another"}, {"module": Path("/nowhere/lib.so")}],
    ids=lambda changes: next(iter(changes)),
)
def test_what_is_wrong_with_a_token_shows_at_the_start(token: tuple[Token, Path], changes: dict[str, object]) -> None:
    source = _on(token, **changes)
    with pytest.raises(SigningUnavailable) as found:
        source.prepare()
    assert "9999" not in str(found.value)


def test_a_token_with_another_key_than_the_leafs_is_noticed(token: tuple[Token, Path], tmp_path: Path) -> None:
    Authority(tmp_path / "other", SystemClock()).prepare()
    source = Pkcs11KeySource(token[0], tmp_path / "other" / "leaf.pem", token[1] / "root.pem", SystemClock())
    with pytest.raises(SigningUnavailable, match="does not belong"):
        source.identity()
    source.close()


def test_a_tokens_leaf_that_expired_signs_nothing(token: tuple[Token, Path]) -> None:
    clock = FakeClock()
    clock.advance(10_000 * 86_400)
    with pytest.raises(SigningUnavailable, match="expired"):
        _on(token, clock).identity()


def test_a_token_without_certificates_beside_it_is_noticed(token: tuple[Token, Path], tmp_path: Path) -> None:
    source = Pkcs11KeySource(token[0], tmp_path / "leaf.pem", tmp_path / "root.pem", SystemClock())
    with pytest.raises(SigningUnavailable, match=r"leaf\.pem"):
        source.prepare()


def test_the_settings_choose_the_token(token: tuple[Token, Path]) -> None:
    which, folder = token
    settings = ProvenanceSettings(
        signing_dir=folder,
        pkcs11_module=which.module,
        pkcs11_token_label=which.token_label,
        pkcs11_key_label=which.key_label,
        pkcs11_pin=PIN,
    )
    assert PIN not in repr(settings)
    source = keys_of(settings, SystemClock())
    assert isinstance(source, Pkcs11KeySource)
    source.prepare()
    source.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the library mourns its session
def test_a_session_that_ended_is_opened_again(on_token: Pkcs11KeySource) -> None:
    identity = on_token.identity()
    on_token._session.close()
    assert len(identity.sign(b"a claim")) == 64
    gc.collect()


def test_a_leaf_that_is_replaced_while_running_is_used_from_then_on(tmp_path: Path) -> None:
    clock = SystemClock()
    for name in ("first", "second"):
        Authority(tmp_path / name, clock).prepare()
    folder = _given(tmp_path / "first", tmp_path / "given")
    source = Authority(folder, clock)
    before = source.identity()
    for name in ("root.pem", "leaf.key", "leaf.pem"):
        new = folder / f"{name}.new"
        new.write_bytes((tmp_path / "second" / name).read_bytes())
        new.replace(folder / name)
    assert source.identity().chain_pem != before.chain_pem
