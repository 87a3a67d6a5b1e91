//! The linear model that tells languages of one script apart: hashed character n-grams, one table of small weights a script.
//!
//! The method is the linear classifier over hashed n-grams of Joulin et al. 2017 ("Bag of Tricks for Efficient Text
//! Classification") without its hidden layer. File, little-endian: `b"CLL1"`, `u8` number of scripts; for each script
//! `u8` its number, `u8` bits of the table, `u8` number of languages, two letters each, `f32` step of a weight, three
//! `f32` temperatures by length; then the tables in the same order, `i8` by slot and language. Not here: training (`train`).

use super::script::Script;

/// Longest n-gram, in characters.
const MAX_GRAM: usize = 4;
/// Most characters of one text that are read: more does not change the answer.
pub(super) const MAX_CHARS: usize = 400;
/// Steps of length, in letters, that have a temperature each.
pub(super) const LENGTH_STEPS: [usize; 2] = [9, 24];
/// What a language that the deployment expects has ahead of others before a letter is read, in natural logarithms.
const EXPECTED_AHEAD: f64 = 2.5;
const MAGIC: &[u8; 4] = b"CLL1";

/// The languages of one script, with their weights.
#[derive(Debug, Clone)]
pub(super) struct Table<'a> {
    pub(super) script: Script,
    pub(super) bits: u32,
    pub(super) codes: Vec<[u8; 2]>,
    pub(super) step: f32,
    pub(super) temperatures: [f32; 3],
    pub(super) weights: &'a [u8],
}

/// A trained model.
#[derive(Debug, Clone)]
pub struct Model<'a> {
    tables: Vec<Table<'a>>,
}

/// A language with the probability that the text is in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Guess {
    /// ISO 639-1.
    pub code: [u8; 2],
    /// 0 to 1, among the languages of the script.
    pub probability: f64,
}

impl<'a> Model<'a> {
    /// Reads a model file without copying its tables; `None` where it is not one.
    #[must_use]
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(MAGIC)?;
        let (&count, mut rest) = rest.split_first()?;
        let mut tables = Vec::with_capacity(usize::from(count));
        for _ in 0..count {
            let (&[script, bits, languages], after) = rest.split_first_chunk::<3>()?;
            let (codes, after) = after.split_at_checked(usize::from(languages) * 2)?;
            let (numbers, after) = after.split_first_chunk::<16>()?;
            let number = |at: usize| {
                f32::from_le_bytes([numbers[at], numbers[at + 1], numbers[at + 2], numbers[at + 3]])
            };
            tables.push(Table {
                script: Script::of_number(script)?,
                bits: u32::from(bits).clamp(1, 24),
                codes: codes.chunks_exact(2).map(|code| [code[0], code[1]]).collect(),
                step: number(0),
                temperatures: [number(4), number(8), number(12)],
                weights: &[],
            });
            rest = after;
        }
        for table in &mut tables {
            let (weights, after) = rest.split_at_checked(table.codes.len() << table.bits)?;
            table.weights = weights;
            rest = after;
        }
        rest.is_empty().then_some(Self { tables })
    }

    pub(super) fn write(tables: &[Table<'_>]) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.push(tables.len() as u8);
        for table in tables {
            out.extend([table.script.number(), table.bits as u8, table.codes.len() as u8]);
            table.codes.iter().for_each(|code| out.extend(code));
            out.extend(table.step.to_le_bytes());
            table.temperatures.iter().for_each(|temperature| out.extend(temperature.to_le_bytes()));
        }
        tables.iter().for_each(|table| out.extend(table.weights));
        out
    }

    /// The likeliest language of `text`, whose letters are of `script`; `expected` are ahead of the others.
    #[must_use]
    pub fn guess(&self, text: &str, script: Script, expected: &[&str]) -> Option<Guess> {
        let table = self.tables.iter().find(|table| table.script == script)?;
        let (sums, letters) = sums(table, text);
        if letters == 0 {
            return None;
        }
        let temperature = f64::from(table.temperatures[length_step(letters)]);
        let scores: Vec<f64> = sums
            .iter()
            .zip(&table.codes)
            .map(|(sum, code)| {
                let ahead = expected.iter().any(|known| known.as_bytes() == code);
                sum / temperature + if ahead { EXPECTED_AHEAD } else { 0.0 }
            })
            .collect();
        let best =
            scores.iter().enumerate().reduce(|best, next| if next.1 > best.1 { next } else { best })?;
        let total: f64 = scores.iter().map(|score| exp(score - best.1)).sum();
        Some(Guess { code: table.codes[best.0], probability: 1.0 / total })
    }

    /// The languages that the model tells apart in `script`.
    pub fn codes(&self, script: Script) -> impl Iterator<Item = [u8; 2]> {
        self.tables.iter().filter(move |table| table.script == script).flat_map(|table| table.codes.clone())
    }
}

