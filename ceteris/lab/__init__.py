"""Plan, schedule, run."""
