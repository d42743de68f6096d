"""The pipelines of deploy/examples on the files that they were made for: the values that people read there come out, every
record is accounted for, no cell is lost, and every document is one that Avro takes."""
import collections
import json
import pathlib
import re
import shutil
import subprocess

import pytest
from shared_data import FOLDER, PIPELINES, SCHEMAS, File, read_oracles, try_file
from standpipe_run import BUILD

pytestmark = [pytest.mark.slow, pytest.mark.skipif(FOLDER is None, reason="no folder of real files (STANDPIPE_SHARED_DATA)")]
HERE = pathlib.Path(__file__).resolve().parent
ORACLES = read_oracles()
ENCODE = BUILD / "tests/flow/avro-encode"
DROPPED = ("empty", "repeated_header")


@pytest.fixture(scope="module", params=ORACLES, ids=[oracle["file"] for oracle in ORACLES])
def file(request):
    """Read once for all tests: pytest puts those of one file side by side."""
    return File(request.param)


# What people read.


def tolerance(oracle, name):
    known = oracle["tolerance"]
    kind = "area" if name.startswith(("area_m2", "plot_m2")) else name if name in known else "other numbers"
    return known[kind] + 1e-9


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_equal(oracle, name, want, got):
    if is_number(want):
        return is_number(got) and abs(want - got) <= tolerance(oracle, name)
    return type(want) is type(got) and want == got


def differences(oracle, expected, fate):
    kind = expected.get("_record")
    if kind in DROPPED:
        return [] if (fate["fate"], fate.get("reason")) == ("filtered", kind) else [(kind, fate)]
    if kind:
        return [] if fate["fate"] == "dead" or fate["record"]["issues"] else [(kind, fate)]
    if fate["fate"] != "ok":
        return [fate]
    document = fate["record"]
    return [(name, want, document.get(name, "absent")) for name, want in expected.items()
            if name not in document or not is_equal(oracle, name, want, document[name])]


def test_the_values_that_people_read_come_out(file):
    fates = {record["row"]: record for record in file.records}
    wrong = {row["row"]: differences(file.oracle, row["expected"], fates[row["row"]]) for row in file.oracle["rows"]}
    assert not {row: found for row, found in wrong.items() if found}


def test_all_hand_checked_records_are_there():
    assert (len(ORACLES), sum(len(oracle["rows"]) for oracle in ORACLES)) == (15, 79)


# The books.


def test_every_record_is_accounted_for(file):
    fates = collections.Counter(record["fate"] for record in file.records)
    assert file.told["rows"] == file.oracle["records"] == len(file.rows()[1])
    assert sum(fates.values()) == sum(file.told[fate] for fate in ("ok", "dead", "filtered")) == file.oracle["records"]
    assert sorted(record["row"] for record in file.records) == list(range(1, file.oracle["records"] + 1))


# No cell is lost.


def test_every_cell_stands_in_raw(file):
    names, rows = file.rows()
    for record in file.records:
        row = rows[record["row"] - 1]
        if record["fate"] == "ok":
            assert record["record"]["raw"] == dict(zip(names, row)), record["row"]
        elif record["fate"] == "filtered":
            assert not any(row) or [cell.strip() for cell in row] == names, record["row"]
        else:
            assert record["record"][1:] == row, record["row"]


def without_raw(pipeline, folder):
    """The same rules with neither a schema nor a field that holds all cells."""
    text = pipeline.read_text()
    text = re.sub(r"(?m)^ +(schema: .*\.avsc|raw: \{from: '@raw'\}|extra: \{from: '@extra'\}) *\n", "", text)
    assert "@raw" not in text and "schema:" not in text
    (folder / pipeline.name).write_text(text)
    return folder / pipeline.name


