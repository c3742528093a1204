"""Threads that call Ray while the process ends: real Ray, in a process that ends as ours do.

With `ray.get` instead of `answer_of` such a process now and then ends with exit code 1 and a trace
of the compiled code, or its thread starts Ray once more.
"""

import subprocess
import sys

import pytest
from support.on_ray.clusters import Cluster

pytestmark = pytest.mark.slow

MESSAGE = "interrupted; run the same command again to go on"
CALLER = """
import threading
from contextlib import suppress
import click
import ray
from longtail.commands import ExitCode, run
from longtail.ray_cluster.calls import answer_of
from longtail.ray_cluster.connection import connect

class Echo:
    def echo(self, word):
        return word

def call_for_ever(echo, was_called):
    while True:
        with suppress(Exception):
            answer_of(echo.echo, "word")
            was_called.set()

@click.command()
def main():
    connect(None)
    echo = ray.remote(num_cpus=0)(Echo).remote()
    was_called = threading.Event()
    threading.Thread(target=call_for_ever, args=(echo, was_called), daemon=True).start()
    was_called.wait()
    raise KeyboardInterrupt

run(main)
"""


def test_a_thread_that_calls_ray_does_not_change_how_the_process_ends(own_cluster: Cluster) -> None:
    words = [sys.executable, "-c", CALLER]
    process = subprocess.run(
        words, env=own_cluster.environment, stderr=subprocess.PIPE, text=True, timeout=300
    )
    assert (process.returncode, process.stderr.strip()) == (130, MESSAGE)
