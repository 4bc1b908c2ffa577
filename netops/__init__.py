"""Network management: agent (on every node), center (at headquarters), demo (a company on one machine)."""
