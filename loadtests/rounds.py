"""Round after round of chaos on one platform, each balanced at its own end, and all of them together at last."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from loadtests import ledger, spread
from loadtests.load import LoadFailed
from loadtests.profile import Profile, Rounds
from loadtests.reconcile import DOUBLED, LOST, UNSAFE, Balance
from loadtests.slo import Finding
from loadtests.stretch import Scene, Stretch
from semblance.kernel.errors import SemblanceError

WORST = (LOST, DOUBLED, UNSAFE)


@dataclass(frozen=True)
class Round:
    """What became of one. `finished`: things were asked for, everything was broken that was to be, and was whole again
    after each time; `acts` of `planned` were done;
    `faults`: how many of each kind at its own end; `back_after_s`: the longest from an act to a whole platform, which
    was after `back_after`."""

    number: int
    finished: bool
    seconds: float
    acts: int
    arrivals: int
    accepted: int
    published: int
    withdrawals: int
    faults: dict[str, int]
    back_after_s: float
    back_after: str
    planned: int = 0


def tally(number: int, done: Stretch, took_s: float) -> Round:
    """`took_s`: from its first arrival until it was balanced."""
    worst = max(done.chaos, key=lambda act: act["back_after_s"], default=None)
    counts = done.balance.counts
    return Round(
        number,
        done.whole and counts["accepted"] > 0 and bool(done.chaos) and all(act["whole"] for act in done.chaos),
        round(took_s, 1),
        len(done.chaos),
        len(done.walks),
        counts["accepted"],
        counts["pictures published"],
        sum(entry.what == ledger.REVOKED for entry in done.entries),
        done.balance.by_kind(),
        worst["back_after_s"] if worst else 0.0,
        f"{worst['what']} {worst['target']}" if worst else "",
        done.planned,
    )


def again(
    scene: Scene, profile: Profile, wanted: Rounds, folder: Path, spent_s: Callable[[], float]
) -> tuple[list[Stretch], list[Round], Balance]:
    """Rounds until there are enough, the time is over or one does not come off, and the balance of all that did.
    `spent_s`: seconds since the run began. Raises LoadFailed, SemblanceError if the first does not come off."""
    done: list[Stretch] = []
    rounds: list[Round] = []
    took_s: list[float] = []
    only = None
    for number in range(1, wanted.count + 1):
        if not wanted.fits(spent_s(), took_s):
            scene.say(f"the time is over after {len(rounds)} of {wanted.count} rounds")
            break
        began_s = spent_s()
        try:
            stretch = scene.stretch(profile.of_round(number), folder / f"round-{number:02d}", number)
            only = None
            rounds.append(tally(number, stretch, time.time() - stretch.began_at))
            done.append(stretch)
            _note(rounds[-1], folder, scene.say)
            scene.next(stretch)
        except (LoadFailed, SemblanceError) as e:
            if not done:
                raise
            scene.say(f"round {number} did not come off: {e}")
            only = scene.before - scene.first
            break
        took_s.append(spent_s() - began_s)
    if not done:
        raise LoadFailed("there was no time for a round")
    entries = [entry for each in done for entry in each.entries]
    return done, rounds, scene.together(entries, only)


def findings(rounds: Sequence[Round], wanted: Rounds, together: Balance) -> list[Finding]:
    """The goals about rounds. A fault that a round found at its own end counts though it was mended later, and one that
    came to light after its round's end counts too."""
    finished = sum(each.finished for each in rounds)
    alone = {kind: sum(each.faults.get(kind, 0) for each in rounds) for kind in WORST}
    worst = sum(max(alone[kind], together.by_kind()[kind]) for kind in WORST)
    each_all = [sum(each.faults.values()) for each in rounds]
    each_worst = [sum(each.faults.get(kind, 0) for kind in WORST) for each in rounds]
    withdrawals, every = [each.withdrawals for each in rounds], sum(each_all)
    return [
        Finding(
            f"{wanted.count} rounds of chaos: lost + doubled + unsafe", f"= 0 in {wanted.count}", worst,
            worst == 0 and finished == wanted.count, finished, spread.over(each_worst, "rounds"),
        ),
        Finding("rounds in which all was broken, and was whole again", f">= {wanted.count}", finished,
                finished >= wanted.count, len(rounds)),
        Finding("faults of any kind at a round's own end", "= 0", every, every == 0, len(rounds),
                spread.over(each_all, "rounds")),
        Finding("rounds with a withdrawal", ">= 1", sum(each > 0 for each in withdrawals), any(withdrawals),
                len(rounds), f"{spread.over(withdrawals, 'rounds')}, withdrawals in each" if rounds else ""),
    ]  # fmt: skip


def rows(rounds: Sequence[Round]) -> list[dict[str, Any]]:
    """As JSON has them."""
    return [asdict(each) for each in rounds]


def _note(done: Round, folder: Path, say: Callable[[str], None]) -> None:
    """On the disk at once: what comes later may be cut off."""
    with (folder / "rounds.jsonl").open("a") as file:
        file.write(json.dumps(asdict(done)) + "\n")
    worst = ", ".join(f"{kind} {done.faults[kind]}" for kind in WORST)
    say(
        f"round {done.number}: {done.seconds:.0f} s, {done.acts} acts, {done.accepted} accepted, "
        f"{done.published} published, {worst}; back after {done.back_after_s:g} s at most ({done.back_after})"
    )
