"""Pictures in doubt, for an operator:

    python -m semblance.safety.reviews list
    python -m semblance.safety.reviews show IMAGE_ID --to FILE.png
    python -m semblance.safety.reviews allow IMAGE_ID
    python -m semblance.safety.reviews refuse IMAGE_ID

Settings as for main. `list` prints a JSON line for each: boxes and scores, never whom a face is like. `allow`
and `refuse` are queued for the service, which asks for the consent once more before a yes. The person learns a verdict
only; one that nobody decides ends as refused after SAFETY_REVIEW_S.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from semblance.kernel.clock import SystemClock
from semblance.kernel.errors import SemblanceError
from semblance.kernel.ids import ImageId, parse_id
from semblance.safety.adapters.store import SqlChecks, SqlStore
from semblance.safety.domain.errors import NotInReview
from semblance.safety.domain.picture import CheckState, PictureCheck
from semblance.safety.domain.verdict import VerdictRules
from semblance.safety.main import quarantine_of, rules_of
from semblance.safety.settings import SafetySettings
from semblance.service_kit.database import Database


def main(argv: Sequence[str] | None = None) -> int:
    """The command; 0 when it could be done."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["list", "show", "allow", "refuse"])
    parser.add_argument("image_id", nargs="?", default="")
    parser.add_argument("--to", type=Path, help="where `show` writes the picture")
    arguments = parser.parse_args(argv)
    settings = SafetySettings()
    rules = rules_of(settings)
    database = Database(settings.database_url, source="safety", clock=SystemClock())
    try:
        if arguments.command == "list":
            _list(database, rules)
            return 0
        image_id = ImageId(parse_id(arguments.image_id, "image id"))
        if arguments.command == "show":
            check = waiting(database, rules, image_id)
            if arguments.to is None:
                parser.error("show needs --to")
            arguments.to.write_bytes(quarantine_of(settings, SystemClock()).get(check.subject_id, check.quarantine_key))
            return 0
        decide(database, rules, image_id, allow=arguments.command == "allow")
    except SemblanceError as e:
        print(f"{e.detail} ({e.code})", file=sys.stderr)
        return 1
    finally:
        database.close()
    return 0


def decide(database: Database, rules: VerdictRules, image_id: ImageId, *, allow: bool) -> None:
    """Queue an operator's decision; the first one counts. Raises NotInReview."""
    waiting(database, rules, image_id)
    with database.transaction() as unit:
        SqlStore(unit, rules).schedule_settling(image_id, allow=allow)


def waiting(database: Database, rules: VerdictRules, image_id: ImageId) -> PictureCheck:
    """A picture that waits for an operator. Raises NotInReview."""
    with database.read() as session:
        check = SqlChecks(session, rules).get(image_id)
    if check is None or check.state is not CheckState.IN_REVIEW:
        raise NotInReview("no picture of this id waits for a decision")
    return check


def _list(database: Database, rules: VerdictRules) -> None:
    with database.read() as session:
        checks = SqlChecks(session, rules).in_review()
    for check in checks:
        line = {"image_id": check.image_id, "since": check.received_at.isoformat()}
        print(json.dumps(line | {"faces": [dataclasses.asdict(face) for face in check.measured.faces]}))


if __name__ == "__main__":
    sys.exit(main())
