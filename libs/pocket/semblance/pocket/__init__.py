"""The embedded backbone: where its weights lie. Training needs torch; asking for the folder does not."""

from pathlib import Path

NAME = "pocket-64"


def weights_dir() -> Path:
    """Folder of the committed StableDiffusionPipeline, with `ip_adapter/` and `semblance.json` beside it."""
    return Path(__file__).parent / "weights" / NAME


__all__ = ["NAME", "weights_dir"]
