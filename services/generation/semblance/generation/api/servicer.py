"""GenerationService: protobuf to handlers and back."""

# ruff: noqa: ARG002 - every method has the signature that gRPC calls it with

from __future__ import annotations

import grpc

from semblance.contracts.generation.v1 import service_pb2, service_pb2_grpc
from semblance.generation.api.messages import counts, image
from semblance.generation.domain.edit import Kept, parse_changes
from semblance.generation.domain.errors import InvalidOrder
from semblance.generation.domain.image import Image
from semblance.generation.domain.order import MAX_STEPS, parse_order, parse_words
from semblance.generation.domain.sizes import parse_size
from semblance.generation.domain.together import Area, parse_area
from semblance.generation.handlers import images
from semblance.generation.handlers.editing import FromPicture
from semblance.generation.handlers.terms import Shared, Sitter
from semblance.generation.handlers.together import Placed
from semblance.generation.ports import Ports
from semblance.kernel.ids import AdapterId, ConsentId, ImageId, SubjectId, parse_id
from semblance.kernel.spoken_name import plain_name
from semblance.kernel.use import parse_use, parse_uses

_KEPT = {
    service_pb2.KEPT_PART_UNSPECIFIED: Kept.NOTHING,
    service_pb2.KEPT_PART_FACE: Kept.FACE,
    service_pb2.KEPT_PART_BACKGROUND: Kept.BACKGROUND,
}


class GenerationServicer(service_pb2_grpc.GenerationServiceServicer):
    """Raises the tree's errors; the server's interceptor maps them."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def CreateImage(self, request: service_pb2.CreateImageRequest, context: grpc.ServicerContext) -> service_pb2.Image:
        """Queue a picture; the same id again answers with the same picture."""
        command = images.CreateImage(
            subject_id=_subject(request.subject_id),
            consent_id=ConsentId(parse_id(request.consent_id, "consent_id")),
            image_id=_image(request.image_id),
            adapter_id=AdapterId(parse_id(request.adapter_id, "adapter_id")),
            words=parse_words(request.prompt, request.negative_prompt, _said(request)),
            order=parse_order(
                seed=request.seed,
                steps=request.steps,
                guidance_scale=request.guidance_scale,
                likeness_scale=request.likeness_scale,
                area=_area(request),
                adapter_strength=request.adapter_strength,
                size=parse_size(request.size, self._ports.rules.sizes),
            ),
            shared=_shared(request),
            use=parse_use(request.use),
            source=_source(request, self._ports.rules.own_steps),
            beside=tuple(_beside(each, _asker(request)) for each in request.beside),
            begin_within_s=request.begin_within_s,
        )
        return image(images.create_image(command, self._ports), to_asker=True)

    def GetImage(self, request: service_pb2.GetImageRequest, context: grpc.ServicerContext) -> service_pb2.Image:
        """One of the person's own, or one that the requester asked for."""
        if request.requester_id:
            asker_id = _subject(request.requester_id)
            return image(images.made_image(asker_id, _image(request.image_id), self._ports), to_asker=True)
        return _told(images.get_image(_subject(request.subject_id), _image(request.image_id), self._ports))

    def ListImages(
        self, request: service_pb2.ListImagesRequest, context: grpc.ServicerContext
    ) -> service_pb2.ListImagesResponse:
        """A page of the person's own, of what others asked for of them, or of what one asked for of others."""
        after = parse_id(request.after, "after") if request.after else ""
        if request.requester_id:
            found, next_after = images.made_images(_subject(request.requester_id), after, request.limit, self._ports)
        else:
            whose = _subject(request.subject_id), after, request.limit, self._ports
            found, next_after = images.list_images(*whose, by_others=request.by_others)
        told = [image(made, to_asker=True) if request.requester_id else _told(made) for made in found]
        return service_pb2.ListImagesResponse(images=told, next_after=next_after)

    def RemoveImage(self, request: service_pb2.RemoveImageRequest, context: grpc.ServicerContext) -> service_pb2.Image:
        """Stop it or delete it."""
        return _told(images.remove_image(_subject(request.subject_id), _image(request.image_id), self._ports))

    def SetVisibility(
        self, request: service_pb2.SetVisibilityRequest, context: grpc.ServicerContext
    ) -> service_pb2.Image:
        """The subject's word on a picture that somebody else asked for."""
        ids = _subject(request.subject_id), _image(request.image_id)
        return _told(images.set_visibility(*ids, self._ports, shown=request.shown))

    def CountImages(
        self, request: service_pb2.CountImagesRequest, context: grpc.ServicerContext
    ) -> service_pb2.CountImagesResponse:
        """By consent and state."""
        return counts(images.count_images(_subject(request.subject_id), self._ports))

    def GetCapabilities(
        self, request: service_pb2.GetCapabilitiesRequest, context: grpc.ServicerContext
    ) -> service_pb2.Capabilities:
        """Of the backbone and the settings."""
        rules = self._ports.rules
        return service_pb2.Capabilities(
            people_max=rules.people, steps_max=MAX_STEPS, own_steps=rules.own_steps or 0, sizes=list(rules.sizes)
        )


def _told(made: Image) -> service_pb2.Image:
    """To somebody whom it shows, who may be whoever asked."""
    return image(made, to_asker=bool(made.others) and made.asker_id == made.subject_id)


def _said(request: service_pb2.CreateImageRequest) -> tuple[str, ...]:
    return (request.own_prompt, *(each.prompt for each in request.beside)) if request.beside else ()


def _area(placed: service_pb2.CreateImageRequest | service_pb2.Beside) -> Area | None:
    """None: none was named."""
    if not placed.HasField("region"):
        return None
    region = placed.region
    return parse_area(region.left, region.top, region.right, region.bottom)


def _beside(each: service_pb2.Beside, asker_id: SubjectId) -> Placed:
    subject_id = _subject(each.subject_id)
    shared = Shared(
        requester_id=asker_id,
        review=each.review,
        limits=tuple(each.limits),
        denied_styles=tuple(each.denied_styles),
        allowed_uses=parse_uses(each.allowed_uses),
        denied_uses=tuple(each.denied_uses),
    )
    sitter = Sitter(
        subject_id,
        ConsentId(parse_id(each.consent_id, "consent_id")),
        AdapterId(parse_id(each.adapter_id, "adapter_id")),
        None if subject_id == asker_id else shared,
    )
    return Placed(sitter, _area(each))


def _source(request: service_pb2.CreateImageRequest, own_steps: int | None) -> FromPicture | None:
    if not request.source_image_id:
        return None
    kept = _KEPT.get(request.kept)
    if kept is None:
        raise InvalidOrder("that part cannot be kept")
    changes = parse_changes(request.strength, kept, request.steps or own_steps)
    return FromPicture(_image(request.source_image_id), changes)


def _shared(request: service_pb2.CreateImageRequest) -> Shared | None:
    if not request.requester_id:
        return None
    return Shared(
        requester_id=_subject(request.requester_id),
        review=request.review,
        limits=tuple(request.limits),
        denied_styles=tuple(request.denied_styles),
        allowed_uses=parse_uses(request.allowed_uses),
        denied_uses=tuple(request.denied_uses),
        requester_name=plain_name(request.requester_name),
    )


def _asker(request: service_pb2.CreateImageRequest) -> SubjectId:
    return _subject(request.requester_id or request.subject_id)


def _subject(text: str) -> SubjectId:
    return SubjectId(parse_id(text, "subject_id"))


def _image(text: str) -> ImageId:
    return ImageId(parse_id(text, "image_id"))
