"""The console script: parse, do, explain what went wrong. Loads nothing heavy by itself."""

import _thread
import gc
import os
import signal
import sys
import time
from collections.abc import Sequence
from typing import Any

DONE, WRONG, USAGE, SOME_FAILED, INTERRUPTED = 0, 1, 2, 3, 130
_AGAIN_S = 0.01
"""Seconds after which Ctrl-C is heard again that came where Python drops exceptions."""
BROKEN_PIPE = 141
"""What a shell gives for a program that its reader left: 128 + SIGPIPE."""
DEBUG = "POLYCHIP_DEBUG"
_BUILDING = ("export", "run", "append", "demo")
_TO_BUCKETS = ("export", "run")
"""What writes a dataset to an address."""
_RESTART = (
    "stopped; give the same command again, with --resume if it says that an unfinished run is there"
)
_ISSUES = "https://example.org/polychip/issues"


def entry_point() -> None:
    """The `polychip` command."""
    gc.set_threshold(50_000)  # 700 lets imports look for garbage a hundred times
    _end_like_ctrl_c()
    sys.unraisablehook = _hear_again
    # Nothing here multiplies large matrices: numpy's threads for that would only spin at the start.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    code = main(sys.argv[1:])
    sys.stderr.flush()
    if "polychip.sockets" in sys.modules:
        sys.modules["polychip.sockets"].remove_folder()
    # Everything is written and stopped. Python would take a tenth of a second to take its libraries
    # apart, and would end itself by SIGINT when Ctrl-C fell into an exec(), as dataclasses use it.
    os._exit(code)


def _end_like_ctrl_c() -> None:
    """Let SIGTERM, by which other programs end this one, do what Ctrl-C does."""

    def end(number: int, frame: Any) -> None:
        pressed = signal.getsignal(signal.SIGINT)
        if not callable(pressed):  # ignored, as shells have it for programs in the background
            raise KeyboardInterrupt
        pressed(number, frame)

    signal.signal(signal.SIGTERM, end)


def _hear_again(dropped: Any) -> None:
    """Let Ctrl-C come once more that Python dropped.

    What is raised in a finaliser or a weak reference's callback, as imports have them, stops
    nothing: Python complains and goes on.
    """
    if isinstance(dropped.exc_value, KeyboardInterrupt):
        _thread.start_new_thread(_press_soon, ())
    else:
        sys.__unraisablehook__(dropped)


def _press_soon() -> None:
    time.sleep(_AGAIN_S)
    _thread.interrupt_main()


def main(argv: Sequence[str]) -> int:
    """Run the command line; returns the exit code, whatever happens."""
    try:
        code = _guarded(argv)
        sys.stdout.flush()
    except KeyboardInterrupt:  # during the imports, or while the first one was being told
        code = INTERRUPTED
    except BrokenPipeError:
        code = _leave_pipe()
    return code


def _leave_pipe() -> int:
    """Whoever read the output has gone; keep Python from complaining of it when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return BROKEN_PIPE


def _guarded(argv: Sequence[str]) -> int:
    """Do what is asked for; errors become a message and a code."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    args: Any = None
    try:
        from polychip.cli.arguments import build_parser

        args = build_parser().parse_args(argv)
        _refuse_address(args)
        _quiet_libraries()
        from polychip.cli import commands

        code: int = getattr(commands, args.command)(args)
    except SystemExit as stop:  # argparse: help, version, usage
        return stop.code if isinstance(stop.code, int) else USAGE
    except BrokenPipeError:
        raise
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - nobody shall see a traceback
        return _explain(error, args)
    return code


def _refuse_address(args: Any) -> None:
    """Refuse an address where a file or folder is to be written; a path would be made of it."""
    from polychip.addresses import is_remote
    from polychip.errors import OutputError

    output = getattr(args, "output", None)
    if output and is_remote(output) and args.command not in _TO_BUCKETS:
        raise OutputError(
            f"{output}: only export and run write to an address, and to s3:// alone; give a path "
            "on disk, and copy it there afterwards (aws s3 cp, rclone)"
        )


def _quiet_libraries() -> None:
    """Warnings meant for programmers are shown with POLYCHIP_DEBUG only."""
    if not os.environ.get(DEBUG):
        import warnings

        warnings.simplefilter("ignore")


def _explain(error: BaseException, args: Any) -> int:
    code, message = told(error, getattr(args, "command", ""))
    if os.environ.get(DEBUG):
        import traceback

        traceback.print_exception(error)
    if getattr(args, "progress", None) == "json":
        from polychip.cli.progress import emit

        emit("error", message=message, exit_code=code)
    from polychip.names import printable

    label = "interrupted" if code == INTERRUPTED else "error"
    sys.stderr.write(f"{label}: {printable(message)}\n")
    return code


def _was_interrupt(error: BaseException | None) -> bool:
    """Whether Ctrl-C is behind an error: extension modules may turn it into another one."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__cause__ or error.__context__
    return False


def told(error: BaseException, command: str = "") -> tuple[int, str]:
    """Exit code and message of whatever stopped a command."""
    from polychip.errors import Interrupted, PolychipError

    if isinstance(error, Interrupted):
        return INTERRUPTED, str(error).removeprefix("interrupted; ")
    if _was_interrupt(error):
        return INTERRUPTED, _RESTART if command in _BUILDING else "nothing was written"
    if isinstance(error, PolychipError):
        return WRONG, str(error)
    if isinstance(error, MemoryError):
        return WRONG, "out of memory; use fewer --workers, smaller chips, or a larger machine"
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return WRONG, (
            f"{where}{error.strerror.lower()}; check the disk, its permissions and its free space, "
            "then try again (--resume goes on with a run)"
        )
    return WRONG, (
        f"unexpected {type(error).__name__}: {error}\nThis is a fault of Polychip. Please report "
        f"it at {_ISSUES} with what it prints when {DEBUG}=1 is set."
    )
