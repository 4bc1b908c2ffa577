"""Receivables with ageing: who owes, how late; branch, customer, instalment, entries."""
