//! Country codes from the codes and names that sources use. The table is ISO 3166-1 (alpha-2, alpha-3, numeric, name).

use std::collections::HashMap;
use std::sync::LazyLock;

static TABLE: &str = include_str!("country.tsv");

struct Countries {
    by_alpha3: HashMap<&'static str, &'static str>,
    by_number: HashMap<u32, &'static str>,
    by_name: HashMap<String, &'static str>,
    alpha2: HashMap<&'static str, ()>,
}

static COUNTRIES: LazyLock<Countries> = LazyLock::new(|| {
    let mut countries = Countries {
        by_alpha3: HashMap::new(),
        by_number: HashMap::new(),
        by_name: HashMap::new(),
        alpha2: HashMap::new(),
    };
    for line in TABLE.lines() {
        let mut columns = line.split('\t');
        let (Some(alpha2), Some(alpha3), Some(number), Some(name)) =
            (columns.next(), columns.next(), columns.next(), columns.next())
        else {
            continue;
        };
        countries.by_alpha3.insert(alpha3, alpha2);
        countries.by_number.insert(number.parse().unwrap_or_default(), alpha2);
        countries.by_name.insert(name.to_lowercase(), alpha2);
        countries.alpha2.insert(alpha2, ());
    }
    for (name, alpha2) in OTHER_NAMES {
        countries.by_name.insert((*name).to_owned(), alpha2);
    }
    for state in US_STATES {
        countries.by_name.entry((*state).to_owned()).or_insert("US");
    }
    countries
});

/// The alpha-2 code of an alpha-3 code.
pub(crate) fn of_alpha3(code: &str) -> Option<&'static str> {
    COUNTRIES.by_alpha3.get(code.trim().to_ascii_uppercase().as_str()).copied()
}

/// The country of a WMO alert identifier such as `2.49.0.1.840.…`, whose fifth number is the ISO numeric code.
pub(crate) fn of_oid(identifier: &str) -> Option<&'static str> {
    let at = identifier.find("2.49.0.")?;
    let number = identifier[at..].split('.').nth(4)?;
    COUNTRIES.by_number.get(&number.parse().ok()?).copied()
}

/// The alpha-2 code in `AU` or `AU-NSW` (ISO 3166-2).
pub(crate) fn of_code(code: &str) -> Option<&'static str> {
    let head = code.split('-').next()?.trim();
    COUNTRIES.alpha2.get_key_value(head).map(|(code, ())| *code)
}

/// The country of an official sender: a mail address or host under a government's domain.
pub(crate) fn of_sender(sender: &str) -> Option<&'static str> {
    let host = sender.rsplit(['@', '/']).find(|part| part.contains('.'))?.to_ascii_lowercase();
    let labels: Vec<&str> = host.split('.').collect();
    let top = labels.last()?;
    if matches!(*top, "gov" | "mil") {
        return Some("US");
    }
    let official = labels.iter().any(|label| matches!(*label, "gov" | "gc" | "gouv" | "gob" | "go"));
    let code = if *top == "uk" { "GB".to_owned() } else { top.to_ascii_uppercase() };
    official.then(|| of_code(&code)).flatten()
}

/// The country that the last part of `24km E of Lake Isabella, CA` or `South of Fiji` names.
pub(crate) fn of_place(place: &str) -> Option<&'static str> {
    let written = place.rsplit(',').next()?.trim();
    let last = written.to_lowercase();
    // Abbreviations of states come first: CA is California here, and MX is no state.
    of_name(&last).or_else(|| of_code(written)).or_else(|| {
        let tail = last.rsplit(" of ").next()?;
        of_name(tail.trim_start_matches("the ")).or_else(|| of_name(tail.strip_suffix(" region")?))
    })
}

/// The code of a country, or of the United States for one of its states.
pub(crate) fn of_name(name: &str) -> Option<&'static str> {
    let name = name.trim().to_lowercase();
    let find = |name: &str| COUNTRIES.by_name.get(name).copied();
    find(&name).or_else(|| find(name.strip_prefix("the ")?))
}

