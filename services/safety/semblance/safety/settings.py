"""What an operator may set, from environment variables that begin with SAFETY_."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from semblance.faces import SFACE
from semblance.faces.thresholds import check_face_settings
from semblance.kernel.units import MIB
from semblance.safety.domain.verdict import UnknownFaces
from semblance.service_kit.heap import MOST_MIB
from semblance.service_kit.settings import ServiceSettings


class SafetySettings(ServiceSettings):
    """Frozen. Face thresholds are cosines; the defaults are SFace's, and README.md says how each was measured."""

    model_config = SettingsConfigDict(env_prefix="SAFETY_", frozen=True, extra="ignore")

    heap_kept_mib: int = Field(default=MOST_MIB, ge=0, le=MOST_MIB, description="See ServiceSettings.")
    models_dir: Path = Path(".cache/models")
    face_model: str = Field(default=SFACE.id, description="As identity's; its README lists what there is.")

    prompt_model_path: Path | None = None
    """A folder with a text classifier and labels.yaml, instead of the built-in heads (ml/own_model.py)."""
    public_figures_path: Path | None = None
    """A text file, one name a line: prompts that hold one are refused."""
    refuse_unread_scripts: bool = True
    """Refuse prompts in scripts that neither lists nor built-in model read; false with a model that does."""

    own_floor: float = Field(default=0.45, ge=-1, le=1)
    other_threshold: float = Field(default=0.6, ge=-1, le=1)
    clear_margin: float = Field(default=0.1, ge=0, le=1)
    margin: float = Field(default=0.05, ge=0, le=1)
    nudity_score_0_1: float = Field(default=0.5, gt=0, le=1)
    close_look_score_0_1: float = Field(default=0.7, gt=0, le=1, description="An upright face that counts.")
    closer_look_score_0_1: float = Field(default=0.8, gt=0, le=1, description="What a closer look must show.")
    finer_look_score_0_1: float = Field(default=0.7, gt=0, le=1, description="And a finer one at what that showed.")
    half_face_score_0_1: float = Field(default=0.8, gt=0, le=1, description="The same at a completed half face.")
    library_check: bool = Field(default=True, description="Compare with the other people of the subject's photos.")
    library_threshold: float | None = Field(default=None, ge=-1, le=1, description="Unset: as other_threshold.")
    figures_dir: Path | None = Field(default=None, description="Lists of public figures; unset: none are known.")
    figure_threshold: float | None = Field(default=None, ge=-1, le=1, description="Unset: as other_threshold.")
    review_band: float = Field(
        default=0.02, ge=0, le=0.2, description="So little below a threshold an operator decides; 0: nobody does."
    )
    review_s: float = Field(default=86_400.0, gt=0, description="A review that nobody decides ends as blocked.")
    unknown_faces: UnknownFaces = Field(
        default=UnknownFaces.BLOCK, description="A face that is like nobody known, the subject included."
    )

    thorough: bool = Field(default=False, description="Every look that there is, at three times the cost.")
    faint_score_0_1: float = Field(default=0.05, gt=0, le=1, description="What is worth a closer look.")
    places_max: int = Field(default=400, gt=0, description="Closer looks at one picture; with more it is blocked.")
    people_max: int = Field(default=8, gt=0, le=16, description="A picture may be of so many; of more it is blocked.")
    faces_max: int = Field(default=64, gt=0, le=64, description="Identity compares so many at once.")
    picture_side_min_px: int = Field(default=8, ge=8)
    picture_side_max_px: int = Field(default=4096, gt=0, le=8192)
    picture_size_max_bytes: int = Field(default=64 * MIB, gt=0)
    look_threads: int = Field(default=1, gt=0, description="Of each model; decisions do not depend on it.")

    filters_at_once: int = Field(default=1, gt=0)
    filter_attempts: int = Field(default=5, gt=0)
    match_deadline_s: float = Field(default=10.0, gt=0)
    lease_s: float = Field(default=30.0, gt=1, description="A look whose process died is taken over after it.")
    look_s: float = Field(default=60.0, gt=0, description="A look that takes longer is tried again, then a block.")
    sweep_s: float = Field(default=10.0, gt=0)
    wait_max_s: float = Field(default=900.0, gt=0, description="A picture that waited longer is blocked unseen.")

    @model_validator(mode="after")
    def _thresholds_are_the_models(self) -> Self:
        thresholds = ["own_floor", "other_threshold", "clear_margin", "margin"]
        check_face_settings(self.face_model, thresholds, self.model_fields_set, "SAFETY_")
        return self
