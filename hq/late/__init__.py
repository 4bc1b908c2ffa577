"""What was entered or arrived later than the day it counts on: row by row, with who and when."""
