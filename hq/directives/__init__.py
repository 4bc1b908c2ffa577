"""Decisions and documents sent down: written, issued to branches, departments or people, followed until they are done."""
