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

/// Where a known word ends the tag and at least four letters go before it; the longest such word.
fn by_tail(word: &str, tails: impl Fn(&str) -> bool) -> Option<usize> {
    if !word.is_ascii() || word.len() < 8 {
        return None;
    }
    let lower = word.to_ascii_lowercase();
    (4..=word.len() - 4).find(|cut| tails(&lower[*cut..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(body: &str) -> Vec<&str> {
        split(body, |tail| ["floods", "earthquake"].contains(&tail))
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
        assert_eq!(words("FortMcMurray"), ["Fort", "McMurray"]);
        assert_eq!(words("NASA"), ["NASA"]);
        assert_eq!(words("भूकंप"), ["भूकंप"]);
    }
}
