"""From annotation files to samples that a model can be trained on."""
