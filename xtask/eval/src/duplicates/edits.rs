//! Seven ways in which posts are changed on their way, seeded: the same copies on every run.

/// A way of changing a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `RT @name: ` in front, the end cut with an ellipsis where the whole is longer than 140 characters.
    Retweet,
    /// One to three hashtags or an address behind.
    Tags,
    /// The last tenth to half of a long post cut, with an ellipsis.
    Truncated,
    /// Three letters per hundred characters swapped, left out, doubled or replaced; figures stay, and so do addresses,
    /// which nobody types.
    Typos,
    /// All capitals or all small letters, other punctuation.
    CaseAndPunctuation,
    /// Emoji in front, behind and between.
    Emoji,
    /// Quoted behind or before two to eight words of another post.
    QuoteAndComment,
}

pub(super) const KINDS: [Kind; 7] = [
    Kind::Retweet,
    Kind::Tags,
    Kind::Truncated,
    Kind::Typos,
    Kind::CaseAndPunctuation,
    Kind::Emoji,
    Kind::QuoteAndComment,
];

const TAGS: [&str; 8] =
    ["#breaking", "#news", "#staysafe", "#prayers", "#update", "#alert", "#help", "#pleaseshare"];
const EMOJI: [&str; 6] = ["😱", "🙏", "🔥", "❤️", "🚨", "😢😢"];
const TWEET_CHARS: usize = 140;

/// Numbers that follow from a seed (`SplitMix64`).
pub(super) struct Chance(u64);

impl Chance {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number below `limit`, which is not 0.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) % limit.max(1) as u64) as usize
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of.get(self.below(of.len())).copied().unwrap_or_default()
    }
}

/// `text` changed; `remark` is where a comment's words come from.
pub(super) fn edit(kind: Kind, text: &str, remark: &str, chance: &mut Chance) -> String {
    match kind {
        Kind::Retweet => {
            let name = format!("RT @user{}: ", chance.below(100_000));
            let room = TWEET_CHARS.saturating_sub(name.len());
            let is_long = text.chars().count() > room;
            let rest = if is_long { cut(text, room.saturating_sub(1)) } else { text.to_owned() };
            format!("{name}{rest}")
        }
        Kind::Tags => {
            let tags: Vec<&str> = (0..=chance.below(3)).map(|_| chance.pick(&TAGS)).collect();
            let address = format!(" http://t.co/{:08x}", chance.below(1 << 30));
            format!("{text} {}{}", tags.join(" "), if chance.below(2) == 0 { &address } else { "" })
        }
        Kind::Truncated => {
            let chars = text.chars().count();
            cut(text, chars * (50 + chance.below(41)) / 100)
        }
        Kind::Typos => typos(text, chance),
        Kind::CaseAndPunctuation => {
            let cased = if chance.below(2) == 0 { text.to_uppercase() } else { text.to_lowercase() };
            // Not within addresses, which would become words.
            let words = cased.split_whitespace().map(|word| {
                if word.contains("://") { word.to_owned() } else { word.replace([',', '.', '!'], "") }
            });
            format!("{} !!!", words.collect::<Vec<String>>().join(" "))
        }
        Kind::Emoji => {
            let middle = chance.below(text.split(' ').count());
            let words = text.split(' ').enumerate().map(|(at, word)| {
                if at == middle { format!("{word} {}", chance.pick(&EMOJI)) } else { word.to_owned() }
            });
            let words: Vec<String> = words.collect();
            format!("{} {} {}", chance.pick(&EMOJI), words.join(" "), chance.pick(&EMOJI))
        }
        Kind::QuoteAndComment => {
            let count = 2 + chance.below(7);
            let comment: Vec<&str> =
                remark.split_whitespace().filter(|word| !word.contains("://")).take(count).collect();
            let comment = comment.join(" ");
            if chance.below(2) == 0 {
                format!("{comment}: “{text}”")
            } else {
                format!("“{text}” {comment}")
            }
        }
    }
}

fn cut(text: &str, chars: usize) -> String {
    format!("{}…", text.chars().take(chars).collect::<String>().trim_end())
}

fn typos(text: &str, chance: &mut Chance) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for _ in 0..(chars.len() * 3).div_ceil(100) {
        let at = chance.below(chars.len());
        let is_letter = |at: usize| chars.get(at).is_some_and(|char| char.is_alphabetic());
        if !is_letter(at) || is_in_address(&chars, at) {
            continue;
        }
        match chance.below(4) {
            0 if is_letter(at + 1) => chars.swap(at, at + 1),
            1 => drop(chars.remove(at)),
            2 => chars.insert(at, chars[at]),
            _ => chars[at] = char::from(b'a' + chance.below(26) as u8),
        }
    }
    chars.into_iter().collect()
}

fn is_in_address(chars: &[char], at: usize) -> bool {
    let start = chars[..at].iter().rposition(|char| char.is_whitespace()).map_or(0, |before| before + 1);
    chars[start..].starts_with(&['h', 't', 't', 'p'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_changes_a_text_and_the_seed_decides_how() {
        let text = "Water in the streets of the old town, 12 people had to leave their homes on Sunday night";
        for kind in KINDS {
            let made = |seed| edit(kind, text, "Oh no, not again, poor people", &mut Chance::new(seed));
            assert_ne!(made(1), text, "{kind:?}");
            assert_eq!(made(1), made(1), "{kind:?}");
            assert!((2..20).any(|seed| made(seed) != made(1)), "{kind:?}");
        }
    }
}
