"""The patterns page: every part in every state, for developers, administrators and tests."""
