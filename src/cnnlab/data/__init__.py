"""Data: from raw files to mini-batches of tensors."""
