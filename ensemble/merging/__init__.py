"""A merge from its options to the merged store, block by block.

- `options`, `config_file`, `request`, `plan`: what is asked for, checked once.
- `pipeline`, `ranked_objects`, `rescoring`, `statistics`: what is done with a block.
- `shards`, `workers`, `ray_workers`, `folder`, `progress`: where it runs, and what is kept.
"""
