import torch

from longtail.training.determinism import seed_initial_weights, seed_step


def _draw() -> float:
    return torch.rand(()).item()


def test_a_step_draws_the_same_whatever_was_drawn_before() -> None:
    seed_step(seed=3, stage=0, step=17, rank=1)
    first = _draw()
    torch.rand(1000)
    seed_step(seed=3, stage=0, step=17, rank=1)
    assert _draw() == first


def test_seed_stage_step_and_rank_all_change_the_draws() -> None:
    draws = set()
    for words in [(0, 0, 0, 0), (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)]:
        seed_step(*words)
        draws.add(_draw())
    seed_initial_weights(0, 0)
    draws.add(_draw())
    assert len(draws) == 6


def test_initial_weights_depend_on_seed_and_stage_alone() -> None:
    draws = []
    for seed, stage in [(5, 0), (5, 0), (5, 1), (6, 0)]:
        seed_initial_weights(seed, stage)
        draws.append(_draw())
    assert draws[0] == draws[1] and len(set(draws)) == 3
