"""The figures in the model card, from what the benchmark found: nobody copies them by hand."""

from pathlib import Path
from typing import Any

CARD_FILE = "MODEL_CARD.md"
_BEGIN, _END = "<!-- measured: written by make bench-pocket -->\n", "<!-- end of measured -->\n"
_ROWS = {
    "face found": "found",
    "to own photos": "own",
    "to others' photos": "others",
    "share of photo to photo": "share",
    "AUC": "auc",
    "rank-1 of 100": "rank1",
}
_COLUMNS = [
    (adapter, take, judge)
    for adapter in ("embedding alone", "adapter")
    for take in ("first", "best")
    for judge in ("sface", "dlib")
]


def fill(card: str, found: dict[str, Any]) -> str:
    """The card with its figures renewed. found: what pocket.json holds. Raises ValueError without the two marks."""
    if card.count(_BEGIN) != 1 or card.count(_END) != 1:
        raise ValueError("the model card lacks the marks between which the figures stand")
    before, rest = card.split(_BEGIN)
    return before + _BEGIN + _measured(found) + _END + rest.split(_END)[1]


def write(folder: Path, found: dict[str, Any]) -> None:
    """Renew the card of a folder of weights."""
    path = folder / CARD_FILE
    path.write_text(fill(path.read_text(), found))


def _measured(found: dict[str, Any]) -> str:
    goals = "\n".join(
        f"| {g['goal']} | {g['target']} | {g['value']:.3g} ± {g['spread']:.2g} | {'yes' if g['met'] else '**no**'} |"
        for g in found["goals"]
    )
    likeness = "\n".join(
        f"| {name} | " + " | ".join(f"{found[a][t][j][key]:.3f}" for a, t, j in _COLUMNS) + " |"
        for name, key in _ROWS.items()
    )
    return (
        f"{found['people']} held-out people, {found['domain_people']} of them with unusual photos too.\n\n"
        f"| goal | target | value | met |\n|---|---|---|---|\n{goals}\n\n"
        "| | embedding alone, first take, SFace | dlib | best of 4, SFace | dlib "
        "| with LoRA, first take, SFace | dlib | best of 4, SFace | dlib |\n" + "|---" * 9 + "|\n" + likeness + "\n"
    )
