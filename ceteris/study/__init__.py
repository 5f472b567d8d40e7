"""Storey 2: the vocabulary of a study, its identity, its named randomness and its files. Never imports torch."""
