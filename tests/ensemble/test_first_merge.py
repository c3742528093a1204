"""What the first merge of an installation compiles."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from support.merge_folder import Folder

SCRIPT = """
import sys
from numba.core.event import Listener, register
from ensemble.merge import main

class Compiled(Listener):
    def on_start(self, event):
        function = event.data["dispatcher"].py_func
        print("compiled", f"{function.__module__}.{function.__qualname__}")

    def on_end(self, event):
        pass

register("numba:compile", Compiled())
main(sys.argv[1:], standalone_mode=False)
"""


@pytest.mark.slow
def test_each_kernel_is_compiled_for_one_kind_of_array(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    words = [f"--pred={name}={folder.path}/{name}.json" for name in "ab"]
    words += [f"--ann={folder.ann}", f"--out={folder.path}/out"]
    # What is compiled, not how well.
    kernels = {"NUMBA_CACHE_DIR": str(folder.path / "kernels"), "NUMBA_OPT": "0"}
    environment = os.environ | kernels
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *words], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    compiled = Counter(line[1] for line in lines if line[:1] == ["compiled"])
    ours = {
        name: count
        for name, count in compiled.items()
        if name.startswith(("ensemble.", "longtail.evaluation."))
    }
    assert (
        "ensemble.fusion.wbf._fuse" in ours
        and "longtail.evaluation.uncertainty.weighted_ap._fill" in ours
    )
    assert set(ours.values()) == {1}, ours
