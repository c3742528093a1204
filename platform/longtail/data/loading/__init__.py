"""Images for training and prediction, as tensors.

- `images`, `masks`, `sample`, `load_sample`: one image with what is known about it.
- `transforms`: augmentation, one file a transform.
- `batches`, `shared_tensors`: batches, read ahead by loader processes.
"""
