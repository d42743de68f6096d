"""Files of sites that the examples do not name. All of them are invented, in the style that scrapes of such sites have: no
row was copied from anywhere. Bare, with the common fields only, nothing may be guessed: what is read is right, the rest is
null. Told, with a source entry as a user would write it, the values are those that people read there."""
import csv
import io
import json
import pathlib
import subprocess

import pytest
from standpipe_run import STANDPIPE

HERE = pathlib.Path(__file__).resolve().parent
FILES = HERE / "strangers"
EXAMPLES = HERE.parents[1] / "deploy/examples"
ISSUE = "null, with an issue"  # what is open is not guessed, and it is said that it is
EUROPE = "{currency: EUR, decimal: ',', group: ['.', ' ']"


def table(fields, *rows):
    """Row number, then what its fields are."""
    return {row[0]: dict(zip(fields.split(), row[1:], strict=True)) for row in rows}


class Stranger:
    def __init__(self, bare, told, defaults="", fields=(), split=""):
        self.bare, self.told, self.split = bare, told, split
        self.source = f"defaults: {defaults}\n" * bool(defaults) + "fields:\n" * bool(fields) + "".join(f"  {line}\n" for line in fields)


STRANGERS = {
    "homes_uk.csv": Stranger(
        table("price_amount price_amount_max price_currency price_period price_note bedrooms area_m2 listed_on",
              (1, 325000, None, "GBP", None, None, 3, 91.04, "2021-03-12"), (2, 1250, None, "GBP", "month", None, 2, 68, ISSUE),
              (4, None, None, None, None, "on_request", None, 6070.28, ISSUE), (5, 475000, 500000, "GBP", None, None, 2, 71, ISSUE),
              (6, 950, None, "GBP", "month", None, 0, 27.96, ISSUE), (7, 1200000, None, "GBP", None, "from", 4, 168.15, ISSUE)),
        table("source price_amount price_note listed_on country",
              (1, "told", 325000, None, "2021-03-12", "GB"), (2, "told", 1250, None, "2021-03-14", "GB"),
              (3, "told", 650000, "from", "2021-03-03", "GB"), (8, "told", 89950, None, "2021-02-28", "GB")),
        "{formats: ['%d/%m/%Y', '%d %b %Y', '%d %B %Y'], scraped: '2021-03-14'}", ["country: {value: GB}"]),
    "homes_es.csv": Stranger(
        table("price_amount price_currency price_note bedrooms bathrooms area_m2",
              (1, ISSUE, ISSUE, ISSUE, 3, 2, 85), (2, ISSUE, ISSUE, ISSUE, 4, 3, 142), (3, 650, "EUR", None, None, 1, 32),
              (4, None, None, "on_request", 5, 4, 310), (5, ISSUE, ISSUE, ISSUE, 2, 1, ISSUE), (8, ISSUE, ISSUE, ISSUE, 3, 2, 95)),
        table("price_amount price_currency price_period price_note area_m2 floor listed_on",
              (1, 285000, "EUR", None, None, 85, 3, "2021-03-01"), (2, 1250000, "EUR", None, None, 142, 6, "2021-03-14"),
              (3, 650, "EUR", "month", None, 32, 0, "2021-03-15"), (5, 139900, "EUR", None, None, 67.5, 1, "2021-03-12"),
              (6, 315000, "EUR", None, "from", 90, 2, "2021-03-03"), (8, 1150, "EUR", "month", None, 95, 4, "2021-02-13")),
        EUROPE + ", languages: [es], scraped: '2021-03-15', formats: ['%d/%m/%Y', '%d de %B de %Y']}"),
    "homes_de.csv": Stranger(
        table("price_amount price_note rooms area_m2 floor year_built postal_code locality",
              (1, ISSUE, ISSUE, None, ISSUE, 2, 1998, "04109", "Leipzig"), (2, ISSUE, ISSUE, 6, 178, None, 1936, "50937", "Köln"),
              (3, None, "on_request", 4, ISSUE, 0, 1905, "10435", "Berlin"), (6, ISSUE, ISSUE, 5, 131, None, 2004, "22041", "Hamburg")),
        table("price_amount price_currency price_note area_m2 charges_amount listed_on",
              (1, 349000, "EUR", None, 87.5, 285, "2021-03-12"), (2, 1195000, "EUR", None, 178, None, "2021-03-11"),
              (3, None, "EUR", "on_request", 112.3, 412.5, "2021-03-13"), (4, 89900, "EUR", None, 28, 165, "2021-03-14"),
              (5, 425000, "EUR", "from", 72, None, "2021-03-05"), (6, 499000, "EUR", None, 131, None, "2021-02-01"),
              (7, 215000, "EUR", "negotiable", 61.8, 198, "2021-02-28")),
        EUROPE + ", languages: [de], scraped: '2021-03-14', formats: ['%d.%m.%Y', '%d. %B %Y']}"),
    "homes_nl.ndjson": Stranger(
        table("listing_id price_amount area_m2", (1, "42110301", ISSUE, None), (5, "42110305", ISSUE, None)),
        table("price_amount price_period price_note area_m2 rooms bedrooms locality postal_code year_built",
              (1, 495000, None, None, 84, 3, 2, "Amsterdam", "1015 DX", 1896), (2, 1250000, None, None, 241, 7, 5, "Utrecht", "3581 CA", 1910),
              (3, 1650, "month", None, 75, 2, None, "Rotterdam", "3011 AD", None),
              (4, None, None, "on_request", 1104, 14, 9, "Den Haag", "2513 AA", None),
              (5, 325000, None, None, 98.5, 4, 3, "Zwolle", "8011 AB", 2021)),
        EUROPE + ", languages: [nl]}",
        [f"{name}: {{from: {{pointer: /price/text}}}}" for name in ("price_amount", "price_amount_max", "price_currency", "price_period", "price_note")]
        + ["area_m2: {from: {pointer: /features/living_area}}", "year_built: {from: {pointer: /features/year}}",
           "rooms: {from: {pointer: /features/rooms}, match: '/^(\\d+) kamer/'}", "bedrooms: {from: {pointer: /features/rooms}}",
           "address: {from: {pointer: /address/street}}", "locality: {from: {pointer: /address/city}}", "postal_code: {from: {pointer: /address/zip}}"]),
    "homes_fr.json": Stranger(
        table("price_amount price_currency price_period price_note rooms area_m2 area_m2_max",
              (1, 245000, "EUR", None, None, 3, ISSUE, ISSUE), (2, 1150000, "EUR", None, None, 6, 210, None),
              (3, 690, "EUR", "month", None, 1, ISSUE, ISSUE), (4, None, None, None, "on_request", 4, 140, None),
              (5, 199900, "EUR", None, "from", 2, 38, 74), (6, ISSUE, ISSUE, ISSUE, ISSUE, 5, 118, None),
              (7, 312000, None, None, None, 3, 71.3, None)),
        table("price_amount area_m2 floor energy_kwh_m2 listed_on",
              (1, 245000, 62.4, 4, 187, "2021-03-03"), (2, 1150000, 210, None, None, "2021-03-12"), (3, 690, 21.75, 0, None, "2021-03-14"),
              (4, None, 140, 1, None, "2021-03-01"), (5, 199900, 38, 2, None, "2021-03-05"), (6, 389000, 118, None, 241, "2021-02-01")),
        EUROPE + ", languages: [fr], scraped: '2021-03-15', formats: ['%d/%m/%Y', '%d %B %Y', '%Y-%m-%dT%H:%M:%S%z']}",
        ["listed_on: {from: date}"]),
    "homes_it.csv": Stranger(
        table("offer price_amount price_period price_note rooms area_m2 area_m2_max floor",
              (1, "sale", ISSUE, ISSUE, ISSUE, 3, 95, None, 3), (2, "sale", ISSUE, ISSUE, ISSUE, 4, 182, None, 5),
              (3, "rent", 650, "month", None, 2, 55, None, 1), (4, "sale", None, None, "on_request", None, ISSUE, ISSUE, None),
              (5, "sale", ISSUE, ISSUE, ISSUE, None, 75, 130, None)),
        table("price_amount price_note area_m2 listed_on",
              (1, 189000, None, 95, "2021-03-12"), (2, 1020000, None, 182, "2021-03-10"), (4, None, "on_request", 1250, "2021-02-01"),
              (5, 320000, "from", 75, "2021-02-28"), (6, 98500, None, 32.5, "2021-03-14"), (7, 75000, None, 140, "2021-03-01")),
        EUROPE + ", languages: [it], scraped: '2021-03-15', formats: ['%d/%m/%Y']}", ["listed_on: {from: data}"]),
    "homes_se.tsv": Stranger(
        table("price_amount price_currency area_m2 year_built", (1, 1250000, ISSUE, ISSUE, 1938), (2, 6495000, ISSUE, 88, 1904),
              (4, ISSUE, ISSUE, 61, 2021), (5, 495000, ISSUE, ISSUE, 1962), (6, 2195000, ISSUE, 31, 1929)),
        table("price_amount price_currency price_note area_m2 charges_amount rooms locality",
              (1, 1250000, "SEK", None, 42.5, 2845, None, "Uppsala"), (2, 6495000, "SEK", None, 88, 4112, 3, "Stockholm"),
              (4, None, "SEK", "on_request", 61, 3390, 2, "Malmö"), (5, 495000, "SEK", None, ISSUE, None, 2, "Kiruna")),
        "{currency: SEK, decimal: ',', group: ' ', notes: {pris saknas: on_request}}"),
    "homes_pl.csv": Stranger(
        {}, table("title price_amount price_currency price_period price_note area_m2 floor floors_total charges_amount listed_on",
                  (1, "Mieszkanie 2 pokoje, Mokotów", 549000, "PLN", None, None, 48.3, 3, 10, 620, "2021-03-12"),
                  (2, "Kawalerka do wynajęcia", 1900, "PLN", "month", None, 27, 0, 4, 350, "2021-03-14"),
                  (3, "Dom wolnostojący", 1290000, "PLN", None, None, 186.5, None, None, None, "2021-03-01"),
                  (5, "Mieszkanie bezczynszowe", 389999.99, "PLN", None, None, 52, 1, 2, None, "2021-02-28"),
                  (6, "Działka", 95000, "PLN", None, "from", 1204, None, None, None, "2021-02-05")),
        "{decimal: ',', group: ' ', languages: [pl], scraped: '2021-03-14', formats: ['%d.%m.%Y', '%d %B %Y'], nothing: [brak informacji]}",
        split="{encoding: windows-1250}"),
    "homes_ru.csv": Stranger(
        {}, table("title price_amount price_currency price_period price_note area_m2 floor floors_total locality listed_on",
                  (1, "2-к. квартира, 44,3 м2, 5/9 эт.", 2450000, "RUB", None, None, 44.3, 5, 9, "Екатеринбург", "2021-03-12"),
                  (2, "1-к. квартира, 31 м2, 2/5 эт.", 18000, "RUB", "month", None, 31, 2, 5, "Пермь", "2021-03-14"),
                  (3, "Дом 120 м2 на участке 8 сот.", 4990000, "RUB", None, None, 120, None, None, "Сочи", "2021-03-01"),
                  (4, "Студия, 24,8 м2, 12/25 эт.", 3150000, "RUB", None, None, 24.8, 12, 25, "Тюмень", "2021-03-15"),
                  (6, "Гараж, 18 м2", 250000, "RUB", None, "from", 18, None, None, "Казань", "2021-02-28"),
                  (7, "Комната 14 м2 в 4-к., 3/9 эт.", 650000, "RUB", None, None, 14, 3, 9, "Самара", "2021-03-12")),
        "{decimal: ',', group: ' ', languages: [ru], scraped: '2021-03-15', formats: ['%d.%m.%Y', '%d %B %Y'], currency: RUB}",
        split="{encoding: windows-1251}"),
    "homes_au.csv": Stranger(
        table("price_amount price_amount_max price_currency price_period price_note bedrooms plot_m2",
              (1, 650000, None, ISSUE, None, "from", 4, 607), (2, 1150000, 1250000, ISSUE, None, None, 2, None),
              (3, None, None, None, None, "on_request", 3, 1012), (4, 620, None, ISSUE, "week", None, 2, None),
              (5, 1350000, None, ISSUE, None, None, 5, 12000), (10, 250000, None, ISSUE, None, "from", None, 9995.74)),
        table("price_amount price_currency price_note listed_on",
              (1, 650000, "AUD", "from", "2021-03-12"), (2, 1150000, "AUD", None, "2021-03-12"), (3, None, "AUD", "on_request", "2021-03-12"),
              (4, 620, "AUD", None, "2021-03-14"), (6, None, "AUD", "tender", "2021-03-15"), (10, 250000, "AUD", "from", "2021-02-05")),
        "{currency: AUD, scraped: '2021-03-15', formats: ['%b %d, %Y', '%d/%m/%Y', '%d %b %Y', '%Y-%m-%d'], notes: {auction: tender}}",
        ["listed_on: {from: listed}"]),
    "homes_sg.csv": Stranger(
        table("price_amount price_currency price_period price_note bedrooms area_m2 area_m2_max",
              (1, 1280000, "SGD", None, None, 3, 94.02, None), (2, 3200, "SGD", "month", None, 1, 48.03, None),
              (5, 868000, "SGD", None, "from", 2, 55, 66.98)),
        table("price_amount price_note listed_on", (1, 1280000, None, "2021-03-03"), (2, 3200, None, "2021-03-10"), (4, None, "on_request", None)),
        "{scraped: '2021-03-12', notes: {price on ask: on_request}}"),
    "homes_in.csv": Stranger(
        table("price_amount price_amount_max price_currency price_period price_note area_m2 floor floors_total",
              (1, 12500000, None, "INR", None, None, 139.35, 5, 12), (2, 4500000, None, None, None, None, 139.35, 0, 2),
              (3, 22000, None, "INR", "month", None, 32.52, 2, 4), (4, 8500000, 11000000, "INR", None, None, 111.2, None, None),
              (6, None, None, None, None, "on_request", 390.19, 20, 20), (7, 6250000, None, "INR", None, None, 139, 1, 3)),
        table("price_amount price_currency listed_on bedrooms",
              (2, 4500000, "INR", "2021-02-22", 3), (4, 8500000, "INR", "2021-03-12", None), (7, 6250000, "INR", "2021-01", 2)),
        "{currency: INR, scraped: '2021-03-15', formats: ['%b %d, %Y', '%d/%m/%Y', '%d-%b-%Y']}"),
    "homes_us.csv": Stranger(
        table("offer price_amount price_currency price_period price_note bedrooms bathrooms area_m2 plot_m2 charges_amount",
              (1, "sale", 450000, ISSUE, None, None, 3, 2.5, 171.87, 1011.71, 120), (2, "rent", 2450, ISSUE, "month", None, 2, 2, 94.76, None, None),
              (5, "sale", 1200000, ISSUE, None, None, 5, 4, 381.37, 4168.26, None),
              (6, "rent", None, None, None, "on_request", 0, 1, 44.59, None, None)),
        table("price_amount price_currency listed_on", (1, 450000, "USD", "2021-03-12"), (2, 2450, "USD", "2021-03-09"), (6, None, "USD", "2021-02-03")),
        "{currency: USD, scraped: '2021-03-12', formats: ['%b %d, %Y', '%m/%d/%Y']}"),
    "homes_br.ndjson": Stranger(
        table("price_amount price_note area_m2 bedrooms", (1, ISSUE, ISSUE, 65, 2), (2, ISSUE, ISSUE, 210, 4), (4, None, "on_request", ISSUE, None),
              (5, ISSUE, ISSUE, ISSUE, None)),
        table("price_amount price_currency price_period price_note charges_amount area_m2 listed_on",
              (1, 450000, "BRL", None, None, 650, 65, "2021-03-12"), (2, 1320000, "BRL", None, "from", None, 210, "2021-03-03"),
              (3, 1200, "BRL", "month", None, 0, 28, "2021-03-01"), (4, None, None, None, "on_request", 2150.5, 310.5, "2021-03-14"),
              (5, 89900, "BRL", None, None, None, 1000, "2021-02-05")),
        "{decimal: ',', group: '.', languages: [pt], scraped: '2021-03-15', formats: ['%d/%m/%Y', '%d de %B de %Y']}"),
    "homes_ae.csv": Stranger(
        table("price_amount price_currency price_period price_note bedrooms area_m2 listed_on",
              (1, 1250000, "AED", None, None, 2, 114.64, "2021-03-12"), (2, 45000, "AED", "year", None, 0, 36.98, ISSUE),
              (3, 4200000, "AED", None, None, None, 298.22, "2021-03-01"), (4, 95000, "AED", "year", None, None, 102.19, None),
              (5, 599000, "AED", None, "from", 1, 47.57, "2021-02-28"), (6, 2800, "AED", "week", None, 1, 66.05, ISSUE)),
        table("listed_on country", (2, "2021-03-10", "AE"), (6, "2021-03-12", "AE")), "{scraped: '2021-03-12'}", ["country: {value: AE}"]),
    "cars_de.csv": Stranger(
        table("first_registration price_amount mileage_km power_kw engine_cc fuel",
              (1, "2015-03", ISSUE, ISSUE, 110, ISSUE, "diesel"), (3, "2009-08", None, ISSUE, 59, ISSUE, "petrol_lpg"),
              (4, "2020", ISSUE, ISSUE, 211, None, "electric"), (6, None, ISSUE, 10, 110.3, ISSUE, "hybrid"), (7, "1989-06", None, ISSUE, 87, ISSUE, "petrol")),
        table("first_registration price_amount price_currency price_note mileage_km mileage_note power_kw engine_cc doors_min doors_max",
              (1, "2015-03", 12990, "EUR", "negotiable", 125000, None, 110, 1968, 4, 5), (2, "2018-11", 24500, "EUR", None, 48300, None, 135, 1998, 5, None),
              (3, "2009-08", None, "EUR", "negotiable", 189500, None, 59, 1229, 3, None), (4, "2020", 39990, "EUR", None, 21000, None, 211, None, 4, None),
              (6, None, 27350, "EUR", "from", 10, None, 110.3, 1498, 5, None), (7, "1989-06", None, "EUR", "on_request", 300000, "more_than", 87, 1997, 4, None)),
        EUROPE + ", languages: [de]}"),
    "cars_scout.json": Stranger(
        {}, table("make model price_amount price_currency mileage_km power_kw first_registration locality",
                  (1, "Audi", "A4", 14990, "EUR", 112000, 140, "2016-04", "Köln"), (2, "Renault", "Clio", 8450, "EUR", 63500, 66, "2017-09", "Aachen"),
                  (3, "Peugeot", "e-208", 23900, "EUR", 9900, None, None, "Bonn")),
        EUROPE + ", formats: ['%m-%Y']}",
        ["make: {from: {pointer: /vehicle/make}}", "model: {from: {pointer: /vehicle/model}}", "locality: {from: {pointer: /location/city}}",
         "first_registration: {from: {pointer: /tracking/firstRegistration}}"], "{format: json, records: /listings}"),
    "cars_uk.csv": Stranger(
        table("year price_amount price_currency price_note mileage_km engine_cc power_kw transmission",
              (1, 2013, 4995, "GBP", None, 115873, 1600, 78.3, "manual"), (2, 2018, 9995, "GBP", None, 98894, 1600, 89.5, "manual"),
              (4, 2021, None, None, "on_request", 16, 1500, 100, "semi_automatic"), (5, 2008, 24950, "GBP", "negotiable", 189903, 2400, 91, "manual"),
              (6, 2016, 11250, "GBP", None, ISSUE, 1800, None, "cvt")),
        table("mileage_km", (5, 189903), (6, 73386)), fields=["mileage_km: {assume: mi}"]),
    "cars_fr.csv": Stranger(
        table("year price_amount price_currency price_note mileage_km fuel power_kw",
              (1, 2016, 8990, "EUR", None, 98000, "diesel", 66.2), (2, 2020, 27490, "EUR", None, 31250, "petrol", 132.4),
              (3, 1984, 12990, "EUR", "negotiable", 61000, "petrol", 21.3), (5, 2019, 35900, "EUR", "from", 72400, "plugin_hybrid", 219.9)),
        table("price_amount mileage_km", (1, 8990, 98000), (4, None, 4500)), "{languages: [fr], decimal: ',', group: ' '}"),
    "cars_es.csv": Stranger(
        table("year first_registration price_amount mileage_km power_kw fuel", (1, 2017, "2017-06", ISSUE, ISSUE, 84.6, "diesel"),
              (4, 2019, None, None, ISSUE, 160.3, "plugin_hybrid"), (5, 2014, "2014", ISSUE, ISSUE, 60.3, "lpg")),
        table("price_amount price_note mileage_km", (1, 12990, None, 98500), (2, 9500, None, 120000), (3, 44900, None, 15000), (5, 7990, "from", 1000)),
        EUROPE + "}"),
    "cars_se.csv": Stranger(
        table("title year price_amount price_currency mileage_km power_kw fuel", (1, "Volvo V70 2.4D", 2008, 49900, ISSUE, ISSUE, 119.9, "diesel"),
              (3, "Tesla Model 3", 2020, 389000, ISSUE, ISSUE, 323.6, "electric"), (4, "Volvo XC60 T8", 2019, 459900, ISSUE, ISSUE, 286.8, "plugin_hybrid"),
              (5, "VW Passat", 2015, ISSUE, ISSUE, ISSUE, 139.7, "diesel")),
        table("price_amount price_currency price_note mileage_km mileage_km_max", (1, 49900, "SEK", None, 223000, None), (2, 35000, "SEK", None, 198500, None),
              (5, None, "SEK", "on_request", 120000, 124990)),
        "{currency: SEK, group: ' ', notes: {ring för pris: on_request}, units: {mil: {km: 10}}}",
        [f"{name}: {{match: '/^(?:Mil )?(.*?)(?: mil)?$/', assume: mil}}" for name in ("mileage_km", "mileage_km_max", "mileage_note")]),
    "cars_ru.csv": Stranger(
        {}, table("title year price_amount price_currency price_note mileage_km power_kw engine_cc transmission drive",
                  (1, "LADA (ВАЗ) Vesta 1.6 AT (123 л.с.)", 2021, 1250000, "RUB", None, 15300, 90.5, 1600, "automatic", "fwd"),
                  (2, "Toyota Camry", 2019, 2890000, "RUB", None, 98000, 133.1, 2500, "automatic", "fwd"),
                  (3, "УАЗ Patriot", 2016, 890000, "RUB", "from", 143000, 99.3, 2700, "manual", "awd"),
                  (5, "Kia Rio", 2018, ISSUE, ISSUE, ISSUE, 75000, 73.5, ISSUE, "semi_automatic", "fwd")),
        "{decimal: '.', group: ' ', languages: [ru], currency: RUB}", ["engine_cc: {from: двигатель, match: '/^(\\d[.,]\\d)/', assume: l}"],
        "{encoding: windows-1251}"),
    "cars_us.csv": Stranger(
        table("price_amount price_currency price_note mileage_km fuel clean_title", (1, 8900, ISSUE, None, ISSUE, "petrol", True),
              (2, 4500, ISSUE, "negotiable", 337962, "petrol", False), (3, 17500, ISSUE, None, 35631, "electric", True), (5, None, None, "on_request", 141622, "petrol", False)),
        table("price_amount price_currency mileage_km listed_on", (1, 8900, "USD", 215652, "2021-03-12"), (2, 4500, "USD", 337962, "2021-03-11"),
              (4, 1, "USD", 319881, "2021-03-10"), (5, None, "USD", 141622, "2021-03-04")),
        "{currency: USD, formats: ['%b %d, %Y', '%Y-%m-%d', '%Y-%m-%d %H:%M', '%m/%d/%Y'], scraped: '2021-03-13'}",
        ["mileage_km: {assume: mi}", "listed_on: {from: date}"]),
    "cars_in.csv": Stranger(
        table("price_amount price_currency mileage_km power_kw engine_cc economy_kmpl owners", (1, 545000, "INR", 45000, 61.1, 1197, 20.4, 1),
              (2, 1190000, "INR", 120000, 94.1, 1582, 17.01, 2), (3, 10500000, "INR", 12500, 194.6, 2993, 13.38, 1), (5, 65000, ISSUE, 98000, 27.6, 796, None, 4)),
        table("price_currency", (5, "INR")), "{currency: INR}"),
}


