"""Where trials of a sweep are evaluated on their way."""


def rung_steps(iterations: int, num_rungs: int, reduction: int) -> tuple[int, ...]:
    """Iterations of the rungs of successive halving, rising, the last one the end.

    The first is `iterations / reduction ** (num_rungs - 1)`, rounded up, each further one
    `reduction` times the one before: as ASHA places them (Li et al. 2020, section 3).

    Args:
        iterations: Of the stage that trials train.
        num_rungs: How many, from 1.
        reduction: From 2.
    """
    steps = [-(-iterations // reduction ** (num_rungs - 1))]
    while steps[-1] * reduction < iterations:
        steps.append(steps[-1] * reduction)
    if steps[-1] < iterations:
        steps.append(iterations)
    return tuple(steps)
