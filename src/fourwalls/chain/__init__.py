"""The chain: repair stages of the recorded past and see what would have been saved."""
