"""The agent: a small process on every node that starts, watches and revives the node's services, with or without a center.

It may import asyncio, psutil, sqlite3, msgspec and (only to sign) cryptography; no web framework, no ORM.
"""
