"""What surrounds a RoI, added to its features.

- `semantic_branch`: a dense map of stuff and things; needs its annotations.
- `global_context`: one vector an image; needs none.
"""
