"""Business cards (vCard) in and out: people at customers."""
