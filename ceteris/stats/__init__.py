"""Records to contrasts to verdicts. Never imports torch."""
