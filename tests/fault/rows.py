"""All rows of the table, in the order in which they run: (number in the matrix, name, what does it)."""
import kills
import life
import points
import sinks

ROWS = sorted(kills.ROWS + points.ROWS + sinks.ROWS + life.ROWS)
