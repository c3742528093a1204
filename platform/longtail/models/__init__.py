"""The parts of a detector that all engines share, on plain tensors."""
