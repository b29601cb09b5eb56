"""Argon2id, few at a time: each takes memory on purpose."""

from __future__ import annotations

import threading

from argon2 import Parameters, PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from argon2.profiles import RFC_9106_LOW_MEMORY

_AT_ONCE = 2  # 2 x 64 MiB with the RFC 9106 low-memory profile


class Argon2Passwords:
    """See ports.Passwords. `parameters` default to RFC 9106 section 4, second recommended option."""

    def __init__(self, parameters: Parameters = RFC_9106_LOW_MEMORY) -> None:
        self._hasher = PasswordHasher.from_parameters(parameters)
        self._slots = threading.BoundedSemaphore(_AT_ONCE)
        self._nobody = self._hasher.hash("an account that does not exist")

    def hash(self, password: str) -> str:
        with self._slots:
            return self._hasher.hash(password)

    def verify(self, password_hash: str | None, password: str) -> bool:
        with self._slots:
            try:
                return self._hasher.verify(password_hash or self._nobody, password) and password_hash is not None
            except (VerifyMismatchError, InvalidHashError):
                return False
