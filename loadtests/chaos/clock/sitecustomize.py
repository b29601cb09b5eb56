"""Found by every Python of the platform when this folder leads PYTHONPATH: a service that skews.json names starts over
with libfaketime in front of libc. The file is read at the start, so a service changes its clock by being killed.

Only wall clocks: the monotonic one is left alone, as on a machine whose time was set wrong.
"""

import json
import os
import re
import sys
from pathlib import Path

_SERVICE = re.compile(r"^semblance\.(\w+)\.main$")
_SKEWS = Path(__file__).with_name("skews.json")


def _begin_again() -> None:
    arguments = sys.orig_argv
    named = [m.group(1) for text in arguments if (m := _SERVICE.match(text))]
    if not named or "FAKETIME" in os.environ or not _SKEWS.exists():
        return
    skews = json.loads(_SKEWS.read_text())
    if named[0] not in skews["by_s"]:
        return
    os.environ.update(
        LD_PRELOAD=skews["library"], FAKETIME=f"{skews['by_s'][named[0]]:+d}s", FAKETIME_DONT_FAKE_MONOTONIC="1"
    )
    os.execv(sys.executable, [sys.executable, *arguments[1:]])  # noqa: S606 - itself


_begin_again()
