"""The pipelines of deploy/examples on the files that they were made for: the values that people read there come out, and
every record is accounted for."""
import pytest
from shared_data import needs_data, oracles, rows_of, try_file

pytestmark = needs_data
ORACLES = oracles()
by_file = pytest.mark.parametrize("oracle", ORACLES, ids=[oracle["file"] for oracle in ORACLES])
REASONS = {"empty": "empty", "repeated_header": "repeated_header"}


def tolerance(oracle, name):
    kind = name if name in oracle["tolerance"] else "area" if "_m2" in name and "kwh" not in name else "other numbers"
    return oracle["tolerance"][kind] + 1e-9


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_equal(oracle, name, want, got):
    if is_number(want):
        return is_number(got) and abs(want - got) <= tolerance(oracle, name)
    return type(want) is type(got) and want == got


@by_file
def test_the_values_that_people_read_come_out(oracle):
    fates = {record["row"]: record for record in try_file(oracle)["records"]}
    wrong = []
    for row in oracle["rows"]:
        fate, expected = fates[row["row"]], row["expected"]
        kind = expected.get("_record")
        if kind in REASONS:
            wrong += [] if (fate["fate"], fate.get("reason")) == ("filtered", REASONS[kind]) else [(row["row"], kind, fate)]
        elif kind == "reject_or_flag":
            wrong += [] if fate["fate"] == "dead" or fate["record"]["issues"] else [(row["row"], kind, fate)]
        elif fate["fate"] != "ok":
            wrong.append((row["row"], fate))
        else:
            document = fate["record"]
            wrong += [(row["row"], name, want, document.get(name, "absent")) for name, want in expected.items()
                      if name not in document or not is_equal(oracle, name, want, document[name])]
    assert not wrong


@by_file
def test_every_record_is_accounted_for(oracle):
    told = try_file(oracle)
    fates = [record["fate"] for record in told["records"]]
    assert told["rows"] == oracle["records"] == len(rows_of(oracle))
    assert fates.count("ok") + fates.count("dead") + fates.count("filtered") == oracle["records"]
    assert sorted(record["row"] for record in told["records"]) == list(range(1, oracle["records"] + 1))


def test_all_hand_checked_records_are_there():
    assert (len(ORACLES), sum(len(oracle["rows"]) for oracle in ORACLES)) == (15, 79)
