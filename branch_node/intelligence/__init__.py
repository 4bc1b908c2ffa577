"""Notes from the field: what moves the trade, and what competitors do with which customers."""
