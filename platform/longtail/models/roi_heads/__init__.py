"""The second stage of a detector: which RoIs are learned from, their boxes, their masks.

- `heads`: all of it; `targets`: what an image gives to learn from; `sampling`: which RoIs learn.
- `box_stage`, `box_branch`: RoIs are classified and refined, once or stage by stage.
- `mask_stage`, `mask_branch`: the masks of the foreground, and of what was found.
- `rules`, `build`: from a configuration to these.
"""
