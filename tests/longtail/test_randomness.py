"""The numbers that seeds give: runs of before go on with theirs."""

from longtail.randomness import (
    augmentation_generator,
    data_seed,
    generator_for,
    initial_weights_seed,
    order_generator,
    training_step_seed,
)


def test_seeds_of_training_are_those_of_earlier_versions() -> None:
    assert initial_weights_seed(0, 0) == 15793235383387715774
    assert initial_weights_seed(3, 1) == 4245091184500617293
    assert training_step_seed(3, 0, 17, 1) == 13810080694893273149
    assert (data_seed(0, 0), data_seed(3, 1)) == (10128210881749538955, 8144634492362046214)


def test_draws_of_data_are_those_of_earlier_versions() -> None:
    drawn = order_generator(7, 0).integers(1 << 30, size=3).tolist()
    assert drawn == [910946063, 421021894, 864358909]
    drawn = augmentation_generator(7, 2, 5).integers(1 << 30, size=3).tolist()
    assert drawn == [359207731, 417729313, 129216197]
    drawn = generator_for(0).integers(1 << 30, size=3).tolist()
    assert drawn == [913350807, 683932403, 548828616]


def test_every_purpose_has_random_numbers_of_its_own() -> None:
    purposes = [(0, 1), (0, 1, 0), (1, 0, 1), (1, 1, 0), (1, 0)]
    draws = {tuple(generator_for(7, *p).integers(1 << 30, size=2).tolist()) for p in purposes}
    assert len(draws) == len(purposes)


def test_each_stage_sees_the_images_in_an_order_of_its_own() -> None:
    assert len({data_seed(seed, stage) for seed in range(3) for stage in range(3)}) == 9
