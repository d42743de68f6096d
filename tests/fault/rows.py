"""All rows of the table, in the order in which they run: (number in the matrix, name, what does it)."""
import disks
import kills
import life
import links
import outages
import points
import sinks
import upgrades

ROWS = sorted(kills.ROWS + points.ROWS + sinks.ROWS + life.ROWS + links.ROWS + disks.ROWS + outages.ROWS + upgrades.ROWS)
