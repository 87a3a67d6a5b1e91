//! What the names mean, and which of the places the text is about.
//!
//! A name's meanings are weighed by people, kind and the other names ("Paris, Texas"); then the country with most
//! weight wins, in it the division, in that the town: the most specific place that agrees with the rest.

use crisislens_model::place::{MAX_ALTERNATIVES, distance_km};
use crisislens_model::{Alternative, Location, Precision};

use super::gazetteer::{ALTERNATE, AMBIGUOUS, DEMONYM, Entry, Gazetteer, Kind, NO_ADMIN, Place};
use super::mention::Mention;
use super::prior::CountryPrior;
use crate::work;

/// What a country's name is worth against towns, in powers of ten of people.
const COUNTRY_BONUS: f64 = 2.0;
/// The same for a first-level division; people write of US states far more than of others.
const ADMIN_BONUS: f64 = 0.8;
const US_STATE_BONUS: f64 = 0.7;
/// What an alternate name costs.
const ALTERNATE_COST: f64 = 1.2;
/// What a common word costs.
const AMBIGUOUS_COST: f64 = 0.5;
/// What the next name gives when it contains this one.
const QUALIFIED_BONUS: f64 = 5.0;
/// What any other name of the same division, or of the same country, gives.
const SAME_ADMIN_BONUS: f64 = 1.6;
const SAME_COUNTRY_BONUS: f64 = 1.4;
/// What a country stated by the source gives.
const STATED_COUNTRY_BONUS: f64 = 4.0;
/// A town with this share of its division's people takes over the division's name: Puebla is the city.
const CITY_SHARE: f64 = 0.19;

/// A meaning that scores this much less than a name's best is still thought of beside its neighbours.
const RIVAL_SPAN: f64 = 2.5;
/// But it counts less.
const RIVAL_SHARE: f64 = 0.7;
/// What a country gives that speaks the text's language.
const LANGUAGE_BONUS: f64 = 0.8;
/// Where languages are spoken by most.
const SPOKEN: [(&str, &str); 6] = [
    ("es", "ES MX AR CO CL PE EC VE GT HN SV NI CR PA DO CU BO PY UY PR"),
    ("pt", "PT BR AO MZ CV"),
    ("fr", "FR BE CH CA HT SN CI CM CD RE GP MQ"),
    ("it", "IT SM"),
    ("de", "DE AT CH LI"),
    ("hi", "IN"),
];

/// What is less likely than this is no alternative.
const LEAST_ALTERNATIVE: f64 = 0.01;
/// A meaning elsewhere that scores at most this much less, a factor of ten in people, is a rival.
const NEARLY: f64 = 1.0;
/// As far as this from the others of its country it lies elsewhere.
const ELSEWHERE_KM: f64 = 161.0;

/// A meaning of a name with its weight.
type Candidate = (Entry, Place, f64);

/// What a text says of its country besides names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hints<'a> {
    /// The country that the source states.
    pub(crate) country: Option<[u8; 2]>,
    /// The language, where it is sure.
    pub(crate) language: Option<&'a str>,
    /// What is known of countries from elsewhere.
    pub(crate) prior: Option<&'a CountryPrior>,
}

/// A mention with the place it means.
#[derive(Debug, Clone)]
pub(crate) struct Meaning {
    /// Index of the mention.
    pub(crate) mention: usize,
    /// The place.
    pub(crate) place: Place,
    /// How far it is ahead of the next meaning, 0 to 1.
    margin: f64,
    demonym: bool,
    /// Everything that it may mean.
    list: Vec<Candidate>,
}

/// What each mention means, given the others and what the source states.
pub(crate) fn meanings(gazetteer: &Gazetteer, mentions: &[Mention], hints: Hints<'_>) -> Vec<Meaning> {
    let mut meanings = Vec::with_capacity(mentions.len());
    for (index, list) in scored(gazetteer, mentions, hints).into_iter().enumerate() {
        let Some((entry, place, score)) = best(&list) else { continue };
        let rival = list
            .iter()
            .filter(|(_, other, _)| {
                other.id != place.id && !contains(other, &place) && !contains(&place, other)
            })
            .map(|(_, _, score)| *score)
            .fold(f64::NEG_INFINITY, f64::max);
        let margin = if rival.is_finite() { ((score - rival) / 2.0).clamp(0.0, 1.0) } else { 1.0 };
        let place = city_of_same_name(&list, place);
        meanings.push(Meaning { mention: index, place, margin, demonym: entry.flags & DEMONYM != 0, list });
    }
    meanings
}

