import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from longtail.problems import BadInputError
from longtail.training.checkpoints import (
    CONTENTS,
    MANIFEST,
    Checkpoint,
    TrainingState,
    checkpoint_path,
    final_checkpoint,
    find_damage,
    latest_valid,
    save_checkpoint,
)

STATE = TrainingState(
    step=10,
    epoch=1,
    position=4,
    category_ids=(1, 7),
    image_count=(3, 1),
    instance_count=(9, 1),
    parts={"backbone": ("layer.weight",)},
)


def _save(checkpoints: Path, step: int) -> Path:
    generator = torch.Generator().manual_seed(step)
    model = {"layer.weight": torch.randn(32, 16, generator=generator)}
    optimizer = {"state": {0: {"momentum_buffer": torch.randn(32, 16, generator=generator)}}}
    return save_checkpoint(checkpoints, model, optimizer, replace(STATE, step=step))


def _flip(path: Path, bit: int) -> None:
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << (bit % 8)
    path.write_bytes(content)


def test_a_checkpoint_comes_back_as_it_was(tmp_path: Path) -> None:
    loaded = Checkpoint(_save(tmp_path, 10))
    generator = torch.Generator().manual_seed(10)
    assert torch.equal(loaded.weights()["layer.weight"], torch.randn(32, 16, generator=generator))
    momentum = loaded.optimizer()["state"][0]["momentum_buffer"]
    assert torch.equal(momentum, torch.randn(32, 16, generator=generator))
    assert loaded.state == STATE


def test_only_complete_checkpoints_carry_the_final_name(tmp_path: Path) -> None:
    path = _save(tmp_path, 10)
    assert path == tmp_path / "step-00000010"
    assert {file.name for file in path.iterdir()} == {*CONTENTS, MANIFEST}
    assert [entry.name for entry in tmp_path.iterdir()] == ["step-00000010"]


def test_the_newest_two_are_kept(tmp_path: Path) -> None:
    for step in (10, 20, 30):
        _save(tmp_path, step)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["step-00000020", "step-00000030"]


def test_what_a_crash_left_half_written_is_cleared_away(tmp_path: Path) -> None:
    (tmp_path / ".step-00000010.partial").mkdir()
    (tmp_path / ".step-00000010.partial" / "model.pt").write_bytes(b"half")
    (tmp_path / ".step-00000005.partial").mkdir()
    assert latest_valid(tmp_path).path is None
    path = _save(tmp_path, 10)
    assert latest_valid(tmp_path).path == path
    assert [entry.name for entry in tmp_path.iterdir()] == ["step-00000010"]


def test_sixty_random_bit_flips_are_all_noticed(tmp_path: Path) -> None:
    path = _save(tmp_path, 10)
    rng = np.random.default_rng(0)
    names = [*CONTENTS, MANIFEST]
    for number in range(60):
        file = path / names[number % len(names)]
        bit = int(rng.integers(8 * file.stat().st_size))
        _flip(file, bit)
        assert find_damage(path) is not None, f"bit {bit} of {file.name}"
        _flip(file, bit)
    assert find_damage(path) is None


def test_every_bit_of_the_manifest_matters(tmp_path: Path) -> None:
    path = _save(tmp_path, 10)
    manifest = path / MANIFEST
    for bit in range(8 * manifest.stat().st_size):
        _flip(manifest, bit)
        assert find_damage(path) is not None, f"bit {bit}"
        _flip(manifest, bit)


def _empty(file: Path) -> None:
    file.write_bytes(b"")


def _halve(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def _shorten(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def _fill_with_zeros(file: Path) -> None:
    file.write_bytes(bytes(file.stat().st_size))


@pytest.mark.parametrize("name", [*CONTENTS, MANIFEST])
@pytest.mark.parametrize("harm", [_empty, _halve, _shorten, _fill_with_zeros, Path.unlink])
def test_damaged_files_are_noticed_and_named(
    tmp_path: Path, name: str, harm: Callable[[Path], None]
) -> None:
    path = _save(tmp_path, 10)
    harm(path / name)
    assert name in str(find_damage(path))
    with pytest.raises(BadInputError, match="step-00000010"):
        Checkpoint(path)


def test_a_damaged_checkpoint_falls_back_to_the_one_before(tmp_path: Path) -> None:
    older, newer = _save(tmp_path, 10), _save(tmp_path, 25)
    _flip(newer / "model.pt", 4000)
    latest = latest_valid(tmp_path)
    assert latest.path == older and latest.lost_steps == 15
    assert latest.skipped == (f"{newer}: SHA-256 of model.pt differs from manifest.json",)


def test_without_a_valid_checkpoint_all_steps_are_lost(tmp_path: Path) -> None:
    for step in (10, 25):
        (_save(tmp_path, step) / MANIFEST).unlink()
    latest = latest_valid(tmp_path)
    assert latest.path is None and latest.lost_steps == 25 and len(latest.skipped) == 2


def test_no_checkpoint_at_all_loses_nothing(tmp_path: Path) -> None:
    latest = latest_valid(tmp_path / "checkpoints")
    assert latest.path is None and latest.skipped == () and latest.lost_steps == 0


def test_training_over_a_damaged_checkpoint_replaces_it(tmp_path: Path) -> None:
    _save(tmp_path, 10)
    _flip(_save(tmp_path, 20) / "model.pt", 99)
    _save(tmp_path, 20)
    assert latest_valid(tmp_path).path == checkpoint_path(tmp_path, 20)


def test_damaged_checkpoints_of_later_steps_do_not_push_out_valid_ones(tmp_path: Path) -> None:
    _save(tmp_path, 10)
    _flip(_save(tmp_path, 30) / "model.pt", 99)
    _save(tmp_path, 20)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["step-00000010", "step-00000020"]


def test_the_final_checkpoint_is_never_an_earlier_one(tmp_path: Path) -> None:
    checkpoints = tmp_path / "checkpoints"
    _save(checkpoints, 10)
    last = _save(checkpoints, 20)
    assert final_checkpoint(tmp_path, 20) == last
    shutil.rmtree(last)
    with pytest.raises(BadInputError, match="step-00000020"):
        final_checkpoint(tmp_path, 20)


def test_pickled_code_is_not_run_even_if_the_digests_hold(tmp_path: Path) -> None:
    class Payload:
        def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
            return (Path.touch, (tmp_path / "ran",))  # type: ignore[return-value]

    path = save_checkpoint(tmp_path / "checkpoints", {"x": Payload()}, {}, STATE)  # type: ignore[dict-item]
    with pytest.raises(Exception, match="Weights only"):
        Checkpoint(path).weights()
    assert not (tmp_path / "ran").exists()
