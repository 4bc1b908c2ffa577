"""Headquarters' end of replication: who may send, what arrived, and the proof that it is all there.

`receiver` speaks HTTP, `apply` writes facts, rollups, digest and cursor in one transaction, `verify` proves it.
"""
