"""What you let others make, and what you ask of others: models and calls."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

from semblance.client.calls import Calls
from semblance.client.models import ConsentAnswer, Image, Model, Reason


class Sharing(Model):
    """`level`: only_me, people, apps or everyone; each allows what the one before does."""

    level: str
    limits: tuple[str, ...] = ()
    review: bool = True
    pictures: int = 0


class Who(Model):
    """A verified app by its name, a person by their handle; no name once the account is erased."""

    id: str
    name: str | None = None
    is_app: bool = False


class Scope(Model):
    pictures: int
    days: int
    review: bool = True
    limits: tuple[str, ...] = ()
    denied_styles: tuple[str, ...] = ()
    denied_uses: tuple[str, ...] = ()
    allowed_uses: tuple[str, ...] = ()
    together: bool = False


class Grant(Model):
    """`state`: asked, allowed, refused, withdrawn, expired or lapsed. Before it is allowed its asker sees no
    `subject_id`."""

    id: str
    subject_id: str | None = None
    grantee: Who
    state: str
    purpose: str = ""
    asked: Scope | None = None
    allowed: Scope | None = None
    general_limits: tuple[str, ...] = ()
    pictures_made: int = 0
    pictures_left: int = 0
    by_level: bool = False
    asked_at: dt.datetime | None = None
    answered_at: dt.datetime | None = None
    expires_at: dt.datetime | None = None


class InboxItem(Model):
    """A picture of you that somebody else asked for."""

    requested_by: Who
    grant_id: str
    image: Image


class PicturesAfter(Model):
    stopped: int
    kept: int
    kept_of_others: int


class Simulation(Model):
    """What a change would do; nothing was changed."""

    refused: Reason | None = None
    level_before: str | None = None
    level_after: str | None = None
    stand: tuple[Grant, ...] = ()
    start: tuple[Grant, ...] = ()
    stop: tuple[Grant, ...] = ()
    own_purposes: tuple[str, ...] = ()
    consents_withdrawn: tuple[str, ...] = ()
    adapters_destroyed: tuple[str, ...] = ()
    pictures: PicturesAfter | None = None
    explanation: tuple[str, ...] = ()


class SharingCalls(Calls):
    """The part of Client that is about others."""

    def sharing(self) -> Sharing:
        """How far you let others go."""
        return self._get(Sharing, "/v1/sharing")

    def set_sharing(
        self, level: str, limits: Sequence[str] = (), *, review: bool = True, pictures: int = 10
    ) -> Sharing:
        """The whole setting. A lower level ends the grants that it does not allow, at once and for good."""
        body = {"level": level, "limits": list(limits), "review": review, "pictures": pictures}
        return Sharing.model_validate_json(self._transport.call("PUT", "/v1/sharing", json=body).content)

    def ask_grant(
        self,
        subject_id: str,
        purpose: str,
        pictures: int,
        days: int,
        *,
        uses: Sequence[str] = (),
        together: bool = False,
        key: str | None = None,
    ) -> Grant:
        """Ask a person for pictures of them; the answer is the same whether they exist or not. Name the `uses` (words
        of semblance.kernel.use) that you need: people allow more to whoever says what for.
        `together`: also for pictures that show others as well."""
        body: dict[str, Any] = {"subject_id": subject_id, "purpose": purpose, "pictures": pictures, "days": days}
        body |= {"uses": list(uses), "together": together}
        return self._create(Grant, "/v1/grants", body, key)

    def give_grant(self, grantee_id: str, pictures: int, days: int, *, key: str | None = None, **terms: Any) -> Grant:
        """Let another account make pictures of you; `terms`: review, limits, denied_styles, denied_uses,
        allowed_uses, together."""
        body = {"grantee_id": grantee_id, "pictures": pictures, "days": days, **terms}
        return self._create(Grant, "/v1/grants/give", body, key)

    def grants(self, *, as_grantee: bool = False) -> Iterator[Grant]:
        """What others ask of you, or what you ask of others; newest first."""
        return self._list(Grant, "/v1/grants", role="grantee" if as_grantee else "person")

    def grant(self, grant_id: str) -> Grant:
        """One that you gave or were given."""
        return self._get(Grant, f"/v1/grants/{grant_id}")

    def allow_grant(self, grant_id: str, pictures: int, days: int, **terms: Any) -> Grant:
        """Say yes, to as much as was asked or to less; `terms`: review, limits, denied_styles, denied_uses,
        allowed_uses, together."""
        return self._change(
            Grant, "POST", f"/v1/grants/{grant_id}/allow", {"pictures": pictures, "days": days, **terms}
        )

    def refuse_grant(self, grant_id: str) -> Grant:
        """Say no."""
        return self._change(Grant, "POST", f"/v1/grants/{grant_id}/refuse", {})

    def withdraw_grant(self, grant_id: str) -> Grant:
        """Take it back, or give it up; twice is harmless."""
        return Grant.model_validate_json(self._transport.call("POST", f"/v1/grants/{grant_id}/withdraw").content)

    def check_grant(self, grant_id: str, *, use: str | None = None, together: bool = False) -> ConsentAnswer:
        """Would a picture for this use, alone or together with others, be allowed now, and if not, every reason why?
        Nothing happens."""
        body = {"grant_id": grant_id, **({"use": use} if use else {}), **({"together": True} if together else {})}
        response = self._transport.call("POST", "/v1/consents/check", json=body)
        return ConsentAnswer.model_validate_json(response.content)

    def simulate(self, **change: Any) -> Simulation:
        """What one change would do: set_sharing={...}, withdraw="<id>", allow={...} or give={...}. Changes nothing."""
        return Simulation.model_validate_json(
            self._transport.call("POST", "/v1/consents/simulate", json=change).content
        )

    def create_shared_image(
        self, grant_id: str, prompt: str, *, use: str | None = None, key: str | None = None, **numbers: Any
    ) -> Image:
        """Queue a picture of whoever gave the grant; `numbers`: seed, steps, likeness_scale, ... `use` is
        needed where the person allows some uses only; the refusal `use-required` lists them."""
        body = {"grant_id": grant_id, "prompt": prompt, **({"use": use} if use else {}), **numbers}
        return self._create(Image, "/v1/images", body, key)

    def shared_images(self) -> Iterator[Image]:
        """What you asked for of others."""
        return self._list(Image, "/v1/images", of="others")

    def inbox(self) -> Iterator[InboxItem]:
        """What others made of you; remove_image() deletes for everybody."""
        return self._list(InboxItem, "/v1/inbox")

    def approve_image(self, image_id: str) -> InboxItem:
        """Let whoever asked for it fetch it."""
        return InboxItem.model_validate_json(self._transport.call("POST", f"/v1/inbox/{image_id}/approve").content)

    def hide_image(self, image_id: str) -> InboxItem:
        """Whoever asked for it can fetch it no longer."""
        return InboxItem.model_validate_json(self._transport.call("POST", f"/v1/inbox/{image_id}/hide").content)
