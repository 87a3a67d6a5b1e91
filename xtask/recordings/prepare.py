#!/usr/bin/env python3
"""Makes recordings/ from the collected public data: python3 xtask/recordings/prepare.py ../shared/data recordings

Official recordings are copied byte for byte (gzipped where large). Posts are stripped of every id and of every name:
user ids and post ids are dropped, `@name` becomes `@user`, links, mail addresses and every number of seven digits or more
(telephones, accounts, coordinates) are masked; text and time stay. Posts that `removed.txt` beside this file names by
source_id are left out. What we wrote ourselves (`OWN`) stays in the folder as it is. Running it again gives the same bytes.
"""
import csv
import gzip
import io
import json
import pathlib
import re
import sys
from datetime import datetime

TWITTER_TIME = "%a %b %d %H:%M:%S %z %Y"
PUBLIC_DOMAIN = "Public domain (work of the US government, 17 U.S.C. §105)"
APACHE = "Apache-2.0 (repository)"
CC_BY = "CC BY 4.0"
POSTS_DONE = (
    "all splits of LMR and LMD (English) joined without repeats and sorted by time; post and user ids, labels and "
    "annotations dropped; names after @, links, mail addresses and numbers of seven digits or more masked; written as NDJSON, gzipped"
)

# file, data path, format, source, kind, title, licence, attribution, start_s, length_s
# The first 45 seconds bring four sources and more than five hazards; the Italian earthquake stands in USGS and in posts at once.
OFFICIAL = [
    ("usgs-2016-11-03.geojson.gz", "feeds/usgs/all_day_2016-11-03.geojson", "usgs", "usgs", "official",
     "Earthquakes of a day, among them M 4.8 near Pieve Torina, Italy", PUBLIC_DOMAIN, "U.S. Geological Survey", 0, 38),
    ("gdacs-24h-2019-12-30.xml.gz", "feeds/gdacs/rss_24h_2019-12-30.xml", "gdacs", "gdacs", "official",
     "Cyclones, earthquakes and droughts of a day", APACHE, "GDACS (European Commission JRC and UN OCHA)", 2, 30),
    ("nws-atom-2018-08-15.xml.gz", "feeds/nws/alerts_atom_cap11_2018-08-15.xml", "cap", "nws", "official",
     "Every alert in force in the United States at one hour", PUBLIC_DOMAIN, "US National Weather Service", 3, 36),
    ("usgs-2019-01-30.geojson.gz", "feeds/usgs/all_day_2019-01-30.geojson", "usgs", "usgs", "official",
     "Earthquakes of a day", PUBLIC_DOMAIN, "U.S. Geological Survey", 5, 35),
    ("gdacs-2019-12-30.xml.gz", "feeds/gdacs/rss_2019-12-30.xml", "gdacs", "gdacs", "official",
     "Cyclones, earthquakes and droughts a moment later", APACHE, "GDACS (European Commission JRC and UN OCHA)", 60, 60),
    ("cap-weather.cap", "feeds/cap/weather.cap", "cap", "nws", "official",
     "Flash flood watch in Montana, CAP 1.1", APACHE, "US National Weather Service", 75, 0),
    ("usgs-week-2014-04-15.geojson.gz", "feeds/usgs/all_week_2014-04-15.geojson", "usgs", "usgs", "official",
     "Earthquakes of a week", PUBLIC_DOMAIN, "U.S. Geological Survey", 42, 1150),
    ("nws-zone-2024-07.json", "feeds/nws/alerts_active_zone.json", "nws", "nws", "official",
     "Heat warnings for Phoenix", PUBLIC_DOMAIN, "US National Weather Service", 150, 30),
    ("cap-earthquake.cap", "feeds/cap/earthquake.cap", "cap", "usgs-cap", "official",
     "Earthquake report as CAP", APACHE, "U.S. Geological Survey", 210, 0),
    ("cap-earthquake-iso8859-1.cap", "feeds/cap/earthquake-iso8859-1.cap", "cap", "usgs-cap", "official",
     "Earthquake off El Salvador, in ISO 8859-1", APACHE, "U.S. Geological Survey", 400, 0),
    ("gdacs-2024-12-10.xml", "feeds/gdacs/rss_2024-12-10.xml", "gdacs", "gdacs", "official",
     "Two earthquakes, with a byte-order mark encoded twice", "MIT (repository); the feed says public domain",
     "GDACS (European Commission JRC and UN OCHA)", 480, 30),
]
# file, event of IDRISI, title, start_s, length_s
POSTS = [
    ("posts-italy-2016.ndjson.gz", "italy_earthquake_aug_2016", "Posts about the earthquake of Amatrice, Italy", 1, 38),
    ("posts-mexico-2017.ndjson.gz", "puebla_mexico_earthquake_2017", "Posts about the Puebla earthquake, Mexico", 46, 300),
    ("posts-kerala-2018.ndjson.gz", "kerala_floods_2018", "Posts about the floods in Kerala, India", 200, 500),
    ("posts-california-2018.ndjson.gz", "california_wildfires_2018", "Posts about the Camp Fire, California", 500, 690),
]
# What we wrote ourselves; the file in recordings/ is the original.
OWN = [
    ("drill-bidente.ndjson", "ndjson", "drill", "official",
     "An invented flood in the Bidente valley, Italy: what three services, two newsrooms and posts say of it", 4, 30),
]


