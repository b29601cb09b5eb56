"""Adapters, and pictures made with them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from semblance.client.calls import SLOW_S, Calls
from semblance.client.errors import DamagedContent
from semblance.client.files import content_of, file_part
from semblance.client.models import Adapter, Capabilities, Content, Image, Manifest, Variations, Verification

Region = str | Mapping[str, float]


class ImageCalls(Calls):
    """Part of Client."""

    def train_adapter(self, consent_id: str, name: str = "me", *, key: str | None = None) -> Adapter:
        """Queue a training on the accepted photos; wait() for the adapter's id."""
        return self._create(Adapter, "/v1/adapters", {"consent_id": consent_id, "name": name}, key)

    def adapters(self) -> Iterator[Adapter]:
        """The account's adapters."""
        return self._list(Adapter, "/v1/adapters")

    def adapter(self, adapter_id: str) -> Adapter:
        """One adapter."""
        return self._get(Adapter, f"/v1/adapters/{adapter_id}")

    def remove_adapter(self, adapter_id: str) -> Adapter:
        """Cancel a training, or destroy an adapter."""
        return self._delete(Adapter, f"/v1/adapters/{adapter_id}")

    def capabilities(self) -> Capabilities:
        """What a picture can be asked for here."""
        return self._get(Capabilities, "/v1/capabilities")

    def create_image(
        self,
        adapter_id: str,
        prompt: str,
        *,
        consent_id: str | None = None,
        negative_prompt: str = "",
        seed: int | None = None,
        steps: int | None = None,
        guidance_scale: float | None = None,
        likeness_scale: float | None = None,
        adapter_strength: float | None = None,
        begin_within_s: int | None = None,
        size: str | None = None,
        use: str | None = None,
        others: Sequence[Mapping[str, Any]] = (),
        region: Region | None = None,
        own_prompt: str = "",
        key: str | None = None,
    ) -> Image:
        """Queue a picture; wait() for the image's id. None leaves a number to the platform. `adapter_strength`: what
        share of the adapter is worn, more than 0, at most 1. `begin_within_s`: not begun by then, it fails as
        "not-begun-in-time". `size`: one of capabilities().sizes. `use`: a word of semblance.kernel.use, signed into the
        picture. `others`: whom it shows beside you, each with the `grant_id` that they gave to you, where they stand
        (`region`: "left", "right", "top", "bottom" or a box of left, top, right and bottom in shares of the picture)
        and what is said of them alone (`prompt`); `region` and `own_prompt` are yours. Without regions all stand side
        by side."""
        asked: dict[str, Any] = {
            "adapter_id": adapter_id,
            "prompt": prompt,
            "consent_id": consent_id,
            "negative_prompt": negative_prompt,
            "seed": seed,
            "steps": steps,
            "guidance_scale": guidance_scale,
            "likeness_scale": likeness_scale,
            "adapter_strength": adapter_strength,
            "begin_within_s": begin_within_s,
            "size": size,
            "use": use,
            **(
                {"others": [dict(each) for each in others], "region": region, "own_prompt": own_prompt}
                if others
                else {}
            ),
        }
        return self._create(Image, "/v1/images", {k: v for k, v in asked.items() if v is not None}, key)

    def edit_image(
        self,
        image_id: str,
        prompt: str,
        *,
        strength: float | None = None,
        keep: str = "nothing",
        key: str | None = None,
        **numbers: Any,
    ) -> Image:
        """Queue an edit of a published image; wait() for the new image's id. keep: "nothing", "face" or "background";
        strength: more than 0, at most 1. numbers: seed, steps, negative_prompt, use, ... as for create_image."""
        asked = {"prompt": prompt, "strength": strength, "keep": keep, **numbers}
        wanted = {name: value for name, value in asked.items() if value is not None}
        return self._create(Image, f"/v1/images/{image_id}/edits", wanted, key)

    def vary_image(
        self,
        image_id: str,
        n: int = 1,
        *,
        strength: float | None = None,
        begin_within_s: int | None = None,
        use: str | None = None,
        key: str | None = None,
    ) -> list[Image]:
        """Queue up to four images like a published one; wait() for each."""
        asked = {"n": n, "strength": strength, "begin_within_s": begin_within_s, "use": use}
        wanted = {name: value for name, value in asked.items() if value is not None}
        return self._create(Variations, f"/v1/images/{image_id}/variations", wanted, key).items

    def images(self) -> Iterator[Image]:
        """The account's images."""
        return self._list(Image, "/v1/images")

    def image(self, image_id: str) -> Image:
        """One image's state."""
        return self._get(Image, f"/v1/images/{image_id}")

    def image_content(self, image_id: str) -> Content:
        """The signed bytes. Raises DamagedContent when they are not what the platform signed."""
        content = content_of(self._transport.get(f"/v1/images/{image_id}/content"))
        if hashlib.sha256(content.data).hexdigest() != content.sha256:
            raise DamagedContent("the image arrived damaged")
        return content

    def image_manifest(self, image_id: str) -> Manifest:
        """The C2PA manifest kept for a published image."""
        return self._get(Manifest, f"/v1/images/{image_id}/manifest")

    def remove_image(self, image_id: str) -> Image:
        """Cancel a picture, or delete one."""
        return self._delete(Image, f"/v1/images/{image_id}")

    def verify(self, picture: Path | bytes, *, content_type: str | None = None) -> Verification:
        """What can be said of any picture; needs no account."""
        data, content_type = file_part(picture, content_type)
        response = self._transport.call(
            "POST", "/v1/verify", files={"image": ("image", data, content_type)}, timeout=SLOW_S
        )
        return Verification.model_validate_json(response.content)
