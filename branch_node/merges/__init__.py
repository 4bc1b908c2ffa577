"""Customers entered twice become one, and two again when that was wrong."""
