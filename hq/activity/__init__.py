"""What every employee did today, on each branch's own date: plans, follow-ups, customers, orders, receipts."""