# What people put between the digits of one number; a comma only where no space follows ("284, 1332 shocks" are two).
BETWEEN = r"(?:[\s\-‐‑‒–—.()+/_\u20e3\ufe0f]|,(?!\s))*"
NUMBER = re.compile(rf"[+(]*\d(?:{BETWEEN}\d){{6,}}")
AMOUNT = re.compile(r"\d{1,3}(?:,\d{2,3})*,\d{3}")
LINK = re.compile(r"(?:https?://|www\.)\S*|\b[\w-]+(?:\.[\w-]+)*\.[a-z]{2,6}/\S+", re.I)


def masked(text: str) -> str:
    """Any run of seven digits or more goes unless it is an amount with its commas; in doubt it goes, dates and points too."""
    text = LINK.sub("[link]", text)
    text = re.sub(r"\S+\s*[@＠]\s*(?:g ?m ?a ?i ?l|yahoo|hotmail|outlook|rediff|ymail)\w*(?:\.\w+)*", "[mail]", text, flags=re.I)
    text = re.sub(r"\w(?:[\w.+-]*\w)?[@＠]\w[\w.-]*", "[mail]", text)
    text = re.sub(r"[@＠]\w+", "@user", text)
    text = re.sub(r"\b[A-Z]{2}\d{2} ?[A-Z0-9]{10,}", "[number]", text)
    text = NUMBER.sub(lambda found: found[0] if AMOUNT.fullmatch(found[0]) else "[number]", text)
    # The second number after "0471-2333812, " is often written without its area code.
    return re.sub(r"\[number\](?:\s*[,/&|]\s*\d{4,})+", "[number]", text)


def posts(data: pathlib.Path, event: str) -> bytes:
    rows = {}
    for part in ("lmr-en", "lmd-en"):
        for path in sorted((data / "labelled/idrisi" / part).glob(f"{event}-*.jsonl.gz")):
            for line in gzip.open(path, "rt", encoding="utf-8"):
                row = json.loads(line)
                rows.setdefault(row["tweet_id"], row)
    ordered = sorted(rows.values(), key=lambda row: (datetime.strptime(row["created_at"], TWITTER_TIME), row["tweet_id"]))
    place = event.split("_")[0]
    removed = set((pathlib.Path(__file__).parent / "removed.txt").read_text().split())
    lines = [
        json.dumps({
            "source": "posts",
            "source_id": f"{place}-{number:05}",
            "timestamp": row["created_at"],
            "text": masked(row["text"]),
        }, ensure_ascii=False)
        for number, row in enumerate(ordered, 1)
        if f"{place}-{number:05}" not in removed
    ]
    return ("\n".join(lines) + "\n").encode()


def write(path: pathlib.Path, content: bytes) -> None:
    if path.suffix == ".gz":
        buffer = io.BytesIO()
        with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=9, mtime=0) as packed:
            packed.write(content)
        content = buffer.getvalue()
    path.write_bytes(content)


def main() -> None:
    data, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    out.mkdir(exist_ok=True)
    with open(data / "MANIFEST.tsv", encoding="utf-8") as lines:
        origins = {row["path"]: row for row in csv.DictReader(lines, delimiter="\t")}
    recordings = []
    for file, origin, form, source, kind, title, licence, attribution, start, length in OFFICIAL:
        write(out / file, (data / origin).read_bytes())
        row = origins[origin]
        done = "original bytes, gzipped" if file.endswith(".gz") else "original bytes"
        recordings.append({
            "file": file, "format": form, "source": source, "kind": kind, "title": title, "licence": licence,
            "attribution": attribution,
            "provenance": {"repo": row["source"], "commit": row["commit"], "path": row["source_path"], "done": done},
            "start_s": start, "length_s": length,
        })
    idrisi = origins["labelled/idrisi/lmr-en/italy_earthquake_aug_2016-train.jsonl.gz"]
    for file, event, title, start, length in POSTS:
        write(out / file, posts(data, event))
        recordings.append({
            "file": file, "format": "ndjson", "source": "posts", "kind": "social", "title": title, "licence": CC_BY,
            "attribution": "IDRISI (Suwaileh, Elsayed, Imran: IDRISI-R and IDRISI-D), from HumAID; changed as said under done",
            "provenance": {"repo": idrisi["source"], "commit": idrisi["commit"],
                           "path": f"LMR/data/EN/gold-random-json/{event}, LMD/data/EN/{event}", "done": POSTS_DONE},
            "start_s": start, "length_s": length,
        })
    for file, form, source, kind, title, start, length in OWN:
        recordings.append({
            "file": file, "format": form, "source": source, "kind": kind, "title": title, "licence": "Apache-2.0 (this repository)",
            "attribution": "CrisisLens; every source, person and event in it is invented",
            "provenance": {"repo": "CrisisLens (this repository)", "commit": "written for the exercise",
                           "path": f"recordings/{file}", "done": "written by hand; the towns and the river are real, nothing else is"},
            "start_s": start, "length_s": length,
        })
    recordings.sort(key=lambda recording: (recording["start_s"], recording["file"]))
    exercise = {"title": "Four crises and the official feeds of their time, and an invented one", "recordings": recordings}
    (out / "exercise.json").write_text(json.dumps(exercise, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
