"""Weights of others: which tensor becomes which, and what was not taken.

- `file`, `array_pickle`: reading files of weights without running what they name.
- `detectron2_names`, `torchvision_names`, `backbone`: from their names to ours.
- `initial_detector`, `taken`, `summary`: what a detector starts from, listed for people.
"""
