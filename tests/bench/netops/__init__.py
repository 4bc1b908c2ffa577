"""Benchmarks of the agent, side by side with the supervisors that are installed. `python -m tests.bench.netops`."""
