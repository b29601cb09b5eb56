"""What can go wrong between services; texts hold topics, codes and offsets, never a payload."""

from __future__ import annotations

from semblance.kernel.errors import Invalid, Unavailable


class BrokerUnavailable(Unavailable):
    """The broker did not answer in time; nothing is known to be lost."""

    code = "broker-unavailable"
    away = True


class MalformedEvent(Invalid):
    """A record is no event that this build can read; `code` says why and becomes the dead letter's reason."""

    code = "malformed-event"


class RecordTooLarge(Invalid):
    """A record is over the size that producers may send."""

    code = "record-too-large"


class TooManyDeadLetters(Unavailable):
    """So many records in a row could not be handled that the fault is ours: the consumer must stop."""

    code = "too-many-dead-letters"
