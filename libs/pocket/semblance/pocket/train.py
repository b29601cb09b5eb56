"""`python -m semblance.pocket.train <stage>`: runs one stage of the recipe. Every stage can be killed and run again."""

import argparse
import dataclasses
import json
from pathlib import Path

from semblance.pocket import alterations, autoencoder, dataset, denoiser, gates, parallel, weights_dir
from semblance.pocket.export import export
from semblance.pocket.journal import plot
from semblance.pocket.settings import Recipe
from semblance.pocket.warm_start import warm_start

STAGES = (
    "data", "held-out", "prepare", "alter", "warm-start", "autoencoder", "gate", "denoiser", "export", "plot", "show",
)  # fmt: skip


def main(arguments: list[str] | None = None) -> None:
    """Run one stage."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("--workspace", type=Path, default=Path(".cache/pocket"), help="pictures and checkpoints")
    parser.add_argument("--part", type=int, default=0, help="data: which share of the people this process renders")
    parser.add_argument("--parts", type=int, default=1, help="data: into how many shares the people are split")
    parser.add_argument("--people", type=int, help="data, held-out: how many people")
    parser.add_argument("--minutes", type=float, default=60.0, help="training: budget, all resumptions counted")
    parser.add_argument(
        "--rate", type=float, default=1.0, help="training: factor on the recipe's rates; less after a warm start"
    )
    parser.add_argument("--processes", type=int, default=2, help="denoiser: processes, one a core")
    parser.add_argument(
        "--target", type=Path, default=weights_dir(), help="export: folder to write; warm-start: to read"
    )
    run(parser.parse_args(arguments))


def run(options: argparse.Namespace) -> None:
    """Run the stage that the options name."""
    recipe, stage, workspace = scaled(Recipe(), options.rate), options.stage, options.workspace
    workspace.mkdir(parents=True, exist_ok=True)
    if stage in ("data", "held-out"):
        _render(options, recipe)
    elif stage == "prepare":
        dataset.prepare(workspace, recipe)
    elif stage == "alter":
        alterations.alter(workspace, recipe.seed)
    elif stage == "warm-start":
        warm_start(recipe, options.target, workspace)
    elif stage == "denoiser":
        parallel.launch(denoiser.train, options.processes, recipe, workspace, options.minutes * 60)
    elif stage == "autoencoder":
        autoencoder.train(recipe, workspace, options.minutes * 60)
    elif stage == "gate":
        _gate(recipe, workspace)
    elif stage == "export":
        export(recipe, workspace, options.target)
    elif stage == "plot":
        for name in ("denoiser", "autoencoder"):
            plot(workspace / name / "loss.csv", workspace / name / "loss.png", f"{name}: loss")
    else:
        print(json.dumps(dataclasses.asdict(recipe), indent=2))


def _gate(recipe: Recipe, workspace: Path) -> None:
    """Print what the autoencoder keeps of held-out photos; ends the process with 1 below the bounds."""
    found = gates.autoencoder_gate(recipe, workspace)
    print(json.dumps({name: dataclasses.asdict(value) for name, value in found.items()}, indent=1))
    if not found["AutoencoderKL"].passed:
        raise SystemExit(
            f"the autoencoder is below {gates.LEAST_PSNR_DB} dB or SFace {gates.LEAST_SFACE}: "
            "train it on with more --minutes"
        )


def scaled(recipe: Recipe, factor: float) -> Recipe:
    """The recipe with its training rates multiplied."""
    d, a = recipe.denoiser, recipe.autoencoder
    return dataclasses.replace(
        recipe,
        denoiser=dataclasses.replace(d, matrix_rate=d.matrix_rate * factor, vector_rate=d.vector_rate * factor),
        autoencoder=dataclasses.replace(a, rate=a.rate * factor),
    )


def _render(options: argparse.Namespace, recipe: Recipe) -> None:
    share = dataset.Share(options.part, options.parts)
    if options.stage == "held-out":
        dataset.render_held_out_people(options.workspace, recipe, options.people or 100, share)
        return
    if options.people:
        recipe = dataclasses.replace(recipe, data=dataclasses.replace(recipe.data, people=options.people))
    dataset.render_training_people(options.workspace, recipe, share)


if __name__ == "__main__":
    main()
