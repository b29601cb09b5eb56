"""Bring a service's database to its newest schema: `python -m semblance.service_kit.migrate training`.

What `python -m semblance.training.main migrate` does, by the same settings, without building the service: no torch and
no models, so that it fits beside what runs (tests/chart/test_requests.py measures it).
"""

from __future__ import annotations

import argparse
import importlib
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from semblance.kernel.errors import SemblanceError
from semblance.service_kit import logs
from semblance.service_kit.database import Database
from semblance.service_kit.settings import ServiceSettings

_log = logging.getLogger(__name__)


class _Unknown(Exception):
    """No such service is in this image."""


def main(argv: Sequence[str] | None = None) -> int:
    """0 when the schema is the newest, 1 when it could not be made so; exits with 2 for a service that is not here."""
    parser = argparse.ArgumentParser(description="Bring a service's database to its newest schema.")
    parser.add_argument("service", help="such as training; configured by its environment")
    name = parser.parse_args(argv).service
    try:
        settings, migrations = _service(name)
    except _Unknown:
        parser.error(f"{name!r} is no service that lies here")
    logs.configure(name, settings.log_level)
    try:
        Database(settings.database_url, source=name).migrate(migrations)
    except SemblanceError as error:
        _log.critical("the schema is as it was: %s", error.detail, extra={"error_code": error.code})
        return 1
    except Exception as error:  # noqa: BLE001 - the process's last catch: logged, then exit 1
        _log.critical("the schema is as it was", exc_info=error)
        return 1
    _log.info("the schema is the newest")
    return 0


def _service(name: str) -> tuple[ServiceSettings, Path]:
    """Its settings, from the environment, and its migrations. Raises _Unknown."""
    module_name = f"semblance.{name}.settings"
    if not name.isidentifier():
        raise _Unknown
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is not None and module_name.startswith(error.name):
            raise _Unknown from error
        raise
    settings_class = getattr(module, f"{name.capitalize()}Settings", None)
    if module.__file__ is None or settings_class is None:  # service_kit has settings too, and no database
        raise _Unknown
    settings: ServiceSettings = settings_class()
    return settings, Path(module.__file__).parents[2] / "migrations"


if __name__ == "__main__":
    sys.exit(main())
