"""Workers end as they were asked to, and nothing of them is left."""

import time

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
