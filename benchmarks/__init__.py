"""Benchmarks: time, memory and decision quality, each against something in the same run."""