const OTHER_NAMES: &[(&str, &str)] = &[
    ("usa", "US"),
    ("u.s.", "US"),
    ("uk", "GB"),
    ("burma", "MM"),
    ("turkey", "TR"),
    ("türkiye", "TR"),
    ("iran", "IR"),
    ("russia", "RU"),
    ("czech republic", "CZ"),
    ("macedonia", "MK"),
    ("swaziland", "SZ"),
    ("east timor", "TL"),
    ("timor leste", "TL"),
    ("ivory coast", "CI"),
    ("democratic republic of congo", "CD"),
    ("korea, republic of", "KR"),
    ("vietnam", "VN"),
    ("viet nam", "VN"),
    ("syria", "SY"),
    ("laos", "LA"),
    ("bolivia", "BO"),
    ("venezuela", "VE"),
    ("tanzania", "TZ"),
    ("b.c., mexico", "MX"),
    ("russian federation", "RU"),
    ("fiji islands", "FJ"),
    ("myanmar", "MM"),
    ("democratic republic of the congo", "CD"),
    ("dem. rep. congo", "CD"),
    ("republic of north macedonia", "MK"),
    ("united states of america", "US"),
    ("united kingdom of great britain and northern ireland", "GB"),
    ("kingdom of saudi arabia", "SA"),
    ("iran (islamic republic of)", "IR"),
    ("bolivia (plurinational state of)", "BO"),
    ("venezuela (bolivarian republic of)", "VE"),
    ("republic of korea", "KR"),
    ("lao people's democratic republic", "LA"),
    ("syrian arab republic", "SY"),
    ("united republic of tanzania", "TZ"),
    ("republic of moldova", "MD"),
    ("côte d’ivoire", "CI"),
    ("côte d'ivoire", "CI"),
];

/// States and territories as USGS writes them; Georgia is left out, since it is a country as well.
const US_STATES: &[&str] = &[
    "al",
    "ak",
    "az",
    "ar",
    "ca",
    "co",
    "ct",
    "de",
    "fl",
    "hi",
    "id",
    "il",
    "in",
    "ia",
    "ks",
    "ky",
    "la",
    "me",
    "md",
    "ma",
    "mi",
    "mn",
    "ms",
    "mo",
    "mt",
    "ne",
    "nv",
    "nh",
    "nj",
    "nm",
    "ny",
    "nc",
    "nd",
    "oh",
    "ok",
    "or",
    "pa",
    "ri",
    "sc",
    "sd",
    "tn",
    "tx",
    "ut",
    "vt",
    "va",
    "wa",
    "wv",
    "wi",
    "wy",
    "alabama",
    "alaska",
    "arizona",
    "arkansas",
    "california",
    "colorado",
    "connecticut",
    "delaware",
    "florida",
    "hawaii",
    "idaho",
    "illinois",
    "indiana",
    "iowa",
    "kansas",
    "kentucky",
    "louisiana",
    "maine",
    "maryland",
    "massachusetts",
    "michigan",
    "minnesota",
    "mississippi",
    "missouri",
    "montana",
    "nebraska",
    "nevada",
    "new hampshire",
    "new jersey",
    "new mexico",
    "new york",
    "north carolina",
    "north dakota",
    "ohio",
    "oklahoma",
    "oregon",
    "pennsylvania",
    "rhode island",
    "south carolina",
    "south dakota",
    "tennessee",
    "texas",
    "utah",
    "vermont",
    "virginia",
    "washington",
    "west virginia",
    "wisconsin",
    "wyoming",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_names_lead_to_the_country() {
        assert_eq!(of_alpha3("MUS"), Some("MU"));
        assert_eq!(of_oid("urn:oid:2.49.0.1.840.0.02be"), Some("US"));
        assert_eq!(of_oid("2.49.0.1.124.6bddbc91.2012"), Some("CA"));
        assert_eq!(of_code("AU-NSW"), Some("AU"));
        assert_eq!(of_name("The Democratic Republic of Congo"), Some("CD"));
        assert_eq!(of_name("the moon"), None);
        assert_eq!(of_sender("webmaster@rfs.nsw.gov.au"), Some("AU"));
        assert_eq!(of_sender("http://earthquake.usgs.gov/research/monitoring/anss/neic/"), Some("US"));
        assert_eq!(of_sender("cap@ec.gc.ca"), Some("CA"));
        assert_eq!(of_sender("someone@example.tv"), None);
    }

    #[test]
    fn places_as_usgs_writes_them() {
        assert_eq!(of_place("24km E of Lake Isabella, CA"), Some("US"));
        assert_eq!(of_place("2km WNW of Pieve Torina, Italy"), Some("IT"));
        assert_eq!(of_place("South of the Fiji Islands"), Some("FJ"));
        assert_eq!(of_place("12 km S of Alberto Oviedo Mota, B.C., MX"), Some("MX"));
        assert_eq!(of_place("south of Fiji"), Some("FJ"));
        assert_eq!(of_place("Mid-Atlantic Ridge"), None);
    }
}
