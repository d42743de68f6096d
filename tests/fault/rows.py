"""All rows of the table, in the order in which they run: (number in the matrix, name, what does it)."""
import clocks
import disks
import far
import kills
import life
import links
import lookups
import marks
import outages
import points
import poison
import races
import sinks
import totals
import upgrades

ROWS = sorted(clocks.ROWS + disks.ROWS + far.ROWS + kills.ROWS + life.ROWS + links.ROWS + lookups.ROWS + marks.ROWS +
              outages.ROWS + points.ROWS + poison.ROWS + races.ROWS + sinks.ROWS + totals.ROWS + upgrades.ROWS)

# `tools/fault --jobs` runs several rows at a time, since they mostly wait, but for those whose figure is about a second or two. It
# begins with the longest.
ALONE = ("F10b", "F36")
LONGEST = ("F02", "F28", "F33", "F17", "F26", "F22", "F03", "F20", "F09", "F19", "W3", "P7", "P8")
