"""Branch against branch, one measure at a time, headquarters' own business among them."""
