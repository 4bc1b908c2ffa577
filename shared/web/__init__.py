"""The one place where a site's pages are composed: routing, sessions, forms, templates, static files."""
