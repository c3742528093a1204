"""The word about compiling: when it is said."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from numba import njit

from longtail.evaluation.compiling import MESSAGE, telling_of_compilation

SCRIPT = """
from longtail.evaluation.compiling import telling_of_compilation
from longtail.rle.codec import decode
with telling_of_compilation(print):
    decode(b"5")
"""


def test_compiling_is_told_once() -> None:
    said: list[str] = []
    with telling_of_compilation(said.append):
        assert njit(lambda value: value + 1)(1) == 2
        assert njit(lambda value: value + 2)(1) == 3
    assert said == [MESSAGE]


def test_nothing_is_told_of_what_is_compiled_or_outside() -> None:
    kernel = njit(lambda value: value + 1)
    said: list[str] = []
    kernel(1)
    with telling_of_compilation(said.append):
        kernel(1)
    kernel(1.0)
    assert not said


@pytest.mark.slow
def test_a_second_process_finds_the_kernels_of_the_first(tmp_path: Path) -> None:
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", SCRIPT]
    outputs = [
        subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert outputs == [MESSAGE + "\n", ""]
