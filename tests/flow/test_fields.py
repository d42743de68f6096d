"""Fields of an entry that a stage does not know, as another build may write them."""
from pipeline import Pipeline
from standpipe_run import wait_for

KNOWN = {"data", "cols", "n", "src", "row", "at", "try", "first", "reason", "copy", "run", "uri", "job", "to"}


def test_unknown_fields_are_read_over_and_end_there(tmp_path):
    with Pipeline(tmp_path) as p:
        p.apply()
        p.start("dispatch", "split-1", "normalise-1")
        p.send(p.write("one.csv", "n\n1\n"), colour="blue")
        p.put(data='{"n":2}', to="tidy", colour="blue")
        wait_for("both to come", lambda: p.r.xlen(p.topic("ship")) == 2)
        entries = [fields for _, fields in p.r.xrange(p.topic("ship"))]
        assert all(fields.keys() <= KNOWN for fields in entries), entries
        assert p.dead() == []
