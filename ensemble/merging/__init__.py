"""A merge from its options to the merged store, block by block.

- `options`, `config_file`, `request`, `plan`, `plan_sources`: what is asked for, checked once.
- `pipeline`, `fused_block`, `rescoring`, `statistics`: what is done with a block.
- `shards`, `workers`, `ray_workers`, `folder`: where it runs, and what is kept.
"""
