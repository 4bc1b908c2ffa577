"""A view as a paper: what a reader sees at an address, without the frame, to keep, to send, to show."""
