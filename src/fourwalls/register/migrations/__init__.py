"""How registers of older versions become those of this one (Alembic)."""
