"""What branch and headquarters agree on about changes: how they are captured, written, hashed and sent.

PROTOCOL.md is the contract; `capture` generates the triggers, `change` holds the codec and the digests,
`messages` the headers and answers on the wire.
"""
