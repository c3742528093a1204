"""A node is finished exactly when its result is there and its digests hold."""

from pathlib import Path

import pytest

from longtail.cluster.nodes.ledger import (
    begin,
    finish,
    read_record,
    read_result,
    reopen,
)
from longtail.cluster.nodes.plan import Plan
from longtail.problems import BadInputError


def finished(directory: Path) -> Path:
    (directory / "sub").mkdir()
    files = [directory / "a.bin", directory / "sub" / "b.bin"]
    for file in files:
        file.write_bytes(b"content of " + file.name.encode())
    finish(directory, files, {"AP": 0.25})
    return directory


def test_a_finished_node_gives_its_summary(tmp_path: Path) -> None:
    assert read_result(finished(tmp_path)) == {"AP": 0.25}


def test_an_empty_directory_is_not_finished(tmp_path: Path) -> None:
    assert read_result(tmp_path) is None
    assert read_result(tmp_path / "absent") is None


@pytest.mark.parametrize(
    "fault", ["flip", "truncate", "remove", "torn result", "not a result", "another number"]
)
def test_damage_is_noticed(tmp_path: Path, fault: str) -> None:
    directory = finished(tmp_path)
    file = directory / "sub" / "b.bin"
    match fault:
        case "flip":
            content = bytearray(file.read_bytes())
            content[3] ^= 1
            file.write_bytes(content)
        case "truncate":
            file.write_bytes(file.read_bytes()[:-1])
        case "remove":
            file.unlink()
        case "torn result":
            result = directory / "result.json"
            result.write_text(result.read_text()[:-20])
        case "not a result":
            (directory / "result.json").write_text("[]")
        case "another number":
            result = directory / "result.json"
            result.write_text(result.read_text().replace("0.25", "0.35"))
    assert read_result(directory) is None


def test_a_damaged_result_is_set_aside(tmp_path: Path) -> None:
    directory = finished(tmp_path)
    assert reopen(directory)
    assert not reopen(directory)
    assert (directory / "result.damaged.json").exists()


def test_a_damaged_record_of_a_node_is_told_and_written_anew(
    plan: Plan, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    node, directory = plan.rows[0].evaluation, tmp_path / "node"
    begin(directory, node, {"git": "0123"})
    finish(directory, [], {})
    content = (directory / "node.json").read_text()
    begin(directory, node, {"git": "4567"})
    assert (directory / "node.json").read_text() == content
    (directory / "node.json").write_text(content.replace("0123", "0133"))
    # The result vouches for it too, so that the node is done again.
    assert read_result(directory) is None
    with pytest.raises(BadInputError, match=r"node\.json: damaged.*run the grid again"):
        read_record(directory)
    begin(directory, node, {"git": "4567"})
    assert read_record(directory)["git"] == "4567"
    assert "node.json: damaged, it does not match its SHA-256; writing it anew" in caplog.text
