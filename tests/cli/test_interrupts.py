"""Ctrl-C while something else must not be cut short."""

import subprocess
import sys

import pytest

CHILDREN = """
import os, signal, subprocess, sys, threading, time
from polychip.interrupts import children_without_ctrl_c, ctrl_c_later

if "thread" in sys.argv:  # that takes it instead
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
try:
    with ctrl_c_later(), children_without_ctrl_c():
        sleeper = [sys.executable, "-c", "print(flush=True); import time; time.sleep(60)"]
        child = subprocess.Popen(sleeper, stdout=subprocess.PIPE)
        os.kill(os.getpid(), signal.SIGINT)
        print("went on")
except KeyboardInterrupt:
    print("interrupted")
child.stdout.readline()
child.send_signal(signal.SIGINT)
time.sleep(0.5)
print("child", child.poll())
child.kill()
"""

LATER = """
import os, signal
from polychip.interrupts import ctrl_c_later

try:
    with ctrl_c_later():
        os.kill(os.getpid(), signal.SIGINT)
        print("went on")
except KeyboardInterrupt:
    print("interrupted")
"""


IMPORT = """
import signal, sys

class Finder:
    @staticmethod
    def find_spec(name, *_):
        if name == "pydantic_core":
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, Finder)
try:
    import polychip.recipe
except KeyboardInterrupt:
    print("interrupted", hasattr(sys.modules.get("pydantic_core"), "SchemaValidator"))
"""


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((CHILDREN,), ["went on", "interrupted", "child None"]),
        ((CHILDREN, "thread"), ["went on", "interrupted", "child None"]),
        ((LATER,), ["went on", "interrupted"]),
        ((IMPORT,), ["interrupted True"]),
    ],
    ids=["children", "children-and-threads", "later", "import-of-pydantic"],
)
def test_ctrl_c_is_heard_once_it_may_be(arguments: tuple[str, ...], told: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout.splitlines() == told, done.stderr
