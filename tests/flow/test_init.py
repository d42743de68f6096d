"""`standpipe init`: a pipeline from sample files that checks, tries and tests well as it stands."""
import json
import os
import pathlib
import re
import subprocess

import pytest
from standpipe_run import STANDPIPE

DATA = pathlib.Path(os.environ.get("STANDPIPE_SHARED_DATA", pathlib.Path(__file__).resolve().parents[3] / "shared/data"))


def call(folder, *words, status=0):
    done = subprocess.run([STANDPIPE, *map(str, words)], cwd=folder, capture_output=True, text=True, timeout=60, env={})
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


def made(folder, *files):
    """The text of the pipeline, which was checked, tested and tried on the files."""
    text = call(folder, "init", *files)
    (folder / "made.yaml").write_text(text)
    assert call(folder, "check", "made.yaml") == "0 errors, 0 warnings.\n"
    assert call(folder, "test", "made.yaml").endswith("1 tests: 1 passed, 0 failed\n")
    said = json.loads(call(folder, "try", *files, "--pipeline", "made.yaml", "--limit", "1", "--json"))
    assert said["dead"] == 0 and said["ok"] + said["filtered"] == said["rows"]
    return text, said


def column(folder, *values, name="value"):
    """The field that is made of one column."""
    (folder / "one.csv").write_text("key," + name + "\n" + "".join(f'a{i},"{v}"\n' for i, v in enumerate(values)))
    text, _ = made(folder, "one.csv")
    return re.search(rf'^        {name}: (.*)$', text, re.M).group(1), text


@pytest.mark.parametrize("values, rule", [
    (["1", "22", "-3"], "parse: integer"),
    (["1.5", "22", "-3"], "parse: number"),
    (["1,234,567", "22"], "parse: number"),
    (["1.234.567,5", "22"], "parse: number, decimal: ',', group: ['.', ' ']"),
    (["£1,250,000", "£250"], "parse: money"),
    (["€ 1.250.000", "€ 250"], "parse: money, decimal: ',', group: ['.', ' ']"),
    (["12\u00a0000\u00a0zł", "7\u00a0500 zł"], "parse: money, group: ' '"),
    (["yes", "no", "Yes"], "parse: boolean"),
    (["2021-05-26", "2021-05-27"], "parse: date"),
    (["26/05/2021", "02/05/2021"], "parse: date, formats: '%d/%m/%Y'"),
    (["05/26/2021", "05/02/2021"], "parse: date, formats: '%m/%d/%Y'"),
    (["186005 km", "12 km"], "parse: distance"),
    (["850 sq ft", "79 m2"], "parse: area"),
    (["92%", "7%"], "parse: percent"),
])
def test_a_rule_that_all_values_fit(tmp_path, values, rule):
    field, _ = column(tmp_path, *values)
    assert field == '{from: "value", ' + rule + "}"


@pytest.mark.parametrize("values", [["a", "b"], ["007", "1"], ["12345678901234567", "1"], ["1, Mill Lane", "2, Mill Lane"], ["x", "1", "2"]])
def test_all_else_is_text(tmp_path, values):
    assert column(tmp_path, *values)[0] == '{from: "value"}'


def test_a_phone_is_no_number(tmp_path):
    assert column(tmp_path, "1234567", "7654321", name="phone")[0] == '{from: "phone"}'


@pytest.mark.parametrize("values, ways", [
    (["05/02/2021", "01/12/2021"], ["formats: '%d/%m/%Y'", "formats: '%m/%d/%Y'"]),
    (["1,234", "5,678"], ["{from: \"value\", parse: number}", "decimal: ','"]),
    (["£1,234", "£5,678"], ["{from: \"value\", parse: money}", "decimal: ','"]),
])
def test_what_can_be_read_in_two_ways_is_not_guessed(tmp_path, values, ways):
    field, text = column(tmp_path, *values)
    assert field == '{from: "value"}'
    assert "All values can be read in 2 ways; choose one:" in text
    for way in ways:
        assert re.search(rf"^        # value: .*{re.escape(way)}", text, re.M)


def test_words_for_nothing_and_a_sign_of_several_currencies(tmp_path):
    field, text = column(tmp_path, "$1,234.50", "-", "$5", "N/A")
    assert field == '{from: "value", parse: money}'
    assert 'defaults: {nothing: ["-", "n/a"]}' in text
    assert "add `currency: USD`" in text


def test_some_values_that_do_not_fit_are_said(tmp_path):
    field, text = column(tmp_path, *map(str, range(30)), "many")
    assert field == '{from: "value", parse: integer}'
    assert '# 1 values cannot be read so, as "many"' in text


def test_headers_of_all_kinds_become_fields(tmp_path):
    (tmp_path / "odd.csv").write_text('Asking Price (£),"a ""b"": #c",Цена,,sp_id,/x/,9 lives,Asking-price,Asking price\n' + "1,2,3,4,5,6,7,8,9\n")
    text, said = made(tmp_path, "odd.csv")
    assert re.findall(r"^        ([a-z0-9_]+): ", text, re.M) == ["asking_price", "a_b_c", "tsena", "column_4", "x_sp_id", "n9_lives", "asking_price_2"]
    assert 'not taken, so it stays under sp_extra: "/x/"' in text
    [record] = said["files"][0]["records"]
    assert record["record"]["tsena"] == 3


