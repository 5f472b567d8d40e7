"""Where trials run: in this process, or one process per core. Never part of a key."""
