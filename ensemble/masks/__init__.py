"""The masks of fused objects.

- `final`: the best member's mask, or the one that members vote for; `by_scale` chooses a test
  scale.
- `vote_weights`, `binary_vote`, `soft_vote`: whose votes count how much, and the votes.
- `edges`, `paste`: runs and grids put into strips of the image.
"""
