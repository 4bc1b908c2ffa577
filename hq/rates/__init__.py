"""Dated exchange rates: entered at headquarters, used for every total in the reporting currency."""
