//! Ids of happenings that one producer takes over from another: GLIDE numbers, GDACS events, Copernicus and Charter activations,
//! cyclones of the warning centres. Each is written `producer:id`, the same wherever it was found.

use crisislens_model::Stated;
use crisislens_model::raw_item::MAX_OTHER_EVENT_IDS;

/// The first GLIDE number in `text`, such as `EQ-2001-000033-IND` (<https://glidenumber.net>); the country may be missing.
pub(crate) fn glide(text: &str) -> Option<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    words.map(str::to_ascii_uppercase).find(|word| is_glide(word)).map(|number| format!("glide:{number}"))
}

fn is_glide(word: &str) -> bool {
    let parts: Vec<&str> = word.split('-').collect();
    let letters =
        |part: &str, length: usize| part.len() == length && part.bytes().all(|b| b.is_ascii_uppercase());
    let digits = |part: &str, length: usize| part.len() == length && part.bytes().all(|b| b.is_ascii_digit());
    match parts.as_slice() {
        [kind, year, number, country @ ..] => {
            letters(kind, 2)
                && digits(year, 4)
                && digits(number, 6)
                && match country {
                    [] => true,
                    [country] => letters(country, 3),
                    _ => false,
                }
        }
        _ => false,
    }
}

/// The event behind an address of another producer.
pub(crate) fn of_url(url: &str) -> Option<String> {
    let parameter = |name: &str| {
        let query = url.split_once('?')?.1;
        let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
        (!value.is_empty() && value.bytes().all(|byte| byte.is_ascii_alphanumeric())).then_some(value)
    };
    let host = url.split_once("://")?.1.split(['/', '?']).next()?.trim_start_matches("www.");
    let last = url.split(['?', '#']).next()?.trim_end_matches('/').rsplit('/').next()?;
    match host {
        "gdacs.org" => Some(format!("gdacs:{}{}", parameter("eventtype")?, parameter("eventid")?)),
        "reliefweb.int" => glide(last),
        "irwin.doi.gov" => {
            url.contains("/incidents/").then(|| format!("irwin:{}", last.to_ascii_lowercase()))
        }
        "disasterscharter.org" => charter(last),
        _ => copernicus(last),
    }
}

/// The activation `EMSR` with its number in `text`.
pub(crate) fn copernicus(text: &str) -> Option<String> {
    let digits = text.strip_prefix("EMSR")?;
    let number: String = digits.chars().take_while(char::is_ascii_digit).collect();
    (!number.is_empty()).then(|| format!("cems:EMSR{number}"))
}

/// The International Charter's activation at the end of `…-activation-576-`.
fn charter(page: &str) -> Option<String> {
    let number = page.rsplit_once("activation-")?.1.trim_end_matches('-');
    (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| format!("charter:{number}"))
}

/// A GDACS event: of `TC 1000643`, `TC1000643` or the same with an episode behind a slash or dash.
pub(crate) fn gdacs(text: &str) -> Option<String> {
    let text = text.trim().to_ascii_uppercase();
    let (kind, rest) = text.split_at_checked(2)?;
    let rest = rest.trim_start_matches([' ', '-', '_', '/']);
    let number: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let known = ["EQ", "TC", "FL", "VO", "DR", "WF", "TS"].contains(&kind);
    (known && number.len() >= 4).then(|| format!("gdacs:{kind}{number}"))
}

/// A cyclone in the notation of the warning centres' Automated Tropical Cyclone Forecasting system, such as `AL092021`.
pub(crate) fn cyclone(text: &str) -> Option<String> {
    let text = text.trim().to_ascii_uppercase();
    let (basin, number) = text.split_at_checked(2)?;
    let known = ["AL", "EP", "CP", "WP", "IO", "SH", "LS", "SL"].contains(&basin);
    (known && number.len() == 6 && number.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| format!("atcf:{text}"))
}

/// Puts `ids` on `stated`: the first is the happening's id, the rest are its other ids, each once. Those that most producers know
/// go first, GDACS events before GLIDE numbers before all else, since incidents are found by the id that leads.
pub(crate) fn give(stated: &mut Stated, ids: impl IntoIterator<Item = String>) {
    let mut ids: Vec<String> = ids.into_iter().collect();
    ids.sort_by_key(
        |id| if id.starts_with("gdacs:") { 0 } else { 1 + usize::from(!id.starts_with("glide:")) },
    );
    for id in ids {
        if stated.event_id.is_none() {
            stated.event_id = Some(id);
        } else if stated.event_id.as_ref() != Some(&id)
            && !stated.other_event_ids.contains(&id)
            && stated.other_event_ids.len() < MAX_OTHER_EVENT_IDS
        {
            stated.other_event_ids.push(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_in_addresses_and_words() {
        for (url, id) in [
            ("https://www.gdacs.org/report.aspx?eventtype=WF&eventid=1000001", Some("gdacs:WF1000001")),
            ("https://www.gdacs.org/report.aspx?eventtype=WF", None),
            ("https://reliefweb.int/disaster/eq-2001-000033-ind", Some("glide:EQ-2001-000033-IND")),
            ("http://emergency.copernicus.eu/mapping/list-of-components/EMSR001", Some("cems:EMSR001")),
            ("https://disasterscharter.org/web/guest/-/flood-in-x-activation-12-", Some("charter:12")),
            ("https://irwin.doi.gov/observer/incidents/AB-12", Some("irwin:ab-12")),
            ("https://irwin.doi.gov/observer/", None),
            ("https://example.org/?eventid=1", None),
            ("no address", None),
        ] {
            assert_eq!(of_url(url).as_deref(), id, "{url}");
        }
        assert_eq!(glide("GLIDE: fl-2010-000001."), Some("glide:FL-2010-000001".into()));
        assert_eq!(glide("FL-10-1-ABC and AB-2010-0000011"), None);
        assert_eq!(gdacs("TC 1000643-2").as_deref(), Some("gdacs:TC1000643"));
        assert_eq!(gdacs("é1000643"), None);
        assert_eq!(cyclone("al092021").as_deref(), Some("atcf:AL092021"));
        assert_eq!(cyclone("AL0920215"), None);
    }

    #[test]
    fn the_id_that_most_know_leads_and_none_stands_twice() {
        let mut known = Stated::default();
        give(&mut known, ["cems:EMSR1", "glide:VO-2001-000001", "gdacs:VO1"].map(str::to_owned));
        assert_eq!(known.event_id.as_deref(), Some("gdacs:VO1"));
        assert_eq!(known.other_event_ids, ["glide:VO-2001-000001", "cems:EMSR1"]);
        let mut stated = Stated::default();
        give(&mut stated, ["a:1", "b:2", "a:1", "b:2"].map(str::to_owned));
        assert_eq!(
            (stated.event_id.as_deref(), stated.other_event_ids.as_slice()),
            (Some("a:1"), &["b:2".to_owned()][..])
        );
        give(&mut stated, (0..100).map(|number| format!("c:{number}")));
        assert_eq!(stated.other_event_ids.len(), MAX_OTHER_EVENT_IDS);
    }
}
