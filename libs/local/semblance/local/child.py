"""Becomes a child that cannot outlive its parent; run as a script before the real command.

    python -S -E child.py PARENT_PID SIGNAL USER|- -- COMMAND...

Linux sends SIGNAL to this process when the thread that started it ends, however it ends; exec keeps that. Changing
the user would clear it, so the user is changed first. Imports nothing of ours: it must start fast.
"""

import ctypes
import os
import pwd
import sys

_PR_SET_PDEATHSIG = 1


def main(argv: list[str]) -> None:
    """Become the command; never returns."""
    parent, number, user = int(argv[0]), int(argv[1]), argv[2]
    command = argv[4:]
    if os.getsid(0) != os.getpid():
        os.setsid()  # the terminal's Ctrl-C is for the parent, which stops its children in order
    if user != "-":
        entry = pwd.getpwnam(user)
        os.setgroups([])
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
        os.chdir("/")
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0) != 0:
        sys.exit("prctl failed")
    if os.getppid() != parent:
        sys.exit("the parent ended before its child began")
    os.execvp(command[0], command)  # noqa: S606 - our own commands, no shell


if __name__ == "__main__":
    main(sys.argv[1:])
