"""All rows of the table, in the order in which they run: (number in the matrix, name, what does it)."""
import kills

ROWS = [*kills.ROWS]
