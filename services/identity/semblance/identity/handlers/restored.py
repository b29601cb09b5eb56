"""After a restore: the log of consents remembers what an older backup of the database does not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from semblance.identity.domain.consent import RevocationReason
from semblance.identity.handlers.consents import end
from semblance.identity.ports import Ports, Store
from semblance.kernel.consent import Consent


@dataclass(frozen=True)
class CaughtUp:
    """How many consents the database did not know as they are: ended ones, and ones that it had never heard of."""

    ended: int = 0
    unheard: int = 0


def catch_up(known: Iterable[Consent], ports: Ports) -> CaughtUp:
    """Bring the database up to the log. In ordinary life the database is ahead, and nothing happens.

    Nothing is published: whoever asks about consent has read the same log. A standing consent that the database lost
    is written down again, since else its owner could neither see it nor take it back. A grant that it lost ends, since
    its limits and its count are lost too; that is published.
    """
    ended = unheard = 0
    for consent in known:
        with ports.reads() as store:
            if not _is_news(consent, store, ports):
                continue
        with ports.transactions() as store:
            store.lock_subject(consent.subject_id)
            if not _is_news(consent, store, ports):
                continue
            mine = store.consents.get(consent.id, lock=True)
            if mine is None:
                store.lock_subject(consent.subject_id, seen_at=ports.clock.now())
                unheard += 1
            else:
                ended += consent.revoked_at is not None
            store.consents.save(consent)
            if mine is None and consent.grantee_id is not None:
                # Its limits were lost with its row: nobody may make pictures without them.
                end(store, consent, RevocationReason.OPERATOR, ports)
    return CaughtUp(ended, unheard)


def _is_news(consent: Consent, store: Store, ports: Ports) -> bool:
    mine = store.consents.get(consent.id)
    if mine is not None:
        return consent.revision > mine.revision
    if consent.revoked_at is not None or ports.clock.now() >= consent.expires_at:
        return False
    # Gone from the database because the person was erased, whose last revocation may still be on its way.
    parties = [party for party in (consent.subject_id, consent.grantee_id) if party is not None]
    return not any(store.erasures.of_subject(party, ports.receipts.fingerprint(party)) for party in parties)