def test_several_files_and_a_dialect(tmp_path):
    (tmp_path / "a.csv").write_text("ref;price\nA1;1\n")
    (tmp_path / "b.csv").write_text("Ref;rooms\nB1;2\n")
    text, _ = made(tmp_path, "a.csv", "b.csv")
    assert 'split: {delimiter: ";"}' in text
    assert re.findall(r"^        ([a-z]+): ", text, re.M) == ["ref", "price", "rooms"]
    (tmp_path / "c.csv").write_text("ref\trooms\nC1\t2\n")
    assert "split: {}" in made(tmp_path, "a.csv", "c.csv")[0]


def test_bytes_that_yaml_does_not_take(tmp_path):
    (tmp_path / "a.csv").write_bytes("ref,no\u0085te\nA\x7f1,\ufeffx\x1b\u009by\n".encode())
    made(tmp_path, "a.csv")


@pytest.mark.parametrize("values, rule", [
    (["50,5 m²", "1.061,25 m²", "70 m²"], "parse: area, decimal: ',', group: ['.', ' ']"),
    (["12 345,5 km", "1 061 km"], "parse: distance, decimal: ',', group: ['.', ' ']"),
    (["12 345 km", "1 061 km"], "parse: distance, group: ' '"),
    (["10 500 руб.", "1 061 руб."], "parse: money, group: ' '"),
    (["€ 5 000"] * 12 + ["Prix sur demande", "Nous consulter", "à voir"] * 2, "parse: money, group: ' '"),  # prices and words
    (["4", "3", "2"] * 9 + ["4-5"], "parse: integer"),  # one odd cell makes no range
    (["4", "3-4", "2+"] * 9, "parse: range"),
])
def test_numbers_that_are_written_otherwise(tmp_path, values, rule):
    assert column(tmp_path, *values)[0] == '{from: "value", ' + rule + "}"


def test_more_words_than_prices_are_text(tmp_path):
    assert column(tmp_path, *["€ 5", "call us", "ask the agent"] * 5)[0] == '{from: "value"}'


def test_an_area_that_can_be_read_in_two_ways_is_not_guessed(tmp_path):
    field, text = column(tmp_path, "1,061 m²", "2,300 m²")
    assert field == '{from: "value"}' and "# value: {from: \"value\", parse: area}\n" in text and "parse: area, decimal: ','" in text


@pytest.mark.parametrize("name, values", [("puissance_fiscale", ["4 CV", "7 CV"]), ("value", ["4 CV fiscaux", "7 CV fiscaux"])])
def test_horsepower_that_is_taxed_is_no_power(tmp_path, name, values):
    assert "parse: power" not in column(tmp_path, *values, name=name)[0]


@pytest.mark.parametrize("header, field", [
    ("Année", "annee"), ("Größe", "grosse"), ("Płatność", "platnosc"), ("Łódź", "lodz"), ("Preço/mês", "preco_mes"), ("Цена", "tsena"),
    ("Объём", "obem"), ("Τιμή", "timi"), ("Qiymət", "qiymet"), ("cafe\u0301", "cafe"), ("Giá nhà", "gia_nha"), ("価格", "column_1"),
])
def test_letters_of_a_header_are_not_lost(tmp_path, header, field):
    (tmp_path / "one.csv").write_text(f"{header},b\nx,y\n")
    assert f'        {field}: {{from: "{header}"}}\n' in made(tmp_path, "one.csv")[0]


CARS_RU = "Марка,Год\nТойота,2015\nЛада Веста,2019\nМосквич,1985\n"
HOMES_PL = "adres,cena\nżółta łąka,5\nduża działka,7\nmała wieża,9\n"


@pytest.mark.parametrize("text, encoding", [(CARS_RU, "windows-1251"), (CARS_RU, "koi8-r"), (HOMES_PL, "windows-1250")])
def test_letters_of_another_encoding_are_told(tmp_path, text, encoding):
    (tmp_path / "old.csv").write_bytes(text.encode(encoding))
    tried = call(tmp_path, "try", "old.csv")
    assert f"declare `split: {{encoding: {encoding}}}`" in tried
    assert json.loads(call(tmp_path, "try", "old.csv", "--json"))["files"][0]["looks_like"] == encoding
    made_of_it, said = made(tmp_path, "old.csv")
    assert f"    split: {{encoding: {encoding}, " in made_of_it and text.split(",")[0] in made_of_it
    assert said["files"][0]["looks_like"] is None


def test_an_encoding_of_some_files_is_not_declared_for_all(tmp_path):
    (tmp_path / "old.csv").write_bytes(CARS_RU.encode("windows-1251"))
    (tmp_path / "new.csv").write_text(CARS_RU)
    (tmp_path / "de.csv").write_bytes("Straße,Größe\nMühlgäßchen,5\nGrünes Täle,7\nÄußere Höhe,9\n".encode("windows-1252"))
    text, _ = made(tmp_path, "old.csv", "new.csv")
    assert "    split: {delimiter: " in text and "look like windows-1251" in text
    assert "looks like" not in call(tmp_path, "try", "de.csv") and "look like" not in made(tmp_path, "de.csv")[0]


def test_no_columns_no_pipeline(tmp_path):
    (tmp_path / "empty.csv").write_text("")
    done = subprocess.run([STANDPIPE, "init", "empty.csv"], cwd=tmp_path, capture_output=True, text=True, timeout=60, env={})
    assert (done.returncode, done.stdout) == (1, "") and "no column was found" in done.stderr
    call(tmp_path, "init", status=2)


@pytest.mark.skipif(not DATA.is_dir(), reason="no folder of real files")
@pytest.mark.parametrize("file", sorted(DATA.glob("[pc]*/*.csv")), ids=lambda f: getattr(f, "stem", "none"))
def test_real_files(tmp_path, file):
    made(tmp_path, file)
