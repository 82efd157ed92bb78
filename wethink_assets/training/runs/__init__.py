"""Training runs: plan, process, session, phases and progress."""
