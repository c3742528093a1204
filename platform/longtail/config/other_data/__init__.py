"""What a stage learns from besides the training file.

- `joined`, `ignored`: files that are given with `--also`, by a `file_name`.
- `pseudo_labels`: what the stage before finds.
- `checks`: what a stage can learn from, by its sampler and its classifier.
"""
