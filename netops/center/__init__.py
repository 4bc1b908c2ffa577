"""The network-management center: what agents report, which nodes need help, what healed itself."""
