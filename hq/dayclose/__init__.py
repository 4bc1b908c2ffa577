"""/day-close: what every branch stated at the close of a day, beside what headquarters holds of it."""
