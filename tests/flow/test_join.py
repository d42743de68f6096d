"""One stream joined with the state of another, and with a table that was loaded from a file."""
import json
import random

PIPELINE = """\
pipeline: joins
stages:
  rows: {split: {format: csv}}
  office: {normalise: {fields: {land: {from: [land]}, id: {from: [id]}, city: {from: [city]}, at: {from: [at]}}}}
  place:
    enrich:
      table: {name: offices, key: [land, office], fresh: 1s}
      set: {city: /city}
      on_missing: issue
    dedupe: {key: [land, office], within: 1h}
  name: {enrich: {table: {name: lands, key: land}, set: {land_name: /name}}}
  ship: {deliver: {linger: 20ms, firehose: {stream: out, region: eu-west-1}}}
routes:
  - {from: inbox, when: uri ~= nil, to: rows}
  - {from: inbox, to: place}
  - {from: rows, to: office}
  - {from: place, to: name}
  - {from: name, to: ship}
tables:
  offices: {on: office, key: [land, id], set: [city], time: at, reduce: true}
"""
WORKERS = ("dispatch", "split-1", "normalise-1", "normalise-2", "enrich-1", "deliver-1")


def test_listings_get_the_newest_state_of_their_office(pipeline):
    p, chance = pipeline, random.Random(7)
    p.apply(PIPELINE)
    done = p.command("table", "load", "lands", p.write("lands.csv", "code,name\nGB,Britain\nDE,Germany\n"), "--key", "code")
    assert done.returncode == 0, done.stderr
    moves = [(land, str(office), f"{land}-{office}-{at}", 1700000000 + at)
             for land in ("GB", "DE") for office in range(40) for at in range(20)]
    chance.shuffle(moves)
    p.start(*WORKERS)
    for i in range(4):
        p.send(p.write(f"{i}.csv", "land,id,city,at\n" + "".join(",".join(map(str, m)) + "\n" for m in moves[i::4])))
        p.worker(f"normalise-{1 + i % 2}").restart()
    p.rest()
    listings = [{"sp_id": f"00112233aabbccdd-{i}-{i}", "land": land, "office": office}
                for i, (land, office) in enumerate([(land, n) for land in ("GB", "DE", "FR") for n in range(41)], 1)]
    p.put(data="\n".join(json.dumps(d, separators=(",", ":")) for d in listings), src="00112233aabbccdd", row=1)
    p.rest()
    names = {"GB": "Britain", "DE": "Germany"}
    twice = [{**d, "sp_id": f"00112233aabbccee-{i}-{i}"} for i, d in enumerate(listings, 1)]
    p.put(data="\n".join(json.dumps(d, separators=(",", ":")) for d in twice), src="00112233aabbccee", row=1)
    p.rest()
    assert p.books()["place:filtered"] == len(listings)
    assert len(p.documents()) == len(listings) and p.books()["office:filtered"] == len(moves)
    for found in p.documents():
        is_known = found["office"] < 40 and found["land"] != "FR"
        assert found.get("city") == (f"{found['land']}-{found['office']}-19" if is_known else None)
        assert ("sp_issues" in found) != is_known
        assert found.get("land_name") == names.get(found["land"])
