"""What nodes measure and log: a store of its own beside the center's records, since it is much and may be lost in part."""
