"""Runs a command with real servers beside it:  python3 -m servers redis kafka -- COMMAND…
The command finds them through SCHEDULES_TEST_*; they end with it. `install NAME…` only downloads."""
import contextlib
import os
import subprocess
import sys

from . import kinds


def main(arguments):
    known = kinds()
    if arguments[:1] == ["install"]:
        for name in arguments[1:] or known:
            known[name].install()
        return 0
    if "--" not in arguments:
        print(__doc__ + f"\nservers: {', '.join(known)}", file=sys.stderr)
        return 2
    split = arguments.index("--")
    names, command = arguments[:split], arguments[split + 1:]
    unknown = [name for name in names if name not in known]
    if unknown or not command:
        print(f"no such server: {', '.join(unknown)}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    with contextlib.ExitStack() as stack:
        environment = dict(os.environ)
        for name in names:
            environment.update(stack.enter_context(known[name]()).environment())
        return subprocess.call(command, env=environment)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
