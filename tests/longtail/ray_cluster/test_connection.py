"""Clusters that are started and joined beside what others left on the machine: real Ray."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from longtail.ray_cluster.folder import FOLDER_PREFIX

pytestmark = pytest.mark.slow

STALE = "127.0.0.1:9"
"""The address of a head that was killed: nobody listens there."""
ASK = """
import json, os, sys
from longtail.ray_cluster.connection import connect
import ray
connect(sys.argv[1] if sys.argv[1:] else None, dashboard=True)

def seen() -> list[str]:
    from ray.util.state import list_nodes
    return [node.node_id for node in list_nodes(timeout=60)]

def told() -> dict[str, str]:
    import os
    return {name: os.environ.get(name, "") for name in ("RAY_TMPDIR", "RAY_ADDRESS")}

context = ray.get_runtime_context()
found = {
    "own": context.get_node_id(),
    "seen": ray.get(ray.remote(num_cpus=0)(seen).remote()),
    "told": ray.get(ray.remote(num_cpus=0)(told).remote()),
    "address": context.gcs_address,
}
print(json.dumps(found), flush=True)
sys.stdin.read()
"""


def ask(temporary: Path, *words: str) -> subprocess.Popen[str]:
    """Connect and look from a worker, as Ray Train's helpers do; ends when its input ends."""
    ours = "RAY_ADDRESS", "RAY_TMPDIR"
    environment = {key: value for key, value in os.environ.items() if key not in ours}
    return subprocess.Popen(
        [sys.executable, "-c", ASK, *words],
        env={**environment, "TMPDIR": str(temporary)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def answer(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    found: dict[str, Any] = json.loads(process.stdout.readline())
    return found


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A short temporary folder in which a killed head left its name."""
    folder = Path("/tmp") / f"l{os.getpid()}"
    (folder / "ray").mkdir(parents=True)
    (folder / "ray" / "ray_current_cluster").write_text(STALE)
    yield folder
    shutil.rmtree(folder)


def test_what_others_left_misleads_neither_a_local_cluster_nor_one_that_is_joined(
    temporary: Path,
) -> None:
    left = left_by_a_killed_process(temporary)
    local = ask(temporary)
    head = answer(local)
    assert not left.exists()
    joined = ask(temporary, head["address"])
    member = answer(joined)
    for found in (head, member):
        assert found["seen"] == [found["own"]] == [head["own"]]
    assert Path(head["told"]["RAY_TMPDIR"]).parent == temporary
    assert member["told"]["RAY_ADDRESS"] == head["address"]
    for process in (joined, local):
        process.communicate()
        assert process.returncode == 0
    assert not list(temporary.glob(f"{FOLDER_PREFIX}*"))


def left_by_a_killed_process(temporary: Path) -> Path:
    """The folder of its cluster."""
    killed = ask(temporary)
    folder = Path(answer(killed)["told"]["RAY_TMPDIR"])
    killed.kill()
    killed.communicate()
    assert folder.is_dir()
    return folder


SHUT_DOWN = """
import threading
import ray
from longtail.ray_cluster import watch
from longtail.ray_cluster.connection import connect

for _ in range(2):
    connect(None)
    (watcher,) = [t for t in threading.enumerate() if t.name == watch.THREAD]
    ray.shutdown()
    watcher.join()
print("lost" if watch.lost.is_set() else "not missed")
"""


def test_a_cluster_that_the_process_itself_shut_down_is_not_missed(temporary: Path) -> None:
    words = [sys.executable, "-c", SHUT_DOWN]
    environment = {**os.environ, "TMPDIR": str(temporary)}
    done = subprocess.run(words, env=environment, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1:] == ["not missed"], done.stderr
