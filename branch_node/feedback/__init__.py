"""What customers tell us: entered by whoever hears it, handled and closed by whoever is responsible."""
