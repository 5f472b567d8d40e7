"""Architectures, one per file, and counting."""
