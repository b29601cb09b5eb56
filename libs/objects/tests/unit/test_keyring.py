"""One suite for both key rings."""

from __future__ import annotations

import pytest

from semblance.kernel.errors import Invalid, Kind
from semblance.kernel.ids import new_id
from semblance.objects import KeyRing, SubjectKeyDestroyed, UnknownSubjectKey


def test_a_key_is_made_once(keyring: KeyRing) -> None:
    subject = new_id()
    keyring.create(subject)
    key = keyring.data_key(subject)
    keyring.create(subject)
    assert keyring.data_key(subject) == key
    assert len(key) == 32
    assert keyring.exists(subject)


def test_two_people_have_two_keys(keyring: KeyRing) -> None:
    one, two = new_id(), new_id()
    keyring.create(one)
    keyring.create(two)
    assert keyring.data_key(one) != keyring.data_key(two)


def test_nobodys_key_is_unknown(keyring: KeyRing) -> None:
    with pytest.raises(UnknownSubjectKey):
        keyring.data_key(new_id())
    assert not keyring.exists(new_id())


def test_a_destroyed_key_never_comes_back(keyring: KeyRing) -> None:
    subject = new_id()
    keyring.create(subject)
    first = keyring.destroy(subject)
    assert first.key_id
    with pytest.raises(SubjectKeyDestroyed) as caught:
        keyring.data_key(subject)
    assert caught.value.kind is Kind.GONE
    with pytest.raises(SubjectKeyDestroyed):
        keyring.create(subject)
    assert not keyring.exists(subject)
    assert keyring.destroy(subject) == first


def test_a_person_without_a_key_can_be_barred_too(keyring: KeyRing) -> None:
    subject = new_id()
    assert keyring.destroy(subject).key_id == ""
    with pytest.raises(SubjectKeyDestroyed):
        keyring.create(subject)


@pytest.mark.parametrize("subject", ["", "../../etc/passwd", "somebody"])
def test_ids_that_are_no_uuids_are_refused(keyring: KeyRing, subject: str) -> None:
    for call in (keyring.create, keyring.data_key, keyring.destroy, keyring.exists):
        with pytest.raises(Invalid):
            call(subject)
