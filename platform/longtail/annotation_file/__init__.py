"""LVIS annotation files as JSON: the one place that decodes them and knows their quirks.

- `document`: the file unpacked and cut into its lists; what is told of a file that is none.
- `records`, `decoding`: types of their records, decoded; each misfit named by record and field.
- `outlines`, `checks`: what is wrong with polygons and run-length masks, with ids and sizes.

Rules that only training or only evaluation has are in `data.lvis`.
"""