/// For each mention the places it may mean, likeliest first, with their shares of belief.
pub(crate) fn ranked(
    gazetteer: &Gazetteer,
    mentions: &[Mention],
    hints: Hints<'_>,
) -> Vec<Vec<(Place, f64)>> {
    scored(gazetteer, mentions, hints)
        .into_iter()
        .map(|mut list| {
            list.sort_by(|a, b| b.2.total_cmp(&a.2));
            let total: f64 = list.iter().map(|(.., score)| share_of(*score, list[0].2)).sum();
            let most = list.first().map(|(.., score)| *score).unwrap_or_default();
            list.into_iter().map(|(_, place, score)| (place, share_of(score, most) / total)).collect()
        })
        .collect()
}

/// A factor of ten in people is a factor of ten in belief.
fn share_of(score: f64, most: f64) -> f64 {
    10_f64.powf(score - most)
}

/// Every meaning of every mention with its weight.
fn scored(gazetteer: &Gazetteer, mentions: &[Mention], hints: Hints<'_>) -> Vec<Vec<Candidate>> {
    let candidates: Vec<Vec<Candidate>> = mentions
        .iter()
        .map(|mention| {
            mention
                .entries
                .iter()
                .filter_map(|entry| {
                    gazetteer.place(entry.place).map(|place| (*entry, place, prior(*entry, &place)))
                })
                .collect()
        })
        .collect();
    let weigh = |index: usize, (entry, place, score): &Candidate| {
        let mut score = score + company(index, place, &candidates);
        let next =
            mentions.get(index + 1).filter(|next| next.qualifies).and_then(|_| candidates.get(index + 1));
        if next.is_some_and(|next| next.iter().any(|(_, other, _)| contains(other, place))) {
            score += QUALIFIED_BONUS;
        }
        if hints.country == Some(place.country) {
            score += STATED_COUNTRY_BONUS;
        }
        if hints.language.is_some_and(|language| is_spoken(language, place)) {
            score += LANGUAGE_BONUS;
        }
        if let Some(prior) = hints.prior {
            score += prior.of(place);
        }
        (*entry, *place, score)
    };
    candidates
        .iter()
        .enumerate()
        .map(|(index, list)| list.iter().map(|candidate| weigh(index, candidate)).collect())
        .collect()
}

/// Where a text is about, and where else it nearly may be.
pub(crate) struct About {
    /// The place.
    pub(crate) location: Location,
    /// Places of the same name that are nearly as likely, in other countries or far from it in its own.
    pub(crate) rivals: Vec<Location>,
}

/// The place a text with these names is about.
pub(crate) fn about(gazetteer: &Gazetteer, mentions: &[Mention], meanings: &[Meaning]) -> Option<About> {
    let weights: Vec<f64> =
        meanings.iter().map(|meaning| weight(meaning, &mentions[meaning.mention])).collect();
    let total: f64 = weights.iter().sum();
    let country =
        heaviest(meanings, &weights, |place| Some(u32::from(u16::from_be_bytes(place.country))), |_| true)?;
    let in_country = |place: &Place| u32::from(u16::from_be_bytes(place.country)) == country.0;
    let admin = heaviest(meanings, &weights, admin_id, in_country);
    let in_admin =
        |place: &Place| in_country(place) && admin.is_none_or(|(id, _)| admin_id(place) == Some(id));
    let city = heaviest(meanings, &weights, |place| (place.kind == Kind::City).then_some(place.id), in_admin);
    let id = city.or(admin).map(|(id, _)| id).or_else(|| {
        meanings.iter().find(|meaning| in_country(&meaning.place)).map(|meaning| meaning.place.id)
    })?;
    let place = gazetteer.place(id)?;
    let margin = meanings
        .iter()
        .filter(|meaning| meaning.place.id == id)
        .map(|meaning| meaning.margin)
        .fold(0.0, f64::max);
    let only_demonyms = meanings.iter().all(|meaning| meaning.demonym);
    let share = country.1 / total.max(f64::MIN_POSITIVE);
    let confidence = (0.35 + 0.3 * margin + 0.3 * share) * if only_demonyms { 0.7 } else { 1.0 };
    let mut location = location(gazetteer, &place, confidence, reasons(gazetteer, &place, meanings));
    let deciding = meanings.iter().find(|meaning| meaning.place.id == id);
    location.alternatives = deciding.map_or_else(Vec::new, |meaning| alternatives(gazetteer, meaning));
    let rivals = deciding.map_or_else(Vec::new, |meaning| rivals(gazetteer, meaning));
    Some(About { location, rivals })
}

