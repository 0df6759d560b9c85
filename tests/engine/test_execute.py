"""Workers end as they were asked to, and nothing of them is left."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from polychip.execute import ProcessExecutor


def test_what_is_queued_is_done_before_the_processes_are_gone() -> None:
    executor = ProcessExecutor(2)
    futures = [executor.submit(time.sleep, seconds) for seconds in (0.3, 0.3, 0.1)]
    executor.no_more()
    executor.no_more()  # saying it twice is no harm
    executor.stop(now=True)
    assert all(future.done() and future.exception() is None for future in futures)
    executor.stop(now=True)


def test_workers_that_were_never_used_end_too() -> None:
    executor = ProcessExecutor(2)
    executor.no_more()
    executor.stop(now=False)


@pytest.mark.parametrize("place", ["/nowhere", "/" + "long" * 30])
def test_where_no_socket_can_lie_processes_begin_without(place: str, tmp_path: Path) -> None:
    code = (
        f"from polychip import execute, sockets; sockets.SHORT = ({place!r},)\n"
        "if __name__ == '__main__':\n"
        "    executor = execute.ProcessExecutor(2)\n"
        "    print(executor.submit(len, 'abc').result(timeout=100))\n"
        "    executor.stop(now=True)\n"
    )
    temporary = tmp_path / ("long" * 30)
    temporary.mkdir()
    (tmp_path / "program.py").write_text(code)
    done = subprocess.run(
        [sys.executable, str(tmp_path / "program.py")], capture_output=True, text=True,
        check=False, timeout=120, env=os.environ | {"TMPDIR": str(temporary)},
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "3\n"), done.stderr
