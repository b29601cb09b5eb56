"""Which padded sizes are used, from what a row's bits were in each."""

from collections.abc import Callable

import pytest
import torch

from semblance.diffusion.engine.batch import BatchClass
from semblance.diffusion.engine.sizes import Sizes, is_shortage

OWN = BatchClass((32, 32), (), 1, 2, False)


def rounded(bits: dict[int, float], place: float = 0.0, company: float = 0.0) -> Callable[[int, int], torch.Tensor]:
    """A denoiser whose rows have bits[size], and others at later places or in company."""

    def run(times: int, size: int) -> torch.Tensor:
        rows = bits[size] + place * torch.arange(times) + (company if times > 1 else 0.0)
        return rows.repeat_interleave(2).view(-1, 1)

    return run


@pytest.mark.parametrize(
    ("run", "kept"),
    [
        (rounded({4: 1.0, 8: 1.0, 12: 1.0, 16: 1.0}), (4, 8, 12, 16)),
        (rounded({4: 1.0, 8: 1.0, 12: 1.0, 16: 2.0}), (4, 8, 12)),
        (rounded({4: 1.0, 8: 2.0, 12: 3.0, 16: 2.0}), (8, 16)),
        (rounded({4: 1.0, 8: 2.0, 12: 3.0, 16: 4.0}), (16,)),
        (rounded({4: 1.0, 8: 1.0, 12: 1.0, 16: 1.0}, place=1e-6), ()),
        (rounded({4: 1.0, 8: 1.0, 12: 1.0, 16: 1.0}, company=1.0), ()),
    ],
)
def test_the_most_sizes_that_agree_are_kept(run: Callable[[int, int], torch.Tensor], kept: tuple[int, ...]) -> None:
    sizes = Sizes((4, 8, 12, 16), 1)
    assert not sizes.known(OWN)
    sizes.prove(OWN, run)
    assert sizes.proven == (kept,)


def test_rows_are_spread_evenly_over_the_fewest_forwards() -> None:
    sizes = Sizes((4, 8, 12, 16), 1)
    sizes.prove(OWN, rounded({4: 1.0, 8: 1.0, 12: 1.0, 16: 2.0}))
    assert sizes.forwards(OWN, 1) == [(1, 4)]
    assert sizes.forwards(OWN, 5) == [(5, 12)]
    assert sizes.forwards(OWN, 7) == [(4, 8), (3, 8)]
    assert sizes.forwards(OWN, 8) == [(4, 8), (4, 8)]


def test_what_was_tried_while_memory_was_short_is_tried_anew() -> None:
    sizes = Sizes((4, 8, 16), recover_after_steps=2)
    assert sizes.shrink()
    sizes.prove(OWN, rounded({4: 1.0, 8: 1.0}))
    assert (sizes.allowed, sizes.proven) == (8, ((4, 8),))
    sizes.went_well()
    assert sizes.allowed == 8
    sizes.went_well()
    assert sizes.allowed == 16
    assert not sizes.known(OWN)
    assert [sizes.shrink() for _again in range(3)] == [True, True, False]


def test_a_size_that_memory_does_not_take_is_left_out() -> None:
    def run(times: int, size: int) -> torch.Tensor:
        if size > 8:
            raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")
        return torch.ones(2 * times, 1)

    sizes = Sizes((4, 8, 16), recover_after_steps=2)
    sizes.prove(OWN, run)
    assert (sizes.allowed, sizes.proven) == (8, ((4, 8),))
    with pytest.raises(RuntimeError, match="nonsense"):
        sizes.prove(OWN, nonsense)


def test_a_row_of_numbers_that_are_not_finite_proves_nothing() -> None:
    sizes = Sizes((4, 8), 1)
    sizes.prove(OWN, rounded({4: float("nan"), 8: float("nan")}))
    assert not sizes.known(OWN)
    assert sizes.forwards(OWN, 3) == [(3, 8)]
    sizes.prove(OWN, rounded({4: 1.0, 8: 2.0}))
    assert sizes.proven == ((8,),)


def test_the_class_that_was_longest_not_drawn_is_forgotten_first() -> None:
    sizes = Sizes((4, 8), recover_after_steps=1)
    assert sizes.shrink()
    classes = [BatchClass((32, 32 * edge), (), 1, 2, False) for edge in range(1, 258)]
    for own in classes:
        sizes.prove(own, rounded({4: 1.0}))
        sizes.forwards(classes[0], 1)
    assert sizes.known(classes[0])
    assert not sizes.known(classes[1])
    assert len(sizes._partly) == len(sizes.proven) == 256


@pytest.mark.parametrize(
    ("said", "short"),
    [
        ("CUDA out of memory. Tried to allocate 2.00 GiB", True),
        ("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`", True),
        ("cuDNN error: CUDNN_STATUS_ALLOC_FAILED", True),
        ("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED", True),
        (
            "cuDNN error: CUDNN_STATUS_NOT_SUPPORTED. This error may appear if ...",
            True,
        ),
        ("CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasSgemm(...)`", False),
        ("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_BAD_LAUNCH_PARAM", False),
        ("CUDA error: device-side assert triggered", False),
    ],
)
def test_what_cuda_says_when_memory_ran_out(said: str, short: bool) -> None:
    assert is_shortage(RuntimeError(said)) is short
    assert not is_shortage(ValueError(said))


@pytest.mark.parametrize(("said", "told"), [("NOT_SUPPORTED. x", 1), ("ALLOC_FAILED", 0)])
def test_what_may_be_no_shortage_is_named_in_the_log(caplog: pytest.LogCaptureFixture, said: str, told: int) -> None:
    assert is_shortage(RuntimeError(f"cuDNN error: CUDNN_STATUS_{said}"))
    assert caplog.text.count("cudnn_status_not_supported") == told


def nonsense(_times: int, _size: int) -> torch.Tensor:
    raise RuntimeError("nonsense")