/// Each language's sum of weights over the root of the number of n-grams, with the number of letters.
pub(super) fn sums(table: &Table<'_>, text: &str) -> (Vec<f64>, usize) {
    let languages = table.codes.len();
    let mut sums = vec![0_i32; languages];
    let mut grams = 0_u32;
    let letters = each_gram(text, |hash| {
        grams += 1;
        let at = slot(hash, table.bits) * languages;
        if let Some(row) = table.weights.get(at..at + languages) {
            for (sum, weight) in sums.iter_mut().zip(row) {
                *sum += i32::from(weight.cast_signed());
            }
        }
    });
    crate::work::add(grams as usize);
    let unit = f64::from(table.step) / f64::from(grams.max(1)).sqrt();
    (sums.into_iter().map(|sum| f64::from(sum) * unit).collect(), letters)
}

pub(super) fn length_step(letters: usize) -> usize {
    LENGTH_STEPS.iter().filter(|step| letters >= **step).count()
}

/// The slot of an n-gram in a table of `bits`: the upper bits of the hash are the best mixed.
pub(super) fn slot(hash: u64, bits: u32) -> usize {
    (hash >> (64 - bits)) as usize
}

/// Calls `gram` with the hash of every n-gram of every word, a word's edges counting as characters, and of every whole
/// word; returns the number of letters.
pub(super) fn each_gram(text: &str, mut gram: impl FnMut(u64)) -> usize {
    let mut word: Vec<u32> = Vec::with_capacity(32);
    let mut letters = 0;
    for char in text.chars().take(MAX_CHARS).chain([' ']) {
        if crate::text::fold::is_word(char) && !char.is_numeric() {
            letters += usize::from(char.is_alphabetic());
            if word.is_empty() {
                word.push(0);
            }
            word.extend(char.to_lowercase().map(u32::from));
        } else if !word.is_empty() {
            word.push(0);
            for from in 0..word.len() {
                let mut hash = 0xcbf2_9ce4_8422_2325;
                for (length, char) in word[from..].iter().take(MAX_GRAM).enumerate() {
                    hash = mix(hash, *char);
                    // A lone edge says nothing.
                    if length > 0 || *char != 0 {
                        gram(finish(hash));
                    }
                }
            }
            if word.len() > MAX_GRAM {
                gram(finish(word.iter().fold(0x9e37_79b9_7f4a_7c15, |hash, char| mix(hash, *char))));
            }
            word.clear();
        }
    }
    letters
}

/// FNV-1a over whole code points.
fn mix(hash: u64, char: u32) -> u64 {
    (hash ^ u64::from(char)).wrapping_mul(0x0100_0000_01b3)
}

/// The last step of `MurmurHash3`, so that the upper bits depend on every character.
fn finish(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53)
}

/// The exponential from multiplications and additions only, so that every machine gets the same bytes.
pub(super) fn exp(x: f64) -> f64 {
    // exp(x) = exp(x / 1024)^1024; the series of the small argument ends after five terms at a relative error of 1e-9.
    let small = x.clamp(-60.0, 60.0) / 1024.0;
    let mut power =
        1.0 + small * (1.0 + small / 2.0 * (1.0 + small / 3.0 * (1.0 + small / 4.0 * (1.0 + small / 5.0))));
    for _ in 0..10 {
        power *= power;
    }
    power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_the_exponential() {
        for x in [-30.0, -3.3, -0.01, 0.0, 1.0, 20.0_f64] {
            assert!((exp(x) / x.exp() - 1.0).abs() < 1e-7, "{x}");
        }
    }

    #[test]
    fn a_broken_file_is_refused() {
        assert!(Model::read(b"").is_none());
        assert!(Model::read(b"CLL1\x01\x00\x03\x02en").is_none());
        let table = Table {
            script: Script::Latin,
            bits: 4,
            codes: vec![*b"en", *b"es"],
            step: 1.0,
            temperatures: [1.0; 3],
            weights: &[1; 32],
        };
        let mut bytes = Model::write(&[table]);
        assert!(Model::read(&bytes).is_some());
        bytes.pop();
        assert!(Model::read(&bytes).is_none());
    }
}
