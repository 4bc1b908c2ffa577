"""Rows of a ledger as XLSX, however many: made by a job, fetched by whoever asked."""
