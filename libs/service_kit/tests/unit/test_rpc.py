from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import grpc
import pytest
from opentelemetry import trace
from pydantic import SecretStr

from semblance.contracts.identity.v1 import review_pb2, review_pb2_grpc
from semblance.contracts.ingest.v1 import service_pb2, service_pb2_grpc
from semblance.kernel import errors
from semblance.service_kit import rpc, rpc_errors
from semblance.service_kit.problems import problem_of
from semblance.service_kit.settings import ServiceSettings

TOKEN = SecretStr("a-token")
RAISED: dict[str, Exception] = {
    "invalid": errors.Invalid("a rule — broken", remedy="mend it", code="too-small"),
    "missing": errors.NotFound("no such photo"),
    "who": errors.Unauthenticated("who are you"),
    "revoked": errors.ConsentRevoked("c-1"),
    "expired": errors.ConsentExpired("c-1"),
    "no-consent": errors.ConsentMissing(),
    "conflict": errors.Conflict("no"),
    "quota": errors.QuotaExceeded("a limit", retry_after_s=9),
    "gone": errors.Gone("erased"),
    "away": errors.Unavailable("the store is away", code="store-unavailable"),
    "bug": KeyError("a very private text"),
}


GIVEN_UP = threading.Event()
"""Set once the caller of the slow call has its answer, for which the server waits."""


