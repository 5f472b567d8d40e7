"""Batched augmentations, one per file."""
