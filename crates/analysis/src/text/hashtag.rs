//! Hashtags cut into words: `#KeralaFloods2018` says Kerala, floods, 2018.

/// Where the words of a hashtag's body begin and end, in bytes. `tails` knows words that end an uncapitalised tag.
pub(crate) fn split(body: &str, tails: impl Fn(&str) -> bool) -> Vec<(usize, usize)> {
    let mut words = by_case(body);
    if let [(start, end)] = words[..]
        && let Some(cut) = by_tail(&body[start..end], tails)
    {
        words = vec![(start, start + cut), (start + cut, end)];
    }
    words
}

fn by_case(body: &str) -> Vec<(usize, usize)> {
    let chars: Vec<(usize, char)> = body.char_indices().collect();
    let mut words = Vec::new();
    let mut start = 0;
    for (index, &(at, char)) in chars.iter().enumerate().skip(1) {
        let before = chars[index - 1].1;
        let next = chars.get(index + 1).map(|(_, char)| *char);
        let rises = char.is_uppercase()
            && (!before.is_uppercase() || next.is_some_and(char::is_lowercase))
            && before.is_alphabetic()
            // McMurray is one name.
            && &body[start..at] != "Mc";
        let turns = char.is_numeric() != before.is_numeric();
        if rises || turns || before == '_' {
            words.push((start, at));
            start = at;
        }
    }
    words.push((start, body.len()));
    // Underscores end a word and are no part of it.
    words.iter_mut().for_each(|(start, end)| *end = *start + body[*start..*end].trim_end_matches('_').len());
    words.retain(|(start, end)| start < end);
    words
}

/// Words that end like a hazard's and are none.
const WHOLE: [&str; 13] = [
    "gunfire",
    "bonfire",
    "misfire",
    "foxfire",
    "spitfire",
    "ceasefire",
    "onfire",
    "campfire",
    "crossfire",
    "backfire",
    "rapidfire",
    "surefire",
    "hellfire",
];

/// Where a known word ends the tag, the longest such word. What goes before it is a place as a rule, often as two or
/// three letters: `#okfire`, `#nswfloods`.
fn by_tail(word: &str, tails: impl Fn(&str) -> bool) -> Option<usize> {
    if !word.is_ascii() || word.len() < 6 {
        return None;
    }
    let lower = word.to_ascii_lowercase();
    if tails(&lower) || WHOLE.contains(&lower.as_str()) {
        return None;
    }
    let known = |cut: usize| {
        let tail = &lower[cut..];
        // After so short a beginning a short tail is chance, but for the commonest.
        tails(tail) && (cut >= 4 || tail.len() >= 5 || tail == "fire")
    };
    (2..=word.len() - 4).find(|cut| known(*cut))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(body: &str) -> Vec<&str> {
        split(body, |tail| ["floods", "earthquake", "quake", "fire", "flood", "heat"].contains(&tail))
            .into_iter()
            .map(|(start, end)| &body[start..end])
            .collect()
    }

    #[test]
    fn tags_are_cut_at_capitals_digits_underscores_and_known_tails() {
        assert_eq!(words("KeralaFloods2018"), ["Kerala", "Floods", "2018"]);
        assert_eq!(words("SOSKerala"), ["SOS", "Kerala"]);
        assert_eq!(words("pray_for_italy"), ["pray", "for", "italy"]);
        assert_eq!(words("keralafloods"), ["kerala", "floods"]);
        assert_eq!(words("italyearthquake"), ["italy", "earthquake"]);
        assert_eq!(words("nswfloods"), ["nsw", "floods"]);
        assert_eq!(words("okfire"), ["ok", "fire"]);
        for whole in ["earthquake", "gunfire", "onfire", "crossfire", "campfire", "wheat", "afire", "flood"] {
            assert_eq!(words(whole), [whole]);
        }
        assert_eq!(words("FortMcMurray"), ["Fort", "McMurray"]);
        assert_eq!(words("NASA"), ["NASA"]);
        assert_eq!(words("भूकंप"), ["भूकंप"]);
    }
}
