"""Latest sales: ordered, cancelled and net by branch and person, and the orders behind every number."""
