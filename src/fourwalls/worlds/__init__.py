"""Known worlds: whole retailers with known defects, whose truth is known because they can be lived again without them.

A world shares no code with the diagnosis, and the diagnosis has no way to read a world's truth.
"""

from fourwalls.worlds.making import make
from fourwalls.worlds.recipe import read_recipe, recipe_names
from fourwalls.worlds.truth import Truth, read_truth

__all__ = ["Truth", "make", "read_recipe", "read_truth", "recipe_names"]
