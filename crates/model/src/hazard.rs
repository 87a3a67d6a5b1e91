//! The hazards CrisisLens tells apart.

use serde::{Deserialize, Serialize};

macro_rules! hazards {
    ($($(#[$doc:meta])* $variant:ident => $word:literal),+ $(,)?) => {
        /// A kind of hazard; `other` is a hazard of no listed kind, `none` is no hazard at all.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum HazardType {
            $($(#[$doc])* $variant,)+
            /// Nothing in the text or the source speaks of a hazard.
            #[default]
            None,
        }

        impl HazardType {
            /// Every kind, `none` last.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+ Self::None];

            /// The word used on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                    Self::None => "none",
                }
            }
        }
    };
}

hazards! {
    /// Shaking of the ground.
    Earthquake => "earthquake",
    /// A sea wave raised by an earthquake, slide or eruption.
    Tsunami => "tsunami",
    /// River, coastal or flash flood.
    Flood => "flood",
    /// Hurricane, typhoon, cyclone, tropical storm.
    TropicalCyclone => "tropical_cyclone",
    /// Wind, thunderstorm, hail, lightning.
    Storm => "storm",
    /// A tornado or waterspout.
    Tornado => "tornado",
    /// Snow, ice, avalanche, extreme cold.
    Winter => "winter",
    /// Extreme heat.
    Heat => "heat",
    /// Lack of water.
    Drought => "drought",
    /// Forest, bush or grass fire.
    Wildfire => "wildfire",
    /// Eruption or ash.
    Volcano => "volcano",
    /// Landslide, mudslide, rockfall.
    Landslide => "landslide",
    /// Outbreak of disease.
    Epidemic => "epidemic",
    /// Explosion, spill, collapse, building fire.
    Technological => "technological",
    /// Crash or derailment.
    Transport => "transport",
    /// Attack, shooting, bombing, unrest.
    Violence => "violence",
    /// A hazard of another kind.
    Other => "other",
}

impl HazardType {
    /// The kind named by `word`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == word)
    }

    /// What a person calls one, as the beginning of a line.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Earthquake => "Earthquake",
            Self::Tsunami => "Tsunami",
            Self::Flood => "Flood",
            Self::TropicalCyclone => "Tropical cyclone",
            Self::Storm => "Storm",
            Self::Tornado => "Tornado",
            Self::Winter => "Winter weather",
            Self::Heat => "Extreme heat",
            Self::Drought => "Drought",
            Self::Wildfire => "Wildfire",
            Self::Volcano => "Volcanic activity",
            Self::Landslide => "Landslide",
            Self::Epidemic => "Outbreak",
            Self::Technological => "Technological accident",
            Self::Transport => "Transport accident",
            Self::Violence => "Violence",
            Self::Other | Self::None => "Incident",
        }
    }

    /// Whether this names a hazard at all.
    #[must_use]
    pub fn is_some(self) -> bool {
        self != Self::None
    }
}

/// A hazard with how sure we are and why.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HazardGuess {
    /// The kind.
    #[serde(rename = "type")]
    pub kind: HazardType,
    /// 0 to 1.
    pub confidence: f64,
    /// The words or the source statement that decided it.
    #[serde(default)]
    pub why: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wire_word_and_serde_agree_for_every_kind() {
        for kind in HazardType::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
            assert_eq!(HazardType::parse(kind.as_str()), Some(*kind));
        }
    }
}
