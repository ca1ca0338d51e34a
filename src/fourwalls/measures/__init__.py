"""One file per question; Ibis table in, Ibis table out. Nothing is executed here."""
