"""People of headquarters: who may read what, of which branches."""
