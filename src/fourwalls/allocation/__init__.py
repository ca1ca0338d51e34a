"""Which path for which asset, under budget, people and risk."""
