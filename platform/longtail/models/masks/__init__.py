"""Parts of mask heads beyond Mask R-CNN's own, one file a technique.

- `own_category`: of a layer with K outputs, the one that a RoI needs.
- `mask_level`: the pyramid level; `mask_flow`: between the heads of a cascade;
  `boundary_branch`: boundaries beside masks; `mask_scoring`: how good a mask is.
"""
