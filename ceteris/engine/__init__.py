"""One trial in, a record out."""
