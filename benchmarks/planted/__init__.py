"""Faults planted in real records: the noise is life's own, and what was done to it is known to the line."""
