"""Work shared between processes: in order, errors passed on, nobody left behind."""

from __future__ import annotations

import math
import operator
import os
import signal
import subprocess
import sys
import time
from functools import partial

import pytest

from whence.errors import WhenceError
from whence.photos.processes import map_in_processes


def test_results_come_in_the_order_of_the_items() -> None:
    """More items than are drawn ahead of the results; oracle: the plain function."""
    items = list(range(70))
    squares = map_in_processes(partial(partial, math.pow, 2), items, jobs=2)
    assert list(squares) == [2**i for i in items]


def test_what_the_function_raises_is_passed_on() -> None:
    results = map_in_processes(partial(operator.attrgetter, "real"), [1, "two"], jobs=1)
    assert next(results) == 1
    with pytest.raises(AttributeError):
        next(results)


def test_a_process_that_dies_is_an_error_with_a_way_out() -> None:
    with pytest.raises(WhenceError, match="fewer --jobs"):
        list(map_in_processes(partial(partial, os._exit), [3], jobs=1))


PARENT = """
from functools import partial
from whence.photos.processes import map_in_processes
if __name__ == "__main__":
    asked = ["__import__('os').getpid()", "__import__('time').sleep(60)"]
    made = map_in_processes(partial(partial, eval), asked, jobs=1)
    print(next(made), flush=True)
    next(made)
"""


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
def test_a_killed_parent_takes_its_processes_with_it(tmp_path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    with subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as parent:
        assert parent.stdout is not None
        line = parent.stdout.readline()
        parent.send_signal(signal.SIGKILL)
    child = int(line)
    for _ in range(100):
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("the process outlived its parent by 5 s")