/// What else the name of `meaning` may mean, likeliest first: neither what lies in its place nor that in which it lies.
fn others(meaning: &Meaning) -> impl Iterator<Item = (Place, f64)> {
    let place = meaning.place;
    let mut list: Vec<&Candidate> = meaning
        .list
        .iter()
        .filter(|(_, other, _)| other.id != place.id && !contains(other, &place) && !contains(&place, other))
        .collect();
    list.sort_by(|a, b| b.2.total_cmp(&a.2).then(a.1.id.cmp(&b.1.id)));
    list.into_iter().map(|(_, other, score)| (*other, *score))
}

fn most(list: &[Candidate]) -> f64 {
    best(list).map_or(0.0, |(_, _, score)| score)
}

fn alternatives(gazetteer: &Gazetteer, meaning: &Meaning) -> Vec<Alternative> {
    let most = most(&meaning.list);
    let total: f64 = meaning.list.iter().map(|(_, _, score)| share_of(*score, most)).sum();
    let scored = others(meaning).map(|(place, score)| (place, share_of(score, most) / total));
    let likely = scored.take_while(|(_, score)| *score >= LEAST_ALTERNATIVE).take(MAX_ALTERNATIVES);
    likely
        .map(|(place, score)| {
            let Location { name, lat, lon, country, precision, .. } =
                location(gazetteer, &place, score, Vec::new());
            Alternative { name, country, lat, lon, precision, score: round(score) }
        })
        .collect()
}

fn rivals(gazetteer: &Gazetteer, meaning: &Meaning) -> Vec<Location> {
    let most = most(&meaning.list);
    let mut found: Vec<Place> = Vec::new();
    for (place, _) in others(meaning).take_while(|(_, score)| most - score <= NEARLY) {
        let is_new = found.iter().chain([&meaning.place]).all(|known| {
            let apart = || distance_km((known.lat, known.lon), (place.lat, place.lon)) > ELSEWHERE_KM;
            known.country != place.country || (known.kind == place.kind && apart())
        });
        if is_new && found.len() < MAX_ALTERNATIVES {
            found.push(place);
        }
    }
    let named = |place: Place| {
        location(gazetteer, &place, 0.5, vec![format!("names {}", full_name(gazetteer, &place))])
    };
    found.into_iter().map(named).collect()
}

/// A location at the centre of `place`.
pub(crate) fn location(gazetteer: &Gazetteer, place: &Place, confidence: f64, why: Vec<String>) -> Location {
    Location {
        name: full_name(gazetteer, place),
        lat: round(place.lat),
        lon: round(place.lon),
        country: Some(place.country_code()),
        admin1: gazetteer.admin_name(place).map(str::to_owned),
        precision: match place.kind {
            Kind::City => Precision::City,
            Kind::Admin1 => Precision::Admin1,
            Kind::Country => Precision::Country,
        },
        confidence: confidence.clamp(0.0, 0.98),
        why,
        alternatives: Vec::new(),
    }
}

fn full_name(gazetteer: &Gazetteer, place: &Place) -> String {
    let within = match place.kind {
        Kind::Country => None,
        Kind::City if place.country == *b"US" => gazetteer.admin_name(place),
        _ => gazetteer.country(place.country).map(|country| country.name),
    };
    match within {
        Some(within) if within != place.name => format!("{}, {within}", place.name),
        _ => place.name.to_owned(),
    }
}

fn reasons(gazetteer: &Gazetteer, place: &Place, meanings: &[Meaning]) -> Vec<String> {
    let mut why = vec![format!("names {}", full_name(gazetteer, place))];
    for meaning in meanings {
        let other = &meaning.place;
        let reason = if contains(other, place) && other.id != place.id {
            format!("{} is named too", other.name)
        } else {
            continue;
        };
        if !why.contains(&reason) && why.len() < 4 {
            why.push(reason);
        }
    }
    why
}