WORDS = {"yes", "no", "t", "f", "ja", "nein", "for rent", "for sale"}  # that stand for true, false or another word
MONTHS = {name: f"{i:02}" for i, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
SQFT = 0.09290304
FACTORS = (1, 0.01, 1000, 100000, SQFT, 9 * SQFT, 2400 * SQFT, 43560 * SQFT, 435.6 * SQFT, 1089 * SQFT, 272.25 * SQFT, 1.609344,
           0.73549875, 0.745699872)  # percent, litres, lakh; areas; miles; horsepower


def numbers(text):
    """All numbers that it may mean."""
    for decimal, group in (".,", ",."):
        found = re.search(r"\d[\d.,\s]*", text)
        digits = re.sub(r"\s", "", found[0]).replace(group, "").replace(decimal, ".").rstrip(".") if found else ""
        if re.fullmatch(r"\d+(\.\d+)?", digits):
            yield float(digits)


def says_in_words(cell, value):
    cell = " ".join(re.sub("_", " ", cell).split()).casefold()
    return cell == " ".join(value.replace("_", " ").split()).casefold() or (value.startswith("+") and value[3:] in re.sub(r"\D", "", cell))


def says_the_date(cell, value):
    for name, number in MONTHS.items():
        cell = cell.casefold().replace(name, number)
    parts = re.findall(r"\d+", cell)
    return bool(parts) and re.match(r"\d{4}(-\d\d)?", value) is not None and all(part in value or f"0{part}" in value for part in parts)


def says_the_number(cell, value):
    return any(abs(number * factor - abs(value)) <= (0.5 if isinstance(value, int) else 0.051) for number in numbers(cell) for factor in FACTORS)


def is_said(cell, document):
    """Does a field say what the cell says?"""
    if cell.strip().casefold() in WORDS:
        return True
    for name, value in document.items():
        if name.startswith(("sp_", "source_")) or name in ("issues", "ingested_at"):
            continue
        if isinstance(value, str) and (says_in_words(cell, value) or says_the_date(cell, value)):
            return True
        if is_number(value) and says_the_number(cell, value):
            return True
    return False


def test_without_raw_what_no_field_says_stands_in_extra(file, tmp_path):
    names, rows = file.rows()
    pipeline = without_raw(file.pipeline, tmp_path)
    seen = set()
    for record in try_file(file.path, pipeline)["records"]:
        if record["fate"] != "ok":
            continue
        document, row = record["record"], rows[record["row"] - 1]
        extra = document.get("sp_extra", {})
        for name, cell in zip(names, row):
            if name in extra:
                assert extra[name] == cell, (record["row"], name)
            elif cell.strip() and (name, cell) not in seen:
                assert is_said(cell, document), (record["row"], name, cell)
                seen.add((name, cell))


# Avro takes every document.


def run_encoder(words, documents):
    text = "".join(json.dumps(document) + "\n" for document in documents)
    done = subprocess.run(words, input=text.encode(), capture_output=True, timeout=300)
    return done.returncode, (done.stdout + done.stderr).decode()


@pytest.fixture(scope="module")
def avsc():
    """The words of the JavaScript encoder; its library is fetched once into the build folder."""
    if not shutil.which("npm") or not shutil.which("node"):
        pytest.skip("no npm and node")
    folder = BUILD / "npm"
    if not (folder / "node_modules/avsc").is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["npm", "install", "--prefix", folder, "--no-audit", "--no-fund", "avsc@5"], capture_output=True, timeout=120)
        if done.returncode:
            pytest.skip(f"npm cannot fetch avsc: {done.stderr.decode()[-200:]}")
    return ["node", HERE / "avsc-encode.js", folder / "node_modules/avsc"]


def test_avro_c_encodes_every_document(file):
    status, said = run_encoder([ENCODE, file.schema], file.documents())
    assert (status, said.splitlines()[-1]) == (0, f"{file.told['ok']} encoded"), said[-2000:]


def test_avsc_encodes_every_document(file, avsc):
    status, said = run_encoder([*avsc, file.schema], file.documents())
    assert (status, said.splitlines()[-1]) == (0, f"{file.told['ok']} encoded"), said[-2000:]


WRONG = [("price_amount", "a lot"), ("price_note", "cheap"), ("source_row", 1.5), ("source", None), ("raw", {"price": 1}), ("issues", None),
         ("surprise", 1), ("year", 2**31), ("make", 7)]


@pytest.fixture(scope="module")
def cars():
    return File(next(oracle for oracle in ORACLES if "quikr" in oracle["file"]))


@pytest.mark.parametrize("name, value", WRONG)
def test_encoders_refuse_a_document_that_is_wrong(name, value, avsc, cars):
    document = cars.documents()[0]
    for words in ([ENCODE, cars.schema], [*avsc, cars.schema]):
        assert run_encoder(words, [document])[0] == 0, words
        assert run_encoder(words, [{**document, name: value}])[0] == 1, words


# Real workers.

DROPS = {"property/redfin_us.csv": {"filtered:repeated_header": 1}, "property/immoweb_brussels_rent_2018.csv": {"filtered:empty": 170}}


@pytest.mark.parametrize("kind", PIPELINES)
def test_the_books_of_real_workers_agree(kind, pipeline):
    oracles = {pathlib.Path(oracle["file"]).name: oracle for oracle in ORACLES if oracle["target_schema"] == kind}
    shutil.copy(SCHEMAS[kind], pipeline.folder / SCHEMAS[kind].name)
    pipeline.start()
    pipeline.apply(re.sub("stream: [a-z-]+", "stream: out", PIPELINES[kind].read_text()))
    for name, oracle in oracles.items():
        pipeline.send(shutil.copy(FOLDER / oracle["file"], pipeline.inputs / name))
    pipeline.rest(300)
    delivered = collections.Counter(document["source_file"] for document in pipeline.documents())
    booked = {books["uri"].rpartition("/")[2]: books for books in pipeline.sources().values()}
    assert set(booked) == set(oracles)
    for name, books in booked.items():
        drops = {field: int(count) for field, count in books.items() if field.startswith("filtered:")}
        assert drops == DROPS.get(oracles[name]["file"], {})
        rows = [int(books.get(field, 0)) for field in ("rows", "delivered", "filtered", "dead")]
        assert rows == [oracles[name]["records"], delivered[name], sum(drops.values()), 0]
        assert delivered[name] == oracles[name]["records"] - sum(drops.values())
