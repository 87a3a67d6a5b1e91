//! The hazard and severity behind the words that official alerts use: event names, categories, severity terms.

use crisislens_model::HazardType::{
    self, Drought, Earthquake, Epidemic, Flood, Heat, Landslide, Other, Storm, Technological, Tornado,
    Transport, TropicalCyclone, Tsunami, Violence, Volcano, Wildfire, Winter,
};
use crisislens_model::Severity;

/// Severity of CAP (and of the NWS, which takes it from CAP); `Unknown` says nothing.
pub(crate) fn severity_of_cap(word: &str) -> Option<Severity> {
    match word.trim().to_ascii_lowercase().as_str() {
        "extreme" => Some(Severity::Critical),
        "severe" => Some(Severity::High),
        "moderate" => Some(Severity::Medium),
        "minor" => Some(Severity::Low),
        _ => None,
    }
}

/// Severity of a Meteoalarm awareness level such as `3; orange; Severe`.
pub(crate) fn severity_of_awareness(level: &str) -> Option<Severity> {
    Some(match level.split(';').next()?.trim() {
        "1" => Severity::Low,
        "2" => Severity::Medium,
        "3" => Severity::High,
        "4" => Severity::Critical,
        _ => return None,
    })
}

/// Severity of a cyclone by its highest sustained wind in knots: depression, storm, hurricane, major hurricane (Saffir–Simpson
/// hurricane wind scale, <https://www.nhc.noaa.gov/aboutsshws.php>).
pub(crate) fn severity_of_knots(knots: f64) -> Severity {
    if knots >= 96.0 {
        Severity::Critical
    } else if knots >= 64.0 {
        Severity::High
    } else if knots >= 34.0 {
        Severity::Medium
    } else {
        Severity::Low
    }
}

/// The hazard of a GLIDE code, which ReliefWeb uses as well (<https://glidenumber.net/glide/public/about.jsp>).
pub(crate) fn hazard_of_glide(code: &str) -> Option<HazardType> {
    Some(match code.trim().to_ascii_uppercase().as_str() {
        "EQ" => Earthquake,
        "TS" => Tsunami,
        "FL" | "FF" => Flood,
        "TC" | "SS" => TropicalCyclone,
        "ST" | "VW" | "EC" => Storm,
        "TO" => Tornado,
        "CW" | "AV" | "SN" => Winter,
        "HT" => Heat,
        "DR" => Drought,
        "WF" => Wildfire,
        "VO" => Volcano,
        "LS" | "MS" | "SL" => Landslide,
        "EP" => Epidemic,
        "AC" | "FR" => Technological,
        "IN" | "CE" | "OT" => Other,
        _ => return None,
    })
}

/// The hazard that an event name such as `Excessive Heat Warning` speaks of. The first phrase that occurs decides, so that
/// narrow phrases stand before wide ones. A phrase ends at a word's end where it ends in a blank, else it is a beginning.
pub(crate) fn hazard_of_event(event: &str) -> Option<HazardType> {
    let mut words = String::with_capacity(event.len() + 2);
    words.push(' ');
    words.extend(event.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }));
    words.push(' ');
    EVENTS.iter().find(|(phrase, _)| contains_phrase(&words, phrase)).map(|(_, hazard)| *hazard)
}

fn contains_phrase(words: &str, phrase: &str) -> bool {
    words.match_indices(phrase).any(|(at, _)| words[..at].ends_with(' '))
}

/// The hazard of a CAP category where the event name says nothing (CAP 1.2 §3.2.2).
pub(crate) fn hazard_of_category(category: &str) -> Option<HazardType> {
    Some(match category.trim() {
        "Met" => Storm,
        "Fire" => Wildfire,
        "Health" => Epidemic,
        "Transport" => Transport,
        "CBRNE" | "Infra" => Technological,
        "Security" => Violence,
        "Geo" | "Safety" | "Rescue" | "Env" | "Other" => Other,
        _ => return None,
    })
}

