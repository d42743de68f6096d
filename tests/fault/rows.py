"""All rows of the table, in the order in which they run: (number in the matrix, name, what does it)."""
import kills
import points

ROWS = sorted(kills.ROWS + points.ROWS)
