"""Two processes that train one model give what one process gives, up to the rounding of sums."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

_WORKER = """
import json, os, sys
sys.path.insert(0, {tests!r})
import torch
from test_loop import QUICK, Line, sides, train
from whence.learn.parallel import Accelerated, Alone
from accelerate import Accelerator
two = int(os.environ.get("WORLD_SIZE", "1")) > 1
parallel = Accelerated(Accelerator(cpu=True)) if two else Alone()
learner = Line(dropout=0.0, seed=parallel.rank)
history = train(learner, sides(), QUICK, parallel=parallel, checkpoint={checkpoint!r} if two else None)
if parallel.rank == 0:
    print(json.dumps([
        [row.train_loss for row in history], [row.validation_loss for row in history],
        learner.module.weight.detach().flatten().tolist(), parallel.world,
    ]))
"""


def _port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _results(tmp_path: Path, world: int) -> list:
    tests = str(Path(__file__).parent)
    code = _WORKER.format(tests=tests, checkpoint=str(tmp_path / "c.safetensors"))
    port, started = str(_port()), []
    for rank in range(world):
        place = {
            "WORLD_SIZE": str(world), "RANK": str(rank), "LOCAL_RANK": str(rank), "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": port, "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1",
            "GLOO_SOCKET_IFNAME": "lo",
        }  # fmt: skip
        started.append(
            subprocess.Popen(
                [sys.executable, "-c", code], env=os.environ | place, stdout=subprocess.PIPE, text=True
            )
        )
    answers = [process.communicate(timeout=120)[0] for process in started]
    assert [process.returncode for process in started] == [0] * world
    return json.loads(answers[0].strip().splitlines()[-1])


@pytest.mark.slow
def test_two_processes_give_what_one_gives(tmp_path: Path) -> None:
    """They even begin with different weights: those of process 0 count. 300 samples in batches of 32."""
    one, two = _results(tmp_path, 1), _results(tmp_path, 2)
    assert (one[3], two[3]) == (1, 2)
    for alone, together in zip(one[:3], two[:3], strict=True):
        assert together == pytest.approx(alone, rel=1e-4, abs=1e-5)
    assert (tmp_path / "c.safetensors").is_file()
