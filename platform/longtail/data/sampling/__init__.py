"""Which training images are seen, and how often.

- `build`: from a configuration to a stream of images, and its effect on the long tail.
- `repeats`, `by_category`: the samplers.
- `steps`: from epochs to one worker's share of each step.
"""
