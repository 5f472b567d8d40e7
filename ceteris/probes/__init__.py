"""Read-only measurements of a model, and of its training."""
