#include "common/data/coerce.h"

#include "common/data/quantity.h"

const struct coercer coercers[] = {
    {"text", "The text as it stands.", coerce_text},
    {"integer", "A whole number of any length, with a sign and group signs.", coerce_integer},
    {"number", "A decimal number of any length, its digits kept as they are.", coerce_number},
    {"date",
     "A day, a month or a year, as precise as the cell has it; a time of day is dropped.",
     coerce_date},
    {"timestamp", "A date with its time, in UTC when the zone is known.", coerce_timestamp},
    {"time", "A time of day, of 24 hours or with am and pm.", coerce_time},
    {"enum", "One of a list of symbols, written as it is declared.", coerce_enum},
    {"list", "A list packed into a cell: by a separator, in {}, or as a JSON or Python array.",
     coerce_list, .takes_array = true},
    {"json", "JSON inside a cell, as it stands.", coerce_json, .takes_array = true,
     .takes_object = true},
    {"phone", "A telephone number, as E.164: +441709230035.", coerce_phone},
    {"id", "Text of an identifier, with all of its digits.", coerce_id},
    {"boolean", "True or false, by lists of words.", coerce_boolean},
    {"money", "An amount of money, its currency, its period and what is said about it.",
     coerce_money, .wish = &quantity_money},
    {"quantity", "A number with a unit of the dimension that `unit` has.", coerce_quantity},
    {"area", "An area: m2, sq ft, acres.", coerce_area, .wish = &quantity_area},
    {"distance", "A distance or a length: km, miles, m.", coerce_distance,
     .wish = &quantity_distance},
    {"power", "A power: kW, HP, PS; KM is horsepower.", coerce_power, .wish = &quantity_power},
    {"volume", "A volume: l, cm3, CC.", coerce_volume, .wish = &quantity_volume},
    {"mass", "A mass: kg, t, lb.", coerce_mass, .wish = &quantity_mass},
    {"speed", "A speed: km/h, mph.", coerce_speed, .wish = &quantity_speed},
    {"energy", "An energy: kWh, MJ.", coerce_energy, .wish = &quantity_energy},
    {"torque", "A torque: Nm, kgm, lb ft.", coerce_torque, .wish = &quantity_torque},
    {"consumption", "What a vehicle consumes: l/100km, km/l.", coerce_consumption,
     .wish = &quantity_consumption},
    {"range", "One or both ends of a range of plain numbers: 4-5, >5, 6+.", coerce_range},
    {"percent", "A share of one: 92% is 0.92.", coerce_percent},
    {"coordinate",
     "Degrees of latitude or longitude, also 51°12'16\"N; `take` lat or lon of a pair.",
     coerce_coordinate},
    {0},
};

const struct coercer *coercer_find(str name)
{
    for (const struct coercer *c = coercers; c->name; c++)
        if (str_is(name, c->name))
            return c;
    return NULL;
}

bool coerce_refuse(struct coerced *out, const char *why)
{
    *out = (struct coerced){.issue = STR("unparsed"), .why = str_of(why)};
    return false;
}
