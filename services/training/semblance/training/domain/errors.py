"""The facts of training."""

from __future__ import annotations

from semblance.kernel.errors import Conflict, Invalid, NotFound, QuotaExceeded, Unavailable


class UnknownAdapter(NotFound):
    """No adapter by that id, or another person's."""

    def __init__(self) -> None:
        super().__init__("no such adapter")


class TooFewPhotos(Invalid):
    """Not enough accepted photos to learn a face and to test what was learnt."""

    code = "too-few-photos"

    def __init__(self, found: int, needed: int) -> None:
        super().__init__(
            f"training needs {needed} accepted photos and there are {found}",
            remedy="Add sharp photos of your own face, from different days if you can.",
        )


class TooManyTrainings(QuotaExceeded):
    """So many trainings of one person may wait at a time."""

    code = "too-many-trainings"

    def __init__(self, limit: int) -> None:
        super().__init__(f"at most {limit} of your trainings may wait or run at a time", retry_after_s=60)


class WrongState(Conflict):
    """The run cannot do this in its present state."""

    code = "adapter-in-wrong-state"

    def __init__(self, state: str, wanted: str) -> None:
        super().__init__(f"an adapter that is {state} cannot become {wanted}")


class InvalidName(Invalid):
    """The adapter's name breaks its rule."""

    code = "invalid-name"

    def __init__(self, limit: int) -> None:
        super().__init__(f"a name has at most {limit} printable characters")


class NotEnrolled(Conflict):
    """Identity has no template to tell the person by."""

    code = "opt-in-again"

    def __init__(self) -> None:
        super().__init__("your face is not enrolled, or by an earlier face model", remedy="Opt in again, then train.")


class UnreadablePhoto(Invalid):
    """A stored photo does not decode."""

    code = "unreadable-photo"

    def __init__(self) -> None:
        super().__init__("a stored photo does not decode")


class TrainerAway(Unavailable):
    """The trainer cannot be asked, or was lost while it learnt; the training goes on from its last state."""

    code = "trainer-away"
    away = True


class NoRoomToLearn(Unavailable):
    """Not even one training alone fits into memory."""

    code = "out-of-memory"

    def __init__(self) -> None:
        super().__init__("a training does not fit into memory")
