"""Takes stock: from the stock tables to what was lost on every shelf, at which stage, in whose hands."""

from fourwalls.stocktaking.taking import STOCK_STAGES, Stocktaking
from fourwalls.stocktaking.telling import NOT_SERVED, shelves_behind, sides, stock_notes

__all__ = ["NOT_SERVED", "STOCK_STAGES", "Stocktaking", "shelves_behind", "sides", "stock_notes"]
