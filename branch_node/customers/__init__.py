"""Customers and prospects: the master record, people and addresses, duplicates, the customer card, hand-over."""
