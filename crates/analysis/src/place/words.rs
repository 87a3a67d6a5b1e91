//! Words around a name that tell whether it is a place. Folded; a few languages; no events.

/// Words before a name that make it a person.
pub(super) const TITLES: [&str; 16] = [
    "mr",
    "mrs",
    "ms",
    "dr",
    "president",
    "gov",
    "governor",
    "senator",
    "sen",
    "pm",
    "minister",
    "prince",
    "king",
    "queen",
    "rep",
    "coach",
];
/// Words before a name that make even a common word a place.
pub(super) const PLACE_WORDS: [&str; 24] = [
    "in", "near", "at", "from", "to", "across", "around", "outside", "hits", "hit", "strikes", "en", "a",
    "em", "di", "cerca", "bei", "nahe", "aus", "desde", "pres", "ad", "nei", "through",
];
/// Words after a town's name that make it something else.
pub(super) const NOT_A_TOWN: [&str; 20] = [
    "county",
    "co",
    "parish",
    "river",
    "creek",
    "lake",
    "hills",
    "avenue",
    "ave",
    "street",
    "st",
    "road",
    "rd",
    "blvd",
    "highway",
    "hwy",
    "university",
    "times",
    "school",
    "schools",
];
/// Words after any place's name that make it a street, a paper or a person.
pub(super) const NO_PLACES: [&str; 15] = [
    "avenue",
    "ave",
    "street",
    "st",
    "road",
    "rd",
    "blvd",
    "highway",
    "hwy",
    "post",
    "times",
    "herald",
    "tribune",
    "journal",
    "university",
];
/// Countries whose names people bear.
pub(super) const PERSONS: [&str; 2] = ["jordan", "chad"];
/// First words of longer names that the gazetteer does not have: "Sierra Nevada", "Fort Bend".
pub(super) const BEGINNINGS: [&str; 20] = [
    "sierra", "lake", "mount", "mt", "fort", "ft", "port", "camp", "cape", "castle", "san", "santa", "saint",
    "st", "el", "los", "las", "la", "de", "del",
];
/// State codes that are English words when not behind a comma.
pub(super) const WORD_CODES: [&str; 9] = ["in", "or", "me", "ok", "hi", "la", "oh", "pa", "ma"];
