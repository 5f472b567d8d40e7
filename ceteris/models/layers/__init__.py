"""Pieces that architectures share."""
