"""A believable business for an empty branch: seeded, consistent to the cent, written in bulk.

`command.main` is what `python -m branch_node seed` runs. The same seed, branch, months and moment give the same
rows, ids included. Order of work: company (who and what is sold) -> customers -> sales -> money -> work -> write.
"""
