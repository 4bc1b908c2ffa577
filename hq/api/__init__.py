"""The JSON API of headquarters: the ten figures, as JSON, CSV or XLSX."""
