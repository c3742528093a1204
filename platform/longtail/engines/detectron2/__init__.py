"""The second engine: detectron2's proposals and meta-architecture around the shared parts.

Importing any module of this package imports detectron2, which is no dependency of the project;
`longtail.engines.build` says what to do where it is absent.
"""
