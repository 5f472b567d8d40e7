"""The fault gate: faults injected on purpose, and what became of each."""
