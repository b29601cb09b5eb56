"""The main job once, on a platform that runs somewhere: `python -m semblance.local.testing.walk http://gateway:8080`.

A bundled person who does not exist joins, opts in before a drawn camera, sends photos, has an adapter learnt and a
picture made, finds it signed, and erases everything again. Exit code 0 when all of that holds; nothing is left either
way.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

from semblance.client import Client
from semblance.kernel.errors import SemblanceError
from semblance.local.testing.members import Member

_WHO = "ana"
_ERASURE_S = 300.0
_PHOTOS = 8


class Broken(Exception):
    """A step ended otherwise than it must."""


def walk(address: str, who: str, say: Callable[[str], None]) -> None:
    """Every step, said when it is done. Raises Broken, SemblanceError."""
    with Client(address) as client:
        _walk(Member(client, who).join(), say)


def _walk(member: Member, say: Callable[[str], None]) -> None:
    try:
        say("account made")
        consent = member.opt_in()
        say("opted in before the camera")
        photos = member.send_photos(consent, _PHOTOS)
        _must(any(photo.state == "accepted" for photo in photos), "no photo was accepted")
        say(f"{len(photos)} photos looked at")
        adapter = member.train(consent)
        _must(adapter.state == "ready", f"the adapter ended as {adapter.state}")
        say("adapter learnt")
        image = member.picture(adapter)
        _must(image.state == "published", f"the picture ended as {image.state}")
        found = member.client.verify(member.client.image_content(image.id).data)
        _must(found.made_here and found.consent_state == "active", "the picture does not verify")
        say("picture published, signed and verified")
    finally:
        member.client.wait_erased(member.client.erase(member.password).id, timeout_s=_ERASURE_S)
        say("erased")


def _must(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Broken(otherwise)


def main() -> int:
    """0, or 1 with the step that broke."""
    parser = argparse.ArgumentParser(description="Walk the main job once against a running platform.")
    parser.add_argument("address", help="where its gateway answers")
    parser.add_argument("--who", default=_WHO, help="a bundled person")
    arguments = parser.parse_args()
    began_s = time.monotonic()
    try:
        walk(arguments.address, arguments.who, lambda step: print(f"{time.monotonic() - began_s:6.1f} s  {step}"))
    except (Broken, SemblanceError) as error:
        print(f"{time.monotonic() - began_s:6.1f} s  broken: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
