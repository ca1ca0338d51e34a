"""The six signals and four tests, and which capability does what how well: from `Material` to leans."""
