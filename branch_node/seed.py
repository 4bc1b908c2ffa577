"""`python -m branch_node seed`: fills an empty branch with a demo business, or with many plain facts for benches."""

import sys

from branch_node.seeding.command import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
