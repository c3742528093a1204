"""What surrounds a RoI, added to its features.

- `build`: from a configuration to the branches.
- `context`: both branches over a batch, their losses, and the poolers that they join.
- `semantic_branch`: a dense map of stuff and things; needs its annotations.
- `global_context`: one vector an image; needs none.
"""
