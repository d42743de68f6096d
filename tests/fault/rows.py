"""All rows of the table, in the order in which they run: (number in the matrix, name, what does it)."""
import clocks
import disks
import far
import kills
import life
import links
import outages
import points
import poison
import races
import sinks
import upgrades

ROWS = sorted(clocks.ROWS + disks.ROWS + far.ROWS + kills.ROWS + life.ROWS + links.ROWS + outages.ROWS + points.ROWS + poison.ROWS +
              races.ROWS + sinks.ROWS + upgrades.ROWS)