/// The key with most weight among the places that `within` allows.
fn heaviest(
    meanings: &[Meaning],
    weights: &[f64],
    key: impl Fn(&Place) -> Option<u32>,
    within: impl Fn(&Place) -> bool,
) -> Option<(u32, f64)> {
    let mut sums: Vec<(u32, f64)> = Vec::new();
    for (meaning, weight) in meanings.iter().zip(weights) {
        if let Some(key) = key(&meaning.place).filter(|_| within(&meaning.place)) {
            match sums.iter_mut().find(|(other, _)| *other == key) {
                Some((_, sum)) => *sum += weight,
                None => sums.push((key, *weight)),
            }
        }
    }
    // The first of equals: what a text names first it is about.
    sums.into_iter().reduce(|best, next| if next.1 > best.1 + 1e-9 { next } else { best })
}

/// How much a mention says on what the text is about.
fn weight(meaning: &Meaning, mention: &Mention) -> f64 {
    let mut weight = if meaning.demonym { 0.5 } else { 0.6 + 0.4 * meaning.margin };
    if mention.by_hazard {
        weight += 0.8;
    }
    if meaning.mention == 0 {
        weight += 0.1;
    }
    // "Houston, TX" says Houston; the state only says which one.
    if mention.qualifies && meaning.place.kind != Kind::City { weight * 0.8 } else { weight }
}

fn prior(entry: Entry, place: &Place) -> f64 {
    let mut score = f64::from(place.population.max(1)).log10();
    score += match place.kind {
        Kind::Country => COUNTRY_BONUS,
        Kind::Admin1 if place.country == *b"US" => ADMIN_BONUS + US_STATE_BONUS,
        Kind::Admin1 => ADMIN_BONUS,
        Kind::City => 0.0,
    };
    if entry.flags & ALTERNATE != 0 {
        score -= ALTERNATE_COST;
    }
    if entry.flags & AMBIGUOUS != 0 {
        score -= AMBIGUOUS_COST;
    }
    score
}

/// What the other names add to this meaning: full for what they mean by themselves, less for what they may mean too.
fn company(index: usize, place: &Place, candidates: &[Vec<Candidate>]) -> f64 {
    let (mut country, mut admin) = (0.0_f64, 0.0_f64);
    for list in candidates.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, list)| list) {
        work::add(list.len());
        let Some((_, first, top)) = best(list) else { continue };
        for (_, other, _) in list.iter().filter(|(_, other, score)| {
            *score >= top - RIVAL_SPAN && other.id != place.id && other.country == place.country
        }) {
            let share = if other.id == first.id { 1.0 } else { RIVAL_SHARE };
            country = country.max(share);
            if admin_id(other).is_some() && admin_id(other) == admin_id(place) {
                admin = admin.max(share);
            }
        }
    }
    country * SAME_COUNTRY_BONUS + admin * SAME_ADMIN_BONUS
}

fn best(list: &[Candidate]) -> Option<Candidate> {
    list.iter().copied().reduce(|best, next| if next.2 > best.2 { next } else { best })
}

fn is_spoken(language: &str, place: &Place) -> bool {
    let countries = SPOKEN.iter().find(|(code, _)| *code == language).map_or("", |(_, countries)| countries);
    countries.split(' ').any(|code| code.as_bytes() == place.country)
}

fn city_of_same_name(list: &[Candidate], place: Place) -> Place {
    if place.kind != Kind::Admin1 {
        return place;
    }
    let least = f64::from(place.population) * CITY_SHARE;
    list.iter()
        // "Oklahoma" is the state although people call its capital so.
        .filter(|(entry, ..)| entry.flags & ALTERNATE == 0)
        .map(|(_, other, _)| *other)
        .find(|other| {
            other.kind == Kind::City && other.admin == place.id && f64::from(other.population) >= least
        })
        .unwrap_or(place)
}

fn contains(outer: &Place, inner: &Place) -> bool {
    match outer.kind {
        Kind::City => false,
        Kind::Admin1 => inner.kind == Kind::City && inner.admin == outer.id,
        Kind::Country => inner.kind != Kind::Country && inner.country == outer.country,
    }
}

fn admin_id(place: &Place) -> Option<u32> {
    match place.kind {
        Kind::City => (place.admin != NO_ADMIN).then_some(place.admin),
        Kind::Admin1 => Some(place.id),
        Kind::Country => None,
    }
}

/// Four decimals, about 11 m: more would pretend.
fn round(number: f64) -> f64 {
    (number * 1e4).round() / 1e4
}
