"""What each service is told: its own settings and nobody else's secrets."""

from __future__ import annotations

import json
import os
from pathlib import Path

from semblance.local import erased_log
from semblance.local.config import Config
from semblance.local.layout import Layout
from semblance.local.rights import RIGHTS, SERVICES

_INHERITED = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "PYTHONPATH", "VIRTUAL_ENV", "SSL_CERT_FILE", "NO_PROXY")
# glibc would keep an arena for every thread, and every numeric library a pool of threads for every core.
_LEAN = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_TRIM_THRESHOLD_": "131072",
    "OMP_NUM_THREADS": "2",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "2",
    "NUMEXPR_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "PYTHONUNBUFFERED": "1",
    "OPENCV_LOG_LEVEL": "ERROR",
    "TRANSFORMERS_VERBOSITY": "error",
}

# What an engine reads: the programme that serves them holds no keys and no credentials. A test compares it with what
# the engine's own options are made of, so that nothing an operator sets is lost on the way.
_OF_ENGINES = tuple(
    f"GENERATION_{name}"
    for name in (
        *("ENGINE_", "RAY_", "BACKBONE_DIR", "ALLOW_LICENCES", "DEVICE", "PRECISION", "OFFLOAD", "COMPILED"),
        *("TORCH_THREADS", "BEST_OF", "BATCHES", "GOOD_ENOUGH", "UPSCALE_TO_PX", "SOURCE_MAX_PIXELS"),
        *("LOADED_ADAPTERS", "ADAPTER_IDLE_S", "PEOPLE_MAX"),
    )
)
_RAY_OFFLINE = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DISABLE_FAILURE_SIGNAL_HANDLER": "1",
    "RAY_ENABLE_AUTO_CONNECT": "0",  # else a call behind the end of a connection starts a cluster of its own
}
_RECOGNISING = ("identity", "ingest", "safety", "training")


def inherited() -> dict[str, str]:
    """What every child gets from this process."""
    return {name: os.environ[name] for name in _INHERITED if name in os.environ}


def of_service(
    service: str, config: Config, layout: Layout, models_dir: Path, database_url: str | None = None
) -> dict[str, str]:
    """The environment of a service's process. Variables of ours that begin with its prefix win over the generated."""
    prefix = f"{service.upper()}_"
    settings = _common(service, config, layout) | _own(service, config, layout, models_dir) | _face_model(service)
    settings["DATABASE_URL"] = database_url or f"sqlite:///{layout.database(service)}"
    given = {name: value for name, value in os.environ.items() if name.startswith(prefix)}
    return inherited() | _LEAN | {prefix + name: value for name, value in settings.items()} | given


def of_engines(layout: Layout, models_dir: Path) -> dict[str, str]:
    """The environment of the cluster that serves the engines: their numbers, and nobody's secrets."""
    given = {name: value for name, value in os.environ.items() if name.startswith(_OF_ENGINES)}
    settings = {"GENERATION_MODELS_DIR": str(models_dir), "GENERATION_ENGINE": "ray"}
    return inherited() | _LEAN | to_cluster(layout) | settings | given


def asking_engines(service: str, config: Config, layout: Layout) -> dict[str, str]:
    """What generation or training is told beside its own settings, to find the engines: RAY_ADDRESS, or this machine's
    cluster."""
    prefix = service.upper()
    if "RAY_ADDRESS" in os.environ:
        theirs = {name: value for name, value in os.environ.items() if name.startswith("RAY_")}
        return _RAY_OFFLINE | theirs | {f"{prefix}_ENGINE": "ray"}
    address = f"127.0.0.1:{config.ports['engine.ray']}"
    return to_cluster(layout) | {f"{prefix}_ENGINE": "ray", f"{prefix}_RAY_ADDRESS": address}


def to_cluster(layout: Layout) -> dict[str, str]:
    """What whoever speaks to this machine's cluster needs in its environment before it imports Ray."""
    return _RAY_OFFLINE | {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(layout.ray_token),
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # without it Ray listens to the network instead of the loopback
    }


def _common(service: str, config: Config, layout: Layout) -> dict[str, str]:
    addresses = {
        f"{other.upper()}_ADDRESS": f"127.0.0.1:{config.ports[f'{other}.grpc']}"
        for other in SERVICES
        if other != "gateway"
    }
    return {
        "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{config.ports['broker']}",
        "HTTP_PORT": str(config.ports[f"{service}.http"]),
        "GRPC_PORT": str(config.ports[f"{service}.grpc"]),
        "INTERNAL_TOKEN": config.internal_token,
        **_taken_back(service, layout),
        "OTLP_ENDPOINT": f"127.0.0.1:{config.ports['otlp']}",
        **_store(service, config, layout),
        **addresses,
    }


def _store(service: str, config: Config, layout: Layout) -> dict[str, str]:
    """Keys to the store and to people's data keys, for those that touch sealed objects."""
    if not RIGHTS[service]:
        return {}
    access_key, secret_key = config.store_keys[service]
    return {
        "S3_ENDPOINT": f"127.0.0.1:{config.store_port}",
        "S3_ACCESS_KEY": access_key,
        "S3_SECRET_KEY": secret_key,
        "KEYRING_DIR": str(layout.keyring),
        "KEYRING_KEK_FILE": str(layout.secrets / "kek"),
    }


def _taken_back(service: str, layout: Layout) -> dict[str, str]:
    place = erased_log.taken_back_of(erased_log.place_of(layout), service)
    return {"TAKEN_BACK_DIR": str(place)} if service in erased_log.KEEPERS else {}


def _face_model(service: str) -> dict[str, str]:
    """SEMBLANCE_FACE_MODEL for all who turn faces into numbers that identity compares: they must agree. Generation is
    not among them: it speaks in the numbers that the backbone was trained on, and so does training but for its question
    to identity."""
    chosen = os.environ.get("SEMBLANCE_FACE_MODEL")
    return {"FACE_MODEL": chosen} if chosen and service in _RECOGNISING else {}


def _own(service: str, config: Config, layout: Layout, models_dir: Path) -> dict[str, str]:
    operators = json.dumps({"operator": config.operator_token} if config.operator_token else {})
    erased = erased_log.place_of(layout)
    return {
        "gateway": {"PUBLIC_URL": config.gateway_url, "KEYS_DIR": str(layout.secrets / "gateway")},
        "identity": {
            "MODELS_DIR": str(models_dir),
            "OPERATOR_TOKENS": operators,
            "KEYRING_ERASED_DIR": str(erased / erased_log.PEOPLE),
            "RECEIPT_KEY_FILE": str(layout.secrets / "erasure-receipts.key"),
            "RECEIPT_ISSUER": config.gateway_url,
        },
        "provenance": {
            "SIGNING_DIR": str(layout.secrets / "signing"),
            "OPERATOR_TOKENS": operators,
            "KEYRING_ERASED_DIR": str(erased / erased_log.NOTICES),
        },
    }.get(service, {"MODELS_DIR": str(models_dir)})
