import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ensemble.validate import main
from longtail.commands import ExitCode, run

Check = Callable[..., tuple[int, str]]
MASK = {"segmentation": {"size": [2, 3], "counts": "06"}}


def record(**fields: Any) -> dict[str, Any]:
    return {"image_id": 1, "category_id": 5, "score": 0.5, **MASK, **fields}


@pytest.fixture
def check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Check:
    """Write annotations without annotations, and a result file; run the command."""
    category = {"id": 5, "name": "a", "frequency": "r", "image_count": 1, "instance_count": 1}
    images = [{"id": i, "height": 2, "width": 3} for i in (1, 2)]
    ann, file = tmp_path / "image_info.json", tmp_path / "result.json"
    ann.write_text(json.dumps({"images": images, "categories": [category]}))

    def run_command(records: Any, *options: str) -> tuple[int, str]:
        file.write_text(json.dumps(records))
        with pytest.raises(SystemExit) as exit_:
            run(main, [str(file), "--ann", str(ann), *options])
        captured = capsys.readouterr()
        assert isinstance(exit_.value.code, int)
        return exit_.value.code, captured.out + captured.err

    return run_command


def test_a_fit_file_gets_its_numbers_and_exit_code_0(check: Check) -> None:
    code, text = check([record(), record(score=0.25)])
    assert code == ExitCode.DONE
    assert "result.json: fit for submission" in text
    for expected in ("1 of 2", "of rare categories", "0.25 to 0.5"):
        assert expected in text


def test_faults_are_listed_with_remedies_and_exit_code_3(check: Check) -> None:
    code, text = check([record(image_id=7), record()])
    assert code == ExitCode.BAD_INPUT
    assert "image_id: is not in the annotation file" in text
    assert "record 0 (7)" in text and "fix: " in text and "fit for submission" not in text


def test_what_is_no_list_is_an_error_without_traceback(check: Check) -> None:
    code, text = check({"a": 1})
    assert code == ExitCode.BAD_INPUT
    assert text.startswith("error: ") and "Traceback" not in text


def test_the_cap_can_be_changed(check: Check) -> None:
    records = [record(score=0.1), record(score=0.2)]
    assert check(records)[0] == ExitCode.DONE
    assert check(records, "--max-dets", "1")[0] == ExitCode.BAD_INPUT


def test_warnings_are_shown_and_do_not_fail(check: Check) -> None:
    code, text = check([record(bbox=[0, 0, 1, 1])])
    assert code == ExitCode.DONE
    assert "warnings for" in text and "python -m ensemble.convert FILE --to json" in text


def test_numbers_and_problems_are_written_as_json(check: Check, tmp_path: Path) -> None:
    check([record(image_id=7), record()], "--json", str(tmp_path / "report.json"))
    content = json.loads((tmp_path / "report.json").read_text())
    assert content["fit"] is False
    assert content["errors"][0]["field"] == "image_id" and content["errors"][0]["count"] == 1
    assert content["summary"]["num_detections"] == 1


def test_a_file_without_detection_is_fit_and_has_plain_json_too(
    check: Check, tmp_path: Path
) -> None:
    assert check([], "--json", str(tmp_path / "report.json"))[0] == ExitCode.DONE
    assert json.loads((tmp_path / "report.json").read_text())["summary"]["num_detections"] == 0


@pytest.mark.parametrize("module", ["ensemble.validate", "ensemble.convert", "ensemble.merge"])
def test_help_has_examples_and_imports_nothing_heavy(module: str) -> None:
    code = (
        f"import sys; from {module} import main; main(['--help'], standalone_mode=False); "
        "print(sorted({'numba', 'pyarrow', 'rich', 'numpy'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Examples:" in shown.stdout and shown.stdout.endswith("[]\n")
