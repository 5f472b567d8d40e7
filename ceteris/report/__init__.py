"""From records to figures, tables, words and a page. Never imports torch."""
