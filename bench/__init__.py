"""How fast `ceteris` trains on this machine, next to the usual scripts and to the machine's own limit."""
