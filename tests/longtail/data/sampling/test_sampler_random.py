from longtail.data.sampling.steps import random_numbers


def test_every_purpose_has_random_numbers_of_its_own() -> None:
    purposes = [(0, 1), (0, 1, 0), (1, 0, 1), (1, 1, 0), (1, 0)]
    draws = {tuple(random_numbers(7, *p).integers(1 << 30, size=2).tolist()) for p in purposes}
    assert len(draws) == len(purposes)
