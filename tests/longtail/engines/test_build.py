import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.places import ROOT

from longtail.engines.torchvision import TorchvisionEngine

BUILD = """
import sys
import numpy as np
from longtail.config.classifiers import Softmax
from longtail.config.detector import Detector
from longtail.config.variant import Inference
from longtail.engines.build import build_engine
from longtail.models.category_statistics import CategoryStatistics
counts = np.ones(6, dtype=int)
statistics = CategoryStatistics.from_arrays(counts, counts)
try:
    build_engine(Detector(engine="detectron2"), Softmax(), Inference(), statistics)
except ValueError as error:
    print(error)
"""
ABSENT = """
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name == "detectron2":
            raise ModuleNotFoundError("No module named 'detectron2'", name="detectron2")
sys.meta_path.insert(0, Absent())
"""


def _build_in_a_new_process(before: str) -> str:
    code = f"import sys\nsys.path[:0] = ['{ROOT / 'platform'}']\n{before}\n{BUILD}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_torchvision_is_built(make_engine: Callable[..., Any]) -> None:
    assert isinstance(make_engine(engine="torchvision"), TorchvisionEngine)


@pytest.mark.skipif(importlib.util.find_spec("detectron2") is None, reason="no detectron2")
def test_detectron2_is_built(make_engine: Callable[..., Any]) -> None:
    assert type(make_engine(engine="detectron2")).__name__ == "Detectron2Engine"


@pytest.mark.slow
def test_absent_detectron2_is_named_with_a_remedy() -> None:
    message = _build_in_a_new_process(ABSENT)
    assert message.startswith("detector.engine 'detectron2': detectron2 is not installed")
    assert "--no-build-isolation and setuptools<82" in message
    assert message.endswith("or set engine=torchvision")


@pytest.mark.slow
def test_broken_detectron2_shows_its_own_reason(tmp_path: Path) -> None:
    package = tmp_path / "detectron2"
    package.mkdir()
    (package / "__init__.py").write_text("raise ImportError('_C.so: undefined symbol: _ZN3c10')")
    message = _build_in_a_new_process(f"sys.path[:0] = ['{tmp_path}']")
    assert "cannot be imported: _C.so: undefined symbol: _ZN3c10" in message
    assert "not installed" not in message


@pytest.mark.slow
def test_library_that_detectron2_misses_is_named(tmp_path: Path) -> None:
    package = tmp_path / "detectron2"
    package.mkdir()
    (package / "__init__.py").write_text("import fvcore_that_is_not_there")
    message = _build_in_a_new_process(f"sys.path[:0] = ['{tmp_path}']")
    assert "cannot be imported: No module named 'fvcore_that_is_not_there'" in message
