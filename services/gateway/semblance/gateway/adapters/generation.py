"""Generation over gRPC."""

from __future__ import annotations

from typing import Any

from semblance.contracts.generation.v1 import service_pb2 as pb
from semblance.contracts.generation.v1.service_pb2_grpc import GenerationServiceStub
from semblance.gateway.adapters import protos
from semblance.gateway.domain.sharing import ImageCount
from semblance.gateway.domain.things import BesideOrder, Capabilities, Image, ImageOrder, Page, Region

_BACKBONES_OWN_SCALE = -1.0  # the contract's word for "leave the reference face's weight to the backbone"

_KEPT = {
    "nothing": pb.KEPT_PART_UNSPECIFIED,
    "face": pb.KEPT_PART_FACE,
    "background": pb.KEPT_PART_BACKGROUND,
}


class GrpcGeneration:
    """See ports.Generation."""

    def __init__(self, channel: Any) -> None:
        self._stub: Any = GenerationServiceStub(channel)

    def create(self, subject_id: str, order: ImageOrder) -> Image:
        request = pb.CreateImageRequest(
            subject_id=subject_id,
            consent_id=order.consent_id,
            image_id=order.image_id,
            adapter_id=order.adapter_id,
            prompt=order.prompt,
            negative_prompt=order.negative_prompt,
            seed=order.seed,
            steps=order.steps or 0,
            guidance_scale=order.guidance_scale or 0.0,
            likeness_scale=_BACKBONES_OWN_SCALE if order.likeness_scale is None else order.likeness_scale,
            use=order.use,
            adapter_strength=order.adapter_strength or 0.0,
            begin_within_s=order.begin_within_s or 0,
            size=order.size,
        )
        if order.edit is not None:
            request.source_image_id = order.edit.source_image_id
            request.strength = order.edit.strength
            request.kept = _KEPT[order.edit.kept]
        if order.region is not None:
            request.region.CopyFrom(_region(order.region))
        request.own_prompt = order.own_prompt
        request.beside.extend(map(_beside, order.beside))
        if order.shared is not None:
            request.requester_id = order.shared.requester_id
            request.review = order.shared.review
            request.limits.extend(order.shared.limits)
            request.denied_styles.extend(order.shared.denied_styles)
            request.denied_uses.extend(order.shared.denied_uses)
            request.allowed_uses.extend(order.shared.allowed_uses)
            request.requester_name = order.shared.requester_name
        return _image(self._stub.CreateImage(request))

    def image(self, subject_id: str, image_id: str) -> Image:
        return _image(self._stub.GetImage(pb.GetImageRequest(subject_id=subject_id, image_id=image_id)))

    def images(self, subject_id: str, *, after: str | None, limit: int, by_others: bool = False) -> Page[Image]:
        return self._page(
            pb.ListImagesRequest(subject_id=subject_id, after=after or "", limit=limit, by_others=by_others)
        )

    def made(self, requester_id: str, image_id: str) -> Image:
        return _image(self._stub.GetImage(pb.GetImageRequest(requester_id=requester_id, image_id=image_id)))

    def made_by(self, requester_id: str, *, after: str | None, limit: int) -> Page[Image]:
        return self._page(pb.ListImagesRequest(requester_id=requester_id, after=after or "", limit=limit))

    def show(self, subject_id: str, image_id: str, *, shown: bool) -> Image:
        request = pb.SetVisibilityRequest(subject_id=subject_id, image_id=image_id, shown=shown)
        return _image(self._stub.SetVisibility(request))

    def counts(self, subject_id: str) -> tuple[ImageCount, ...]:
        answer = self._stub.CountImages(pb.CountImagesRequest(subject_id=subject_id))
        return tuple(
            ImageCount(c.consent_id, c.adapter_consent_id, protos.word(pb.ImageState, c.state), c.by_others, c.count)
            for c in answer.counts
        )

    def capabilities(self) -> Capabilities:
        answer = self._stub.GetCapabilities(pb.GetCapabilitiesRequest())
        return Capabilities(answer.people_max, answer.steps_max, answer.own_steps or None, tuple(answer.sizes))

    def _page(self, request: pb.ListImagesRequest) -> Page[Image]:
        answer = self._stub.ListImages(request)
        return Page(tuple(_image(image) for image in answer.images), answer.next_after or None)

    def remove(self, subject_id: str, image_id: str) -> Image:
        return _image(self._stub.RemoveImage(pb.RemoveImageRequest(subject_id=subject_id, image_id=image_id)))


def _region(region: Region) -> pb.Region:
    return pb.Region(left=region.left, top=region.top, right=region.right, bottom=region.bottom)


def _beside(each: BesideOrder) -> pb.Beside:
    named = pb.Beside(
        subject_id=each.subject_id,
        consent_id=each.consent_id,
        adapter_id=each.adapter_id,
        region=_region(each.region) if each.region is not None else None,
        prompt=each.prompt,
    )
    if each.shared is not None:
        named.review = each.shared.review
        named.limits.extend(each.shared.limits)
        named.denied_styles.extend(each.shared.denied_styles)
        named.denied_uses.extend(each.shared.denied_uses)
        named.allowed_uses.extend(each.shared.allowed_uses)
    return named


def _image(answer: Any) -> Image:
    return Image(
        id=answer.image_id,
        consent_id=answer.consent_id,
        adapter_id=answer.adapter_id,
        state=protos.word(pb.ImageState, answer.state),
        reason_codes=tuple(answer.reason_codes),
        seed=answer.seed,
        width_px=answer.width_px,
        height_px=answer.height_px,
        manifest_id=answer.manifest_id,
        requested_at=protos.instant(answer, "requested_at"),
        finished_at=protos.instant(answer, "finished_at"),
        subject_id=answer.subject_id,
        requester_id=answer.requester_id,
        visibility=answer.visibility,
        use=answer.use,
        source_image_id=answer.source_image_id,
        people=answer.people,
        further=tuple((each.subject_id, each.consent_id) for each in answer.further_subjects),
    )