class Photos(service_pb2_grpc.IngestServiceServicer):
    def GetPhoto(self, request: service_pb2.GetPhotoRequest, context: object) -> service_pb2.Photo:
        if request.photo_id in RAISED:
            raise RAISED[request.photo_id]
        if request.photo_id == "slow":
            GIVEN_UP.wait(60)
        trace_id = trace.get_current_span().get_span_context().trace_id
        return service_pb2.Photo(photo_id=request.photo_id, verdict=f"{trace_id:032x}")

    def GetPhotoContent(
        self, request: service_pb2.GetPhotoContentRequest, context: object
    ) -> Iterator[service_pb2.PhotoContent]:
        yield service_pb2.PhotoContent(content_type="image/png")
        if request.photo_id in RAISED:
            raise RAISED[request.photo_id]
        yield service_pb2.PhotoContent(data=b"x" * 100_000)

    def UploadPhoto(
        self, request_iterator: Iterator[service_pb2.UploadPhotoRequest], context: object
    ) -> service_pb2.Photo:
        return service_pb2.Photo(width_px=sum(len(part.data) for part in request_iterator))


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = rpc.server(TOKEN)
    service_pb2_grpc.add_IngestServiceServicer_to_server(Photos(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(0).wait()


@pytest.fixture(scope="module")
def stub(address: str) -> Iterator[service_pb2_grpc.IngestServiceStub]:
    with rpc.connect(address, TOKEN) as channel:
        yield service_pb2_grpc.IngestServiceStub(channel)


def get(stub: service_pb2_grpc.IngestServiceStub, photo_id: str, timeout: float | None = None) -> service_pb2.Photo:
    return stub.GetPhoto(service_pb2.GetPhotoRequest(photo_id=photo_id), timeout=timeout)


def test_every_kind_has_a_status() -> None:
    assert set(rpc_errors.STATUS_BY_KIND) == set(errors.Kind)
    assert len(set(rpc_errors.STATUS_BY_KIND.values())) == len(errors.Kind)


@pytest.mark.parametrize("name", sorted(set(RAISED) - {"bug"}))
def test_an_error_arrives_as_itself(stub: service_pb2_grpc.IngestServiceStub, name: str) -> None:
    sent = RAISED[name]
    assert isinstance(sent, errors.SemblanceError)
    with pytest.raises(errors.SemblanceError) as caught:
        get(stub, name)
    got = caught.value
    assert type(got) is type(sent)
    assert (got.kind, got.code, got.detail, got.remedy) == (sent.kind, sent.code, sent.detail, sent.remedy)
    assert getattr(got, "retry_after_s", None) == getattr(sent, "retry_after_s", None)
    assert getattr(got, "away", False) is (name == "away")


def test_whose_limits_refuse_it_is_told_to_the_service_that_asked(stub: service_pb2_grpc.IngestServiceStub) -> None:
    RAISED["limits"] = refusal = errors.Invalid("not this")
    refusal.by_limits_of = {"a-grant": "prompt-refused"}
    for name, told in (("limits", refusal.by_limits_of), ("invalid", {})):
        with pytest.raises(errors.SemblanceError) as caught:
            get(stub, name)
        assert caught.value.by_limits_of == told
    assert b"a-grant" not in problem_of(refusal, "/v1/images").body


def test_a_bug_there_is_one_more_way_of_being_unavailable_here(stub: service_pb2_grpc.IngestServiceStub) -> None:
    with pytest.raises(errors.Unavailable) as caught:
        get(stub, "bug")
    assert (caught.value.code, caught.value.away) == ("service-failed", False), "it may fail at this request alone"
    assert "private" not in str(caught.value.__cause__)


def test_streams_both_ways_and_their_errors(stub: service_pb2_grpc.IngestServiceStub) -> None:
    parts = list(stub.GetPhotoContent(service_pb2.GetPhotoContentRequest(photo_id="p")))
    assert sum(len(part.data) for part in parts) == 100_000
    stream = iter(stub.GetPhotoContent(service_pb2.GetPhotoContentRequest(photo_id="missing")))
    assert next(stream).content_type == "image/png"
    with pytest.raises(errors.NotFound):
        next(stream)
    sent = (service_pb2.UploadPhotoRequest(data=b"x" * 1000) for _ in range(5))
    assert stub.UploadPhoto(sent).width_px == 5000


@pytest.mark.parametrize("token", ["", "wrong", "a-token2"])
def test_a_call_without_the_token_is_refused(address: str, token: str) -> None:
    with rpc.connect(address, SecretStr(token)) as channel, pytest.raises(errors.Unauthenticated):
        get(service_pb2_grpc.IngestServiceStub(channel), "p")


def test_the_token_is_changed_while_everybody_calls_everybody() -> None:
    """Three rounds of restarts: no call between services before and after one is refused."""
    old, new, none = SecretStr("the-old-one"), SecretStr("the-new-one"), SecretStr("")
    rounds = [(old, none), (old, new), (new, old), (new, none)]  # what is shown, what is accepted beside it
    for number, (own, other) in enumerate(rounds):
        server = rpc.server(own, other_token=other)
        service_pb2_grpc.add_IngestServiceServicer_to_server(Photos(), server)
        here = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        server.start()
        shown = {name for name, _ in rounds[max(0, number - 1) : number + 2]}
        try:
            for token in (old, new, none):
                with rpc.connect(here, token) as channel:
                    stub = service_pb2_grpc.IngestServiceStub(channel)
                    if token in (own, other) and token is not none:
                        assert get(stub, "p").photo_id == "p"
                        continue
                    assert token not in shown
                    with pytest.raises(errors.Unauthenticated):
                        get(stub, "p")
        finally:
            server.stop(0).wait()


def test_a_server_without_a_token_refuses_everybody() -> None:
    server = rpc.server(SecretStr(""))
    service_pb2_grpc.add_IngestServiceServicer_to_server(Photos(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with rpc.connect(f"127.0.0.1:{port}", SecretStr("")) as channel, pytest.raises(errors.Unauthenticated):
            get(service_pb2_grpc.IngestServiceStub(channel), "p")
    finally:
        server.stop(0).wait()


def test_a_deadline_is_unavailable(address: str) -> None:
    """The channel's own lies behind the server's answer: only the call's can end it before."""
    try:
        with rpc.connect(address, TOKEN, deadline_s=600) as channel, pytest.raises(errors.Unavailable):
            get(service_pb2_grpc.IngestServiceStub(channel), "slow", timeout=0.2)
    finally:
        GIVEN_UP.set()


def test_nobody_there_is_unavailable() -> None:
    with rpc.connect("127.0.0.1:1", TOKEN) as channel, pytest.raises(errors.Unavailable) as caught:
        get(service_pb2_grpc.IngestServiceStub(channel), "p")
    assert caught.value.away


def test_a_message_over_the_limit_is_invalid(stub: service_pb2_grpc.IngestServiceStub) -> None:
    with pytest.raises(errors.Invalid):
        get(stub, "x" * (rpc.MESSAGE_LIMIT_BYTES + 1))


def test_the_trace_goes_on_at_the_other_end(stub: service_pb2_grpc.IngestServiceStub, spans: object) -> None:
    with trace.get_tracer("test").start_as_current_span("here") as span:
        assert get(stub, "p").verdict == f"{span.get_span_context().trace_id:032x}"


def test_a_server_that_restarts_is_found_again() -> None:
    first = rpc.server(TOKEN)
    service_pb2_grpc.add_IngestServiceServicer_to_server(Photos(), first)
    port = first.add_insecure_port("127.0.0.1:0")
    first.start()
    with rpc.connect(f"127.0.0.1:{port}", TOKEN) as channel:
        stub = service_pb2_grpc.IngestServiceStub(channel)
        get(stub, "p")
        first.stop(0).wait()
        with pytest.raises(errors.Unavailable):
            get(stub, "p")
        second = rpc.server(TOKEN)
        service_pb2_grpc.add_IngestServiceServicer_to_server(Photos(), second)
        assert second.add_insecure_port(f"127.0.0.1:{port}") == port
        second.start()
        try:
            deadline_s = time.monotonic() + 30
            while True:
                try:
                    get(stub, "p")
                    break
                except errors.Unavailable:
                    assert time.monotonic() < deadline_s
        finally:
            second.stop(0).wait()


def test_secrets_do_not_show(address: str) -> None:
    assert "a-token" not in repr(rpc.connect(address, TOKEN))
    assert isinstance(rpc.connect(address, TOKEN), grpc.Channel)


class Desk(review_pb2_grpc.OperatorServiceServicer):
    def GetReview(self, request: review_pb2.GetReviewRequest, context: object) -> review_pb2.Review:
        return review_pb2.Review(decided_by=rpc.operator())


def test_an_operators_call_needs_an_operators_token_and_names_who_calls() -> None:
    tokens = {"ada": SecretStr("a" * 24), "bob": SecretStr("b" * 24)}
    server = rpc.server(TOKEN, operator_tokens=tokens)
    review_pb2_grpc.add_OperatorServiceServicer_to_server(Desk(), server)
    here = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        request = review_pb2.GetReviewRequest()
        for name, token in tokens.items():
            with rpc.connect_operator(here, token) as channel:
                assert review_pb2_grpc.OperatorServiceStub(channel).GetReview(request).decided_by == name
        strangers = [rpc.connect(here, TOKEN), rpc.connect_operator(here, TOKEN)]
        strangers += [rpc.connect_operator(here, SecretStr(text)) for text in ("", "a", "a" * 23)]
        for channel in strangers:
            with channel, pytest.raises(errors.Unauthenticated) as refused:
                review_pb2_grpc.OperatorServiceStub(channel).GetReview(request)
            assert refused.value.code == "operator-token-required"
    finally:
        server.stop(0).wait()


def test_an_operators_token_opens_nothing_else(address: str) -> None:
    with rpc.connect_operator(address, TOKEN) as channel, pytest.raises(errors.Unauthenticated):
        get(service_pb2_grpc.IngestServiceStub(channel), "p")


def test_nobody_is_an_operator_outside_of_a_call() -> None:
    with pytest.raises(errors.Unauthenticated):
        rpc.operator()


@pytest.mark.parametrize("tokens", [{"Ada!": "a" * 24}, {"ada": "short"}, {"ada": "a" * 24, "bob": "a" * 24}])
def test_weak_or_shared_operator_tokens_do_not_start(tokens: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="operator"):
        ServiceSettings(operator_tokens={name: SecretStr(token) for name, token in tokens.items()})
