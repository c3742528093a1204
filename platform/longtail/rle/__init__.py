"""Run-length encoded masks in COCO's format: codec, validation and geometry."""
