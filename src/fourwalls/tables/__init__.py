"""The canonical tables: columns, rules, and the files that fill them."""
