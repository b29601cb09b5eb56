"""What an operator may set, from environment variables that begin with IDENTITY_."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from semblance.faces import SFACE, model_named
from semblance.faces.thresholds import check_face_settings
from semblance.service_kit.heap import MOST_MIB
from semblance.service_kit.settings import ServiceSettings


class IdentitySettings(ServiceSettings):
    """Frozen. Thresholds are cosines; the defaults are SFace's, and README.md says how each was measured."""

    model_config = SettingsConfigDict(env_prefix="IDENTITY_", frozen=True, extra="ignore")

    heap_kept_mib: int = Field(default=MOST_MIB, ge=0, le=MOST_MIB, description="See ServiceSettings.")
    models_dir: Path = Path(".cache/models")
    face_model: str = Field(default=SFACE.id, description="As ingest's and safety's; README.md lists what there is.")
    face_engine: Literal["deepface", "opencv"] = Field(
        default="deepface", description="What runs SFace; other models are DeepFace's."
    )

    match_threshold: float = Field(default=0.60, ge=-1, le=1)
    enrolled_elsewhere_threshold: float = Field(default=0.65, ge=-1, le=1)
    protected_threshold: float = Field(default=0.62, ge=-1, le=1)
    same_photographed_threshold: float = Field(default=0.45, ge=-1, le=1)
    same_face_threshold: float = Field(default=0.70, ge=-1, le=1)
    turned_same_face_threshold: float = Field(default=0.60, ge=-1, le=1)
    templates_per_person: int = Field(default=5, ge=1, le=20)
    compared_frames: int = Field(default=8, ge=2, le=40)
    compared_per_movement: int = Field(default=3, ge=1, le=10)

    turn_deg: float = Field(default=15.0, gt=0, le=45)
    neutral_deg: float = Field(default=8.0, gt=0, le=20)
    nod_widths: float = Field(default=0.14, gt=0, le=1)
    nod_back_widths: float = Field(default=0.08, gt=0, le=1)
    nod_deg: float = Field(default=4.0, gt=0, le=30)
    min_face_width_px: float = Field(default=60.0, gt=0)
    min_capture_ms: int = Field(default=1500, ge=0)
    max_faceless_share: float = Field(default=0.1, ge=0, le=0.5)
    max_step_widths: float = Field(default=0.8, gt=0)
    min_frontal_frames: int = Field(default=3, ge=2)

    expression: bool = Field(default=True, description="Off: nobody is asked to close their eyes. Weakens the check.")
    eyes_closed_share: float = Field(default=0.72, gt=0, lt=1)
    eyes_closed_ms: int = Field(default=100, ge=0, le=2000)

    screen_light: bool = Field(default=True, description="Off: clients need not show colours. Weakens the check.")
    light_agreement: float = Field(default=0.75, gt=0, le=1)
    light_swing: float = Field(default=0.02, gt=0, le=1)
    light_lag_ms: int = Field(default=300, ge=0, le=1000)
    light_relief: float = Field(default=0.05, ge=-1, le=1)
    light_room_share: float = Field(default=0.4, gt=0, le=2)
    light_body_share: float = Field(default=0.15, ge=0, le=2)

    slowest_frame_ms: int = Field(default=250, gt=0)
    fastest_frame_ms: int = Field(default=60, gt=0)
    longest_gap_ms: int = Field(default=1000, gt=0)
    repeat_rms: float = Field(default=4.0, gt=0)
    moving_widths: float = Field(default=0.12, gt=0)

    session_s: int = Field(default=600, gt=0)
    tries: int = Field(default=3, gt=0, le=10)
    lock_out_failures: int = Field(default=5, gt=0)
    lock_out_pause_s: int = Field(default=1800, gt=0)
    lock_out_growth: float = Field(default=4.0, ge=1)
    lock_out_longest_s: int = Field(default=86_400, gt=0)
    lock_out_memory_s: int = Field(default=172_800, gt=0, le=172_800, description="The notice says two days.")
    captures_at_once: int = Field(default=2, gt=0)
    capture_wait_s: float = Field(default=20.0, gt=0)

    protected_faces_max: int = Field(default=100_000, gt=0, description="Entries of the protected register.")
    register_left_behind: int = Field(
        default=0, ge=0, description="Entries by another face model, without effect, that an operator accepts."
    )
    photo_pixels_max: int = Field(default=50_000_000, gt=0, description="Of a photo for the register, by its header.")
    photo_min_face_px: float = Field(default=60.0, gt=0)
    photo_min_sharpness: float = Field(default=10.0, ge=0, description="As ingest's; its README says how measured.")
    review_days: int = Field(default=180, ge=1, le=1095, description="Reviews are deleted after so long, in any state.")
    review_use_s: int = Field(default=604_800, gt=0, description="How long what a review allows stays good, once.")
    non_biometric_review: bool = Field(
        default=False, description="On: people may ask to be let in without a capture; README.md says what for."
    )

    share_purpose_characters: int = Field(default=500, ge=1, le=2000, description="What an asker may write.")
    share_limits: int = Field(default=20, ge=1, le=20, description="Texts of each kind, of a person or a grant.")
    share_limit_characters: int = Field(default=200, ge=1, le=200)
    share_pictures: int = Field(default=1000, ge=1, description="The most that one grant may cover.")
    share_open_asks: int = Field(default=20, ge=1, description="Of one asker, waiting for answers.")
    share_open_asks_to_one: int = Field(default=50, ge=1, description="Further questions to a person reach nobody.")
    share_standing_grants: int = Field(default=500, ge=1, description="Of one person.")
    share_ask_days: int = Field(default=30, ge=1, description="An unanswered question lapses.")
    share_ask_again_days: int = Field(default=7, ge=0, description="How long an asker waits after a refusal.")

    receipt_key_file: Path | None = Field(
        default=None, description="Unset: erasure-receipts.key beside the master key."
    )
    receipt_issuer: str = Field(
        default="http://127.0.0.1:8080",
        pattern=r"^(did:web:[A-Za-z0-9.%:_-]+|https://[^\s?#]+|http://(127\.0\.0\.1|localhost)(:\d+)?(/[^\s?#]*)?)$",
        max_length=300,
        description="Who signs receipts and credentials: the public address or a did:web, of which keys are known.",
    )
    receipt_items_max: int = Field(
        default=50_000, ge=0, le=200_000, description="Things in a receipt's list; longer lists are told by their root."
    )
    erasure_list_days: int = Field(default=30, ge=1, description="The list beside a receipt is kept so long.")
    revocation_told_s: float = Field(
        default=5.0, gt=0, description="How long a withdrawal waits for the broker to have its event."
    )
    remind_s: int = Field(default=60, gt=0, description="Ask services that have not answered an erasure again.")
    sweep_s: float = Field(default=10.0, gt=0)
    unfinished_session_s: int = Field(
        default=86_400, ge=3600, description="A capture session of which no consent came goes after so long."
    )
    template_days: int = Field(default=30, ge=1, description="The notice says 30.")
    retention_days: int = Field(default=1095, ge=1, le=1095, description="BIPA 15(b): at most three years.")

    @model_validator(mode="after")
    def _thresholds_are_the_models(self) -> Self:
        thresholds = [name for name in type(self).model_fields if name.endswith("_threshold")]
        check_face_settings(self.face_model, thresholds, self.model_fields_set, "IDENTITY_")
        if self.face_engine == "opencv" and model_named(self.face_model) != SFACE:
            raise ValueError(f"IDENTITY_FACE_ENGINE=opencv runs {SFACE.id} only; leave it unset for {self.face_model}")
        return self

    @model_validator(mode="after")
    def _pauses_are_remembered(self) -> Self:
        if self.lock_out_memory_s < self.lock_out_longest_s:
            raise ValueError("lock_out_memory_s must be at least lock_out_longest_s")
        return self
