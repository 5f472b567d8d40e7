"""What probes found, drawn: one file per probe, each from `Seen` to a figure or a sheet of pictures."""
