"""The node of one branch: a CRM on local data that works with the line to headquarters cut."""
