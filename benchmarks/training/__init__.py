"""What a training step costs, part by part, beside torchvision's and detectron2's own detectors.

- `settings`: the sizes that all contenders have, and their pictures.
- `contender`, `ours`, `torchvision_stock`, `detectron2_stock`: the detectors.
- `step`: one step, measured; `__main__`: all of them in turn, medians and ratios.
"""
