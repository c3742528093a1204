"""Test-time augmentation.

- `scales`: sizes at which test images are seen.
- `suppression`: what the boxes of all views go through.
- `tta`: how views become one result.
"""
