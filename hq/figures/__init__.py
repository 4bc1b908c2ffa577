"""Figures at headquarters: rollups kept as rows arrive, and the functions that read them."""
