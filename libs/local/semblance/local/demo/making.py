"""Steps 3 and 4: an adapter, and four pictures that pass the filter and verify."""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import Image as Picture

from semblance.client.models import Adapter, Consent, JobEvent
from semblance.local.demo.narrator import Advance, Stage, Step, StepFailed, require

PROMPTS = (
    "a photo of sks person, in a studio",
    "a photo of sks person, smiling, outdoors",
    "a photo of sks person, on a beach",
    "a photo of sks person, in a forest",
)
_TRAIN_S = 900.0
_IMAGE_S = 300.0
_SEED = 7


def train(stage: Stage, consent: Consent, advance: Advance, step: Step) -> Adapter:
    """Train and wait; the adapter must reach its likeness floor. Raises StepFailed, ApiError."""
    client, report = stage.client, stage.report
    asked = client.train_adapter(consent.id, "demo")

    def tick(event: JobEvent) -> None:
        if event.progress is not None:
            advance(event.progress.step, event.progress.steps, event.progress.phase)

    client.wait(asked.id, timeout_s=_TRAIN_S, on_event=tick)
    adapter = client.adapter(asked.id)
    report["adapter"] = {
        "state": adapter.state,
        "reason": adapter.reason_code,
        "photos": adapter.photo_count,
        "held_out_likeness": round(adapter.likeness, 4),
        "likeness_floor": round(adapter.likeness_floor, 4),
    }
    require(adapter.state == "ready", f"the adapter ended {adapter.state} {adapter.reason_code}".strip())
    require(adapter.likeness >= adapter.likeness_floor, "an adapter below its floor was published")
    step.detail = (
        f"learnt from {adapter.photo_count} photos; held-out likeness {adapter.likeness:.2f}, "
        f"floor {adapter.likeness_floor:.2f}"
    )
    return adapter


@dataclass(frozen=True)
class Made:
    """A published picture: the signed bytes as they were fetched."""

    image_id: str
    prompt: str
    file: str
    data: bytes


def make_pictures(stage: Stage, adapter: Adapter, advance: Advance) -> list[Made]:
    """Ask for every prompt, wait, fetch, verify as Trusted, and see that an altered copy does not verify.

    Raises StepFailed, ApiError.
    """
    client, report = stage.client, stage.report
    asked = [
        (prompt, client.create_image(adapter.id, prompt, seed=_SEED + number)) for number, prompt in enumerate(PROMPTS)
    ]
    report["pictures"] = []
    made: list[Made] = []
    for number, (prompt, image) in enumerate(asked):
        advance(number, len(asked), prompt)
        ended = client.wait(image.id, timeout_s=_IMAGE_S)
        if ended.state != "published":
            raise StepFailed(f"{prompt!r} ended {ended.state}: {', '.join(ended.reason_codes)}")
        content = client.image_content(image.id)
        suffix = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}[content.content_type]
        file = f"picture-{number + 1}.{suffix}"
        (stage.out / file).write_bytes(content.data)
        verified = client.verify(content.data)
        require(verified.state == "Trusted", f"{file} verifies as {verified.state}: {', '.join(verified.failures)}")
        require(verified.made_here, f"{file} is not known as made here")
        require(verified.consent_state == "active", f"the consent behind {file} is said to be {verified.consent_state}")
        made.append(Made(image.id, prompt, file, content.data))
        report["pictures"].append(
            {
                "prompt": prompt,
                "file": file,
                "state": ended.state,
                "seed": image.seed,
                "manifest_state": verified.state,
                "development_signer": verified.development_signer,
                "sha256": content.sha256,
            }
        )
    altered = client.verify(_altered(made[0].data))
    require(altered.state == "Invalid", f"an altered picture verifies as {altered.state}")
    report["altered_picture"] = {"manifest_state": altered.state, "failures": altered.failures}
    stage.narrator.say(f"a copy with one changed pixel verifies as {altered.state}")
    return made


def _altered(data: bytes) -> bytes:
    """The same file with one byte of its pixels changed: the last quarter of a picture is pixels, not manifest."""
    position = len(data) - max(64, len(data) // 50)
    return data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]


def pixels(data: bytes) -> bytes:
    """Only the pixels, as PNG, for the contact sheet."""
    out = io.BytesIO()
    with Picture.open(io.BytesIO(data)) as picture:
        picture.convert("RGB").save(out, "PNG")
    return out.getvalue()
