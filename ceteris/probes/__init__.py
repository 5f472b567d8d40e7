"""Read-only measurements of a model."""
