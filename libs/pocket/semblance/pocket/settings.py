"""Every number of the recipe in one place, so that a run is described by one value."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class DataSettings:
    """What is rendered and how it is cut out."""

    people: int = 6025
    pictures_per_person: int = 6
    photo_share: float = 0.72
    varied_from: int = 3325
    """From this seed on glasses come and go and the rest of the pictures are all painted: see dataset.shot_of."""
    varied_photo_share: float = 0.5
    swapped_glasses_share: float = 0.4
    master_px: int = 96
    max_yaw_deg: float = 35.0
    captions_per_picture: int = 4
    neutral_subject_share: float = 0.3
    """Share of captions that say `person` for man or woman, so that `sks person` starts from a prior."""
    people_per_chunk: int = 25


@dataclass(frozen=True)
class ModelSettings:
    """Sizes. The latent is one vector of `latent_channels` for each `patch_px` square."""

    resolution_px: int = 64
    patch_px: int = 8
    latent_channels: int = 32
    whitening: float = 0.5
    """Power of the principal deviations that is divided out: 1 gives every channel unit variance."""
    unet_channels: tuple[int, ...] = (128, 192)
    head_width: int = 32
    context_width: int = 128
    text_layers: int = 2
    token_length: int = 24
    merges: int = 500
    identity_width: int = 128
    identity_tokens: int = 4
    identity_mult: int = 4
    vae_channels: tuple[int, ...] = (32, 64, 96, 128)

    @property
    def latent_side(self) -> int:
        """Latents along one edge."""
        return self.resolution_px // self.patch_px


@dataclass(frozen=True)
class DenoiserSettings:
    """The diffusion training."""

    batch: int = 48
    matrix_rate: float = 4e-3
    """Muon's step for matrices, as a share of a unit root-mean-square update (see optimiser.py)."""
    vector_rate: float = 1.5e-3
    warmup_steps: int = 100
    cooldown_share: float = 0.4
    """The rate is held, then falls linearly over this last share: a held checkpoint can be trained on later."""
    weight_decay: float = 0.01
    ema_decay: float = 0.999
    clip_norm: float = 1.0
    snr_gamma: float = 5.0
    least_weight: float = 0.2
    """Floor of the min-SNR weight: below it the cleanest noise levels are neglected and pictures keep a grain."""
    drop_all: float = 0.1
    drop_identity: float = 0.15
    drop_caption: float = 0.05
    max_references: int = 5
    altered_share: float = 0.3
    """How often the references are embeddings of altered photos (alterations.py)."""
    favoured: tuple[tuple[str, float], ...] = (("cartoon", 3.0), ("oil painting", 1.5), ("surprised", 2.0))
    """Pictures whose captions say so are drawn so many times as often: rare ones, which were obeyed least."""
    face_weight: float = 1.2
    identity_from: float = 0.5
    """Share of the budget after which the likeness of the foreseen picture counts too: it costs a third of a step."""
    identity_weight: float = 0.3
    identity_signal: float = 0.12
    """Least alpha (share of signal power) at which the foreseen picture is sharp enough to have a face of its own."""
    identity_batch: int = 6
    checkpoint_s: float = 240.0


@dataclass(frozen=True)
class AutoencoderSettings:
    """The genuine AutoencoderKL that stands in for the analytic patch transform."""

    batch: int = 16
    rate: float = 1.5e-3
    warmup_steps: int = 60
    latent_noise: float = 0.1
    gradient_weight: float = 0.5
    lowpass_weight: float = 0.5
    latent_weight: float = 0.5
    identity_weight: float = 0.6
    """How much 1 - cosine of SFace counts; the pixel losses alone leave a face that is soft where it matters."""
    identity_batch: int = 8
    """How many of the batch are embedded."""
    clip_norm: float = 1.0
    checkpoint_s: float = 240.0


@dataclass(frozen=True)
class SamplerSettings:
    """What semblance.json recommends to callers."""

    steps: int = 12
    guidance_scale: float = 4.0
    ip_adapter_scale: float = 1.0
    guidance_rescale: float = 0.7


@dataclass(frozen=True)
class LoraSettings:
    """What semblance.json recommends for a person's adapter on top of this backbone."""

    rank: int = 8
    alpha: int = 8
    unet_targets: tuple[str, ...] = ("to_q", "to_k", "to_v", "to_out.0")
    """Endings of module names. Why no more: docs/decisions/0044."""
    text_targets: tuple[str, ...] = ("q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2")
    learning_rate: float = 5e-4
    steps: int = 150
    batch_size: int = 8
    strengths: tuple[float, ...] = (0.5,)
    """A choice by eight pictures each was no better, and eight pictures a strength dearer (docs/decisions/0009)."""


@dataclass(frozen=True)
class Recipe:
    """The whole recipe; `python -m semblance.pocket.train` prints it into the model card."""

    seed: int = 20240
    version: str = "0.4.0"
    data: DataSettings = field(default_factory=DataSettings)
    model: ModelSettings = field(default_factory=ModelSettings)
    denoiser: DenoiserSettings = field(default_factory=DenoiserSettings)
    autoencoder: AutoencoderSettings = field(default_factory=AutoencoderSettings)
    sampler: SamplerSettings = field(default_factory=SamplerSettings)
    lora: LoraSettings = field(default_factory=LoraSettings)