/// The hazard of a Meteoalarm awareness type such as `9; avalanches`.
pub(crate) fn hazard_of_awareness(awareness: &str) -> Option<HazardType> {
    Some(match awareness.split(';').next()?.trim() {
        "1" | "3" | "10" => Storm,
        "2" | "6" | "9" => Winter,
        "5" => Heat,
        "7" | "11" | "12" | "13" => Flood,
        "8" => Wildfire,
        "4" => Other,
        _ => return None,
    })
}

const EVENTS: &[(&str, HazardType)] = &[
    ("tsunami", Tsunami),
    ("earthquake", Earthquake),
    ("seismic", Earthquake),
    ("tornado", Tornado),
    ("waterspout", Tornado),
    ("hurricane", TropicalCyclone),
    ("typhoon", TropicalCyclone),
    ("cyclone", TropicalCyclone),
    ("tropical ", TropicalCyclone),
    ("storm surge", TropicalCyclone),
    ("volcan", Volcano),
    ("ashfall", Volcano),
    ("ash ", Volcano),
    ("avalanche", Winter),
    ("landslide", Landslide),
    ("mudslide", Landslide),
    ("debris flow", Landslide),
    ("rockfall", Landslide),
    ("mass movement", Landslide),
    ("structure fire", Technological),
    ("building fire", Technological),
    ("wildfire", Wildfire),
    ("bushfire", Wildfire),
    ("forest fire", Wildfire),
    ("grass fire", Wildfire),
    ("red flag", Wildfire),
    ("fire weather", Wildfire),
    ("fire danger", Wildfire),
    ("fire warning", Wildfire),
    ("flood", Flood),
    ("hydrologic", Flood),
    ("inundation", Flood),
    ("dam break", Flood),
    ("dam failure", Flood),
    ("blizzard", Winter),
    ("snow", Winter),
    ("ice ", Winter),
    ("icy ", Winter),
    ("winter", Winter),
    ("wintry", Winter),
    ("freez", Winter),
    ("frost", Winter),
    ("cold ", Winter),
    ("low temperature", Winter),
    ("wind chill", Winter),
    ("sleet", Winter),
    ("heat", Heat),
    ("hot ", Heat),
    ("high temperature", Heat),
    ("drought", Drought),
    ("thunderstorm", Storm),
    ("storm", Storm),
    ("severe weather", Storm),
    ("wind", Storm),
    ("gale", Storm),
    ("gust", Storm),
    ("hail", Storm),
    ("lightning", Storm),
    ("squall", Storm),
    ("marine", Storm),
    ("small craft", Storm),
    ("hazardous seas", Storm),
    ("surf ", Storm),
    ("rain", Storm),
    ("dust", Storm),
    ("hazardous material", Technological),
    ("chemical", Technological),
    ("nuclear", Technological),
    ("radiolog", Technological),
    ("industrial", Technological),
    ("explosion", Technological),
    ("blackout", Technological),
    ("epidemic", Epidemic),
    ("outbreak", Epidemic),
    ("disease", Epidemic),
    ("law enforcement", Violence),
    ("terror", Violence),
    ("shooter", Violence),
    ("civil danger", Other),
    ("air quality", Other),
    ("fog", Other),
    ("rip current", Other),
    ("beach hazard", Other),
    ("child abduction", Other),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_names_of_the_nws_and_others_lead_to_their_hazard() {
        for (event, hazard) in [
            ("Excessive Heat Warning", Heat),
            ("Fire Weather Watch", Wildfire),
            ("Red Flag Warning", Wildfire),
            ("Flash Flood Warning", Flood),
            ("Severe Thunderstorm Warning", Storm),
            ("Special Marine Warning", Storm),
            ("High Surf Advisory", Storm),
            ("Air Quality Alert", Other),
            ("Moderate avalanches warning", Winter),
            ("Tropical Storm Warning", TropicalCyclone),
            ("Ice Storm Warning", Winter),
            ("thunderstorm", Storm),
        ] {
            assert_eq!(hazard_of_event(event), Some(hazard), "{event}");
        }
    }

    #[test]
    fn a_phrase_inside_another_word_does_not_count() {
        assert_eq!(hazard_of_event("Police notice"), None);
        assert_eq!(hazard_of_event("Ceasefire"), None);
        assert_eq!(hazard_of_event("Special Weather Statement"), None, "it may be about anything");
    }
}