def example(name):
    return (EXAMPLES / f"{'cars' if name.startswith('cars') else 'property'}.yaml").read_text()


def told_example(name):
    text, stranger = example(name), STRANGERS[name]
    entry = "".join(f"          {line}\n" for line in stranger.source.splitlines())
    assert text.count("      sources:\n") == 1 and text.count("rows: {split: {}}") == 1
    text = text.replace("      sources:\n", f"      sources:\n        - name: told\n          files: ['{name}']\n{entry}")
    return text.replace("rows: {split: {}}", f"rows: {{split: {stranger.split or '{}'}}}")


def tried(name, text, folder):
    for schema in EXAMPLES.glob("*.avsc"):
        (folder / schema.name).write_text(schema.read_text())
    (folder / "p.yaml").write_text(text)
    done = subprocess.run([STANDPIPE, "try", FILES / name, "--pipeline", folder / "p.yaml", "--json", "--limit", "100"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    [file] = json.loads(done.stdout)["files"]
    return {record["row"]: record for record in file["records"]}


def is_right(document, name, want):
    if want is ISSUE:  # fields that take parts of one cell share its issue: price_amount, price_currency
        thing = name.split("_")[0]
        return document[name] is None and any(issue.split(":")[0].split("_")[0] == thing for issue in document["issues"])
    if isinstance(want, (int, float)) and not isinstance(want, bool):
        return isinstance(document[name], (int, float)) and abs(document[name] - want) < 0.06
    return document[name] == want and type(document[name]) is type(want)


def differences(records, want):
    return [(row, name, value, records[row]["record"][name], [i for i in records[row]["record"]["issues"] if i.startswith(name)])
            for row, fields in want.items() for name, value in fields.items()
            if records[row]["fate"] != "ok" or not is_right(records[row]["record"], name, value)]


@pytest.mark.parametrize("name", STRANGERS)
def test_bare_nothing_is_guessed(name, tmp_path):
    records = tried(name, example(name), tmp_path)
    assert {record["record"]["source"] for record in records.values() if record["fate"] == "ok"} == {"undeclared"}
    assert not differences(records, STRANGERS[name].bare)


@pytest.mark.parametrize("name", STRANGERS)
def test_told_the_values_are_right(name, tmp_path):
    assert not differences(tried(name, told_example(name), tmp_path), STRANGERS[name].told)


ENCODINGS = {"homes_de.csv": "windows-1252", "homes_pl.csv": "windows-1250", "homes_ru.csv": "windows-1251", "cars_de.csv": "windows-1252",
             "cars_ru.csv": "windows-1251", "cars_us.csv": "utf-16"}


def cells(name):
    """Every cell of the file as another reader has it."""
    text = (FILES / name).read_bytes().decode(ENCODINGS.get(name, "utf-8-sig"))
    if name.endswith(("json", "ndjson")):
        rows = json.loads(text) if name.endswith(".json") else [json.loads(line) for line in text.splitlines()]
        rows = rows["listings"] if isinstance(rows, dict) else rows
        return [[value for value in row.values() if value is not None] for row in rows]
    delimiter = max(";,|\t", key=lambda sign: text.splitlines()[-1].count(sign))
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    return [row for row in rows if len(row) > 3][1:]


def is_kept(cell, kept):
    """Numbers, lists and objects stand in `raw` as the text that they are."""
    return cell in kept if isinstance(cell, str) else cell in [json.loads(other) for other in kept if is_json(other)]


def is_json(text):
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("name", STRANGERS)
def test_no_cell_is_lost(name, tmp_path):
    records = tried(name, told_example(name), tmp_path)
    rows = cells(name)
    assert len(records) == len(rows)
    for number, row in enumerate(rows, 1):
        record = records[number]
        kept = list(record["record"]["raw"].values()) if record["fate"] == "ok" else record["record"]
        assert not [cell for cell in row if not is_kept(cell, kept)], number
