//! Which codes of GDELT speak of a crisis: CAMEO event codes, and themes of the global knowledge graph.
//! CAMEO codebook 1.1b3 (Schrodt 2012); GDELT GKG codebook 2.1.

use crisislens_model::HazardType;

/// What a CAMEO code says, and its hazard; none where it is no crisis. Longer codes are narrower, so a code's beginning decides where it
/// has no line of its own.
pub(crate) fn of_cameo(code: &str) -> Option<(&'static str, HazardType)> {
    let known = |code: &str| CAMEO.iter().find(|(known, _, _)| *known == code);
    let found = (2..=code.len()).rev().find_map(|end| known(code.get(..end)?));
    found.map(|(_, words, hazard)| (*words, *hazard))
}

/// The hazard of a theme; none where it is no crisis.
pub(crate) fn of_theme(theme: &str) -> Option<HazardType> {
    let named = theme.strip_prefix("NATURAL_DISASTER_").and_then(|kind| {
        NATURAL.iter().find(|(beginning, _)| kind.starts_with(beginning)).map(|(_, hazard)| *hazard)
    });
    named.or_else(|| THEMES.iter().find(|(known, _)| *known == theme).map(|(_, hazard)| *hazard))
}

const CAMEO: &[(&str, &str, HazardType)] = &[
    ("0233", "Appeal for humanitarian aid", HazardType::Other),
    ("073", "Humanitarian aid", HazardType::Other),
    ("145", "Violent protest, riot", HazardType::Violence),
    ("18", "Assault", HazardType::Violence),
    ("180", "Unconventional violence", HazardType::Violence),
    ("181", "Abduction, hostage-taking or hijacking", HazardType::Violence),
    ("183", "Bombing by non-military actors", HazardType::Violence),
    ("186", "Assassination", HazardType::Violence),
    ("19", "Fighting", HazardType::Violence),
    ("191", "Blockade", HazardType::Violence),
    ("195", "Aerial weapons", HazardType::Violence),
    ("20", "Mass violence", HazardType::Violence),
    ("203", "Ethnic cleansing", HazardType::Violence),
    ("204", "Weapons of mass destruction", HazardType::Violence),
];

const NATURAL: &[(&str, HazardType)] = &[
    ("EARTHQUAKE", HazardType::Earthquake),
    ("TSUNAMI", HazardType::Tsunami),
    ("FLOOD", HazardType::Flood),
    ("FLASH_FLOOD", HazardType::Flood),
    ("HURRICANE", HazardType::TropicalCyclone),
    ("TYPHOON", HazardType::TropicalCyclone),
    ("CYCLONE", HazardType::TropicalCyclone),
    ("TROPICAL_STORM", HazardType::TropicalCyclone),
    ("TORNADO", HazardType::Tornado),
    ("WILDFIRE", HazardType::Wildfire),
    ("FOREST_FIRE", HazardType::Wildfire),
    ("BUSHFIRE", HazardType::Wildfire),
    ("VOLCANIC", HazardType::Volcano),
    ("VOLCANO", HazardType::Volcano),
    ("LANDSLIDE", HazardType::Landslide),
    ("MUDSLIDE", HazardType::Landslide),
    ("AVALANCHE", HazardType::Winter),
    ("BLIZZARD", HazardType::Winter),
    ("HEAVY_SNOW", HazardType::Winter),
    ("SNOWSTORM", HazardType::Winter),
    ("ICE_STORM", HazardType::Winter),
    ("HEAT_WAVE", HazardType::Heat),
    ("HEATWAVE", HazardType::Heat),
    ("DROUGHT", HazardType::Drought),
    ("STORM", HazardType::Storm),
    ("THUNDERSTORM", HazardType::Storm),
    ("HAIL", HazardType::Storm),
];

/// Themes of single happenings. Wide ones (`NATURAL_DISASTER` alone, `HEALTH_PANDEMIC`, `TERROR`, `ARMEDCONFLICT`,
/// `CRISISLEX_CRISISLEXREC`) stand on up to a quarter of the world's news and are left out.
const THEMES: &[(&str, HazardType)] = &[
    ("MANMADE_DISASTER", HazardType::Technological),
    ("MANMADE_DISASTER_CHEMICAL_SPILL", HazardType::Technological),
    ("MANMADE_DISASTER_OIL_SPILL", HazardType::Technological),
    ("MANMADE_DISASTER_NUCLEAR_ACCIDENT", HazardType::Technological),
    ("MANMADE_DISASTER_PLANE_CRASH", HazardType::Transport),
    ("MANMADE_DISASTER_TRAIN_DERAILMENT", HazardType::Transport),
    ("DISASTER_FIRE", HazardType::Technological),
    ("EPIDEMIC", HazardType::Epidemic),
    ("SUICIDE_ATTACK", HazardType::Violence),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn narrow_codes_win_and_other_codes_are_no_crisis() {
        assert_eq!(of_cameo("1831").unwrap().0, "Bombing by non-military actors");
        assert_eq!(of_cameo("182").unwrap().0, "Assault");
        assert_eq!(of_cameo("1451").unwrap().1, HazardType::Violence);
        for code in ["", "1", "043", "023", "144", "0é"] {
            assert_eq!(of_cameo(code), None, "{code}");
        }
        assert_eq!(of_theme("NATURAL_DISASTER_FLOODWATERS"), Some(HazardType::Flood));
        assert_eq!(of_theme("TAX_FNCACT_PRESIDENT"), None);
        assert_eq!(of_theme("NATURAL_DISASTER_WORDS"), None);
    }
}
