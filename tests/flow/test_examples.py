"""The pipelines of deploy/examples on rows as other sites write them, whose columns they know by name only. The rows are
made up; nobody's file is here."""
import csv
import functools
import json
import pathlib
import subprocess

import pytest
from standpipe_run import STANDPIPE

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "deploy/examples"

# pipeline, file, {header: cell}, what must come out
CASES = [
    ("cars", "listing_in.csv",
     {"name": "Some VDI", "selling_price": "4,50,000", "km_driven": "1,45,500", "fuel": "Diesel", "owner": "Second Owner", "mileage": "23.4 kmpl",
      "engine": "1248 CC", "max_power": "74 bhp", "torque": "190Nm@ 2000rpm", "seats": "5.0"},
     {"source": "undeclared", "price_amount": 450000, "price_currency": None, "mileage_km": 145500, "mileage_km_max": None, "fuel": "diesel",
      "owners": 2, "economy_kmpl": 23.4, "engine_cc": 1248, "power_kw": 55.2, "torque_nm": 190, "seats": 5, "issues": []}),
    ("cars", "autoscout24_de.csv",
     {"make": "VW", "price": "€ 10.999,-", "mileage": "120.000 km", "registration": "03/2015", "power": "85 kW (116 PS)", "gearbox": "Schaltgetriebe",
      "consumption": "5,1 l/100 km (komb.)"},
     {"price_amount": 10999, "price_currency": "EUR", "mileage_km": 120000, "first_registration": "2015-03", "power_kw": 85,
      "transmission": "manual", "economy_kmpl": 19.61}),
    ("cars", "turbo_az.csv",
     {"Marka": "Kia", "Buraxılış ili": "2016", "Mühərrik": "1.8 L / 149 a.g. / Benzin", "Yürüş": "120 000 km", "Sürətlər qutusu": "Avtomat",
      "Ötürücü": "Ön", "Yeni": "Xeyr", "Vəziyyəti": "Vuruğu yoxdur", "Qiymət": "21 500 AZN"},
     {"make": "Kia", "year": 2016, "mileage_km": 120000, "transmission": "automatic", "drive": "fwd", "is_new": False, "accident_free": True, "engine_cc": 1800, "power_kw": 109.6, "fuel": "petrol",
      "price_amount": 21500, "price_currency": "AZN"}),
    ("cars", "drom.csv",
     {"МАРКА": "Toyota", "Год": "2015", "Цена": "от 650 000 руб.", "Пробег": "95 тыс. км", "Объём двигателя": "2.5 л", "Мощность": "181 л.с.",
      "Коробка": "вариатор", "Привод": "4WD", "Руль": "правый"},
     {"make": "Toyota", "year": 2015, "price_amount": 650000, "price_currency": "RUB", "price_note": "from", "mileage_km": 95000, "engine_cc": 2500,
      "power_kw": 133.1, "transmission": "cvt", "drive": "awd", "steering": "right"}),
    ("cars", "voitures.csv",
     {"Marque": "Renault", "Année": "2018", "Prix": "À partir de 9 990 €", "Kilométrage": "45 000 km", "Carburant": "Électrique", "Puissance": "90 ch",
      "Code postal": "01000"},
     {"make": "Renault", "year": 2018, "price_amount": 9990, "price_currency": "EUR", "price_note": "from", "mileage_km": 45000, "fuel": "electric",
      "power_kw": 66.2, "postal_code": "01000"}),
    ("cars", "autotrader_gb.csv",
     {"title": "A hatchback", "price": "POA", "mileage": "12k miles", "year": "2017 (67 reg)", "engine": "1.0L", "bhp": "125BHP", "doors": "5 doors"},
     {"price_amount": None, "price_note": "on_request", "price_currency": "GBP", "mileage_km": 19312, "year": 2017, "engine_cc": 1000,
      "power_kw": 93.2, "doors_min": 5}),
    ("cars", "any.csv", {"price": "$ 95 000", "odometer_miles": "10"}, {"price_amount": 95000, "price_currency": None, "mileage_km": 16,
                                                                       "issues": ["price_currency:ambiguous"]}),
    ("property", "nigeria.csv",
     {"title": "3 bedroom flat for rent", "price": "₦3,500,000 per annum", "Agency Fee": "₦350,000", "Caution Fee": "₦200,000",
      "Total Package": "₦4,050,000", "date added": "Added 05 Jun 2021"},
     {"offer": "rent", "bedrooms": 3, "price_amount": 3500000, "price_currency": "NGN", "price_period": "year", "agency_fee": 350000,
      "caution_fee": 200000, "total_fee": 4050000, "listed_on": "2021-06-05", "listed_kind": "added"}),
    ("property", "homes.csv",
     {"purpose": "For Rent", "price": "AED 85,000 yearly", "beds": "Studio", "baths": "1 Bath", "size": "450 sqft", "furnishing": "Semi-Furnished"},
     {"offer": "rent", "price_amount": 85000, "price_currency": "AED", "price_period": "year", "bedrooms": 0, "bathrooms": 1, "furnished": "partly"}),
    ("property", "immoscout24.csv",
     {"Titel": "2-Zimmer-Wohnung", "Kaltmiete": "1.050,50 €/Monat", "Wohnfläche": "75,5 m²", "PLZ": "01069", "Etage": "EG", "Baujahr": "1998",
      "bezugsfrei ab": "01.04.2023", "Nebenkosten": "inklusive", "Haustiere": "Nein"},
     {"rooms": 2, "price_amount": 1050.5, "price_currency": "EUR", "price_period": "month", "area_m2": 75.5, "postal_code": "01069", "floor": 0,
      "year_built": 1998, "available_from": "2023-04-01", "charges_amount": 0, "charges_included": True, "pets_allowed": False}),
    ("property", "funda.csv",
     {"adres": "Dorpsstraat 1", "vraagprijs": "€ 450.000 k.k.", "woonoppervlakte": "120 m²", "perceeloppervlakte": "250 m²"},
     {"price_amount": 450000, "area_m2": 120, "plot_m2": 250}),
    ("property", "idealista.csv",
     {"título": "Piso en alquiler", "precio": "1.200 €/mes", "precio_anterior": "1.350 €", "habitaciones": "2 hab.", "planta": "3ª planta"},
     {"offer": "rent", "price_amount": 1200, "price_was": 1350, "price_period": "month", "bedrooms": 2, "floor": 3}),
    ("property", "avito.csv",
     {"Заголовок": "2-к. квартира, 54,3 м², 5/9 эт.", "Цена": "35 000 ₽ в месяц", "Площадь": "54,3 м²"},
     {"rooms": 2, "floor": 5, "floors_total": 9, "price_amount": 35000, "price_currency": "RUB", "price_period": "month", "area_m2": 54.3}),
    ("property", "melbourne.csv",
     {"price": "$850,000 - $900,000", "land size": "1.2ha", "postcode": "0800"},
     {"price_amount": 850000, "price_amount_max": 900000, "price_currency": "AUD", "plot_m2": 12000, "postal_code": "0800"}),
    ("property", "any.csv", {"price": "$5", "sqft": "1,056", "total_sqft": "", "date_posted": "04/05/2021"},
     {"price_amount": 5, "price_currency": None, "area_m2": 98.11, "listed_on": None, "issues": ["price_currency:ambiguous", "listed_on:unparsed"]}),
]


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rows")

    @functools.cache
    def of(number):
        pipeline, name, row, _ = CASES[number]
        path = folder / str(number) / name
        path.parent.mkdir()
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([row.keys(), row.values()])
        done = subprocess.run([STANDPIPE, "try", path, "--pipeline", EXAMPLES / f"{pipeline}.yaml", "--json"], capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout)["files"][0]["records"][0]["record"]
    return of


@pytest.mark.parametrize("number", range(len(CASES)), ids=[f"{case[0]}-{case[1]}" for case in CASES])
def test_rows_of_other_sites_come_out(number, document):
    found, (_, _, row, want) = document(number), CASES[number]
    assert {name: found.get(name, "absent") for name in want} == want
    assert found["raw"] == row


@pytest.mark.parametrize("pipeline", ["cars", "property"])
def test_what_the_examples_say_of_themselves_is_so(pipeline):
    done = subprocess.run([STANDPIPE, "test", EXAMPLES / f"{pipeline}.yaml", "--json"], capture_output=True, timeout=60)
    said = json.loads(done.stdout)
    assert [test for test in said["tests"] if not test["passed"]] == []
    assert said["passed"] >= 6 and done.returncode == 0
