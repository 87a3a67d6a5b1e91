//! Whether what is said informs about an emergency, and what kind of humanitarian information it gives.

use serde::{Deserialize, Serialize};

/// Whether an item informs about an emergency (CrisisLexT26, Olteanu et al. 2015: informative or not).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Relevance {
    /// Whether it does: at a probability of one half or more.
    pub informative: bool,
    /// Calibrated probability that it does, 0 to 1; 1 for an authority's bulletin.
    pub probability: f64,
}

macro_rules! categories {
    ($($(#[$doc:meta])* $variant:ident => $word:literal),+ $(,)?) => {
        /// A kind of humanitarian information (HumAID, Alam et al. 2021, without its rarest classes).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum HumanitarianCategory {
            $($(#[$doc])* $variant,)+
        }

        impl HumanitarianCategory {
            /// Every category, in the order in which the model has them.
            pub const ALL: [Self; 7] = [$(Self::$variant),+];

            /// The word used on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }
    };
}

categories! {
    /// Warnings, and what people are told to do.
    CautionAndAdvice => "caution_and_advice",
    /// People who had to leave, or who are in shelters.
    DisplacedPeopleAndEvacuations => "displaced_people_and_evacuations",
    /// Buildings, roads, bridges, power, water.
    InfrastructureAndUtilityDamage => "infrastructure_and_utility_damage",
    /// People hurt or killed.
    InjuredOrDeadPeople => "injured_or_dead_people",
    /// People who are looked for, or were found.
    MissingOrFoundPeople => "missing_or_found_people",
    /// What somebody needs.
    RequestsOrUrgentNeeds => "requests_or_urgent_needs",
    /// Help that is given or offered.
    RescueVolunteeringOrDonationEffort => "rescue_volunteering_or_donation_effort",
}

impl HumanitarianCategory {
    /// The category named by `word`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.as_str() == word)
    }
}

/// The likeliest kind of humanitarian information.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Humanitarian {
    /// The kind.
    pub category: HumanitarianCategory,
    /// Its calibrated probability among the kinds, 0 to 1.
    pub probability: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wire_word_and_serde_agree_for_every_category() {
        for category in HumanitarianCategory::ALL {
            assert_eq!(serde_json::to_value(category).unwrap(), category.as_str());
            assert_eq!(HumanitarianCategory::parse(category.as_str()), Some(category));
        }
        assert_eq!(HumanitarianCategory::parse("rescue"), None);
    }
}
