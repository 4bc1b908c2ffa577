"""What two sites must agree on; imports nothing of hq, branch_node or netops."""
