import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result

from longtail.commands import run
from longtail.models.weights.__main__ import main
from longtail.problems import BadInputError

RESNET_18_BLOCKS = [(stage, block) for stage in (2, 3, 4, 5) for block in (0, 1)]


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def _saved(path: Path, *names: str) -> Path:
    torch.save({name: torch.zeros(2, 3) for name in names}, path)
    return path


def test_a_backbone_file_is_described(tmp_path: Path) -> None:
    names = [f"res{stage}.{block}.conv2.weight" for stage, block in RESNET_18_BLOCKS]
    path = _saved(tmp_path / "w.pth", *names, "stem.fc.weight")
    result = _run(path, "--json", tmp_path / "facts.json")
    assert result.exit_code == 0, result.output
    assert "detectron2 backbone" in result.output and "2, 2, 2, 2 blocks" in result.output
    assert "backbone.name=detectron2" in result.output and "stem.fc.weight" in result.output
    facts = json.loads((tmp_path / "facts.json").read_text())
    assert facts["parts"] == {"backbone": 8} and facts["num_values"] == 54
    assert facts["sha256"] in result.output


def test_a_timm_file_is_sent_to_the_backbone(tmp_path: Path) -> None:
    output = _run(_saved(tmp_path / "w.pth", "conv1.weight", "layer1.0.conv1.weight")).output
    assert "timm or torchvision backbone" in output
    assert "detector.backbone.weights, with the timm model that it is of" in output


def test_a_nodes_weights_are_described(tmp_path: Path) -> None:
    classifier, body = "roi_heads.classifier.linear.weight", "backbone.body.conv1.weight"
    output = _run(_saved(tmp_path / "model.pt", body, classifier)).output
    assert "longtail" in output and "backbone 1, classifier 1" in output
    assert "2 logits: one a category with sigmoid scores" in output


def test_faults_are_raised_for_the_exit_code(tmp_path: Path) -> None:
    (tmp_path / "w.pkl").write_bytes(b"")
    error = _run(tmp_path / "w.pkl").exception
    assert isinstance(error, BadInputError) and "the file is empty" in str(error)


@pytest.mark.parametrize(("content", "code"), [(b"cos\nsystem\n.", 3), (None, 2)])
def test_exit_codes(
    content: bytes | None, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        (tmp_path / "w.pkl").write_bytes(content)
    with pytest.raises(SystemExit) as ended:
        run(main, [str(tmp_path / "w.pkl")])
    assert ended.value.code == code
    assert capsys.readouterr().err.startswith("error: ")


@pytest.mark.slow
def test_a_process_ends_with_the_exit_code(tmp_path: Path) -> None:
    (tmp_path / "w.pkl").write_bytes(b"cos\nsystem\n.")
    command = [sys.executable, "-m", "longtail.models.weights", str(tmp_path / "w.pkl")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 3 and done.stderr.startswith("error: ")


def test_help_starts_without_torch() -> None:
    code = "import sys, longtail.models.weights; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "False"
    assert "Examples:" in _run("--help").output
