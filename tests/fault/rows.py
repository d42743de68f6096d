"""All rows of the table, in the order in which they run: (number in the matrix, name, what does it)."""
import disks
import kills
import life
import links
import points
import poison
import sinks

ROWS = sorted(kills.ROWS + points.ROWS + poison.ROWS + sinks.ROWS + life.ROWS + links.ROWS + disks.ROWS)
