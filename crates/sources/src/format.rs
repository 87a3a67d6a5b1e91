//! The wire formats the connectors read.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A wire format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum Format {
    /// USGS earthquake summary feed, or one detail document.
    UsgsGeoJson,
    /// GDACS RSS.
    GdacsRss,
    /// Alerts of api.weather.gov.
    NwsGeoJson,
    /// CAP 1.0 to 1.2: one alert, or an Atom index whose entries carry CAP elements.
    Cap,
    /// RSS, Atom or JSON Feed.
    Feed,
    /// Mastodon statuses: a JSON array or JSON lines.
    Mastodon,
    /// Raw items in the shape of the ingest API, one JSON object a line.
    RawNdjson,
    /// Events of NASA's Earth Observatory Natural Event Tracker, version 3.
    Eonet,
    /// Disasters or reports of the ReliefWeb API.
    ReliefWeb,
    /// Disease Outbreak News of the WHO: its API, or one JSON object a line.
    WhoDon,
    /// RSS of the US National Hurricane Center.
    NhcRss,
    /// Meteoalarm: an Atom index, one CAP alert, or its warnings as JSON.
    Meteoalarm,
    /// Active fires of NASA FIRMS as CSV.
    FirmsCsv,
    /// GDELT 2.0: events, the global knowledge graph, or the list of the newest files.
    Gdelt,
    /// Activations of Copernicus EMS rapid mapping.
    CopernicusEms,
    /// Hazards of the Pacific Disaster Center.
    Pdc,
    /// Alerts of Environment and Climate Change Canada.
    EcccGeoJson,
    /// Alerts of the Norwegian Meteorological Institute.
    MetNoGeoJson,
    /// Reddit listings and live threads.
    Reddit,
    /// Published checks of claims: schema.org `ClaimReview`, or the answer of the Fact Check Tools API.
    ClaimReview,
}

/// A word that names no wire format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no wire format; known are usgs, gdacs, nws, cap, feed, mastodon, ndjson, eonet, reliefweb, who-don, nhc, meteoalarm, firms, gdelt, copernicus, pdc, eccc, metno, reddit, claim-review"
)]
pub struct UnknownFormat(pub String);

impl Format {
    /// Every format.
    pub const ALL: [Self; 20] = [
        Self::UsgsGeoJson,
        Self::GdacsRss,
        Self::NwsGeoJson,
        Self::Cap,
        Self::Feed,
        Self::Mastodon,
        Self::RawNdjson,
        Self::Eonet,
        Self::ReliefWeb,
        Self::WhoDon,
        Self::NhcRss,
        Self::Meteoalarm,
        Self::FirmsCsv,
        Self::Gdelt,
        Self::CopernicusEms,
        Self::Pdc,
        Self::EcccGeoJson,
        Self::MetNoGeoJson,
        Self::Reddit,
        Self::ClaimReview,
    ];

    /// The word used in configuration and manifests.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UsgsGeoJson => "usgs",
            Self::GdacsRss => "gdacs",
            Self::NwsGeoJson => "nws",
            Self::Cap => "cap",
            Self::Feed => "feed",
            Self::Mastodon => "mastodon",
            Self::RawNdjson => "ndjson",
            Self::Eonet => "eonet",
            Self::ReliefWeb => "reliefweb",
            Self::WhoDon => "who-don",
            Self::NhcRss => "nhc",
            Self::Meteoalarm => "meteoalarm",
            Self::FirmsCsv => "firms",
            Self::Gdelt => "gdelt",
            Self::CopernicusEms => "copernicus",
            Self::Pdc => "pdc",
            Self::EcccGeoJson => "eccc",
            Self::MetNoGeoJson => "metno",
            Self::Reddit => "reddit",
            Self::ClaimReview => "claim-review",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|format| format.as_str() == word).ok_or_else(|| UnknownFormat(word.into()))
    }
}

impl TryFrom<String> for Format {
    type Error = UnknownFormat;

    fn try_from(word: String) -> Result<Self, Self::Error> {
        word.parse()
    }
}

impl From<Format> for &'static str {
    fn from(format: Format) -> Self {
        format.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_found_by_its_word_and_no_other_word_is_one() {
        for format in Format::ALL {
            assert_eq!(format.as_str().parse(), Ok(format));
            assert_eq!(serde_json::to_value(format).unwrap(), format.as_str());
        }
        let unknown = "USGS".parse::<Format>().unwrap_err().to_string();
        assert!(Format::ALL.iter().all(|format| unknown.contains(format.as_str())), "{unknown}");
    }
}
