"""Remote control: what somebody ordered a node to do, how it was signed and sent, what became of it."""
