//! Training of the language model: multinomial logistic regression by stochastic gradient descent with Adagrad's steps
//! (Duchi et al. 2011), in a fixed order from a fixed seed, with no function whose last bit depends on the machine.

use super::model::{Model, Table, each_gram, exp, length_step, slot, sums};
use super::script::Script;

/// Bits of each script's table: Latin writes most languages.
const BITS: [u32; 4] = [15, 14, 14, 14];
const EPOCHS: u32 = 8;
const RATE: f32 = 0.5;
const SEED: u64 = 0x5eed_1a96;
/// The share of samples that only set the temperatures: one in so many.
const HELD_BACK: usize = 10;

/// A text and its language.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The text.
    pub text: String,
    /// ISO 639-1.
    pub code: [u8; 2],
}

/// A model file from labelled texts; equal samples give equal bytes.
#[must_use]
pub fn train(samples: &[Sample]) -> Vec<u8> {
    let mut weights = Vec::new();
    let mut tables = Vec::new();
    for script in Script::ALL {
        let texts: Vec<&Sample> =
            samples.iter().filter(|sample| Script::of_most(&sample.text) == Some(script)).collect();
        let mut codes: Vec<[u8; 2]> = texts.iter().map(|sample| sample.code).collect();
        codes.sort_unstable();
        codes.dedup();
        // A language with a stray word in another's script is not written in it.
        codes.retain(|code| texts.iter().filter(|sample| sample.code == *code).count() * 400 > texts.len());
        let texts: Vec<&Sample> = texts.into_iter().filter(|sample| codes.contains(&sample.code)).collect();
        let bits = BITS[script as usize];
        let (step, table) = quantised(&fit(&texts, &codes, bits));
        weights.push(table);
        tables.push((script, bits, codes, step, texts));
    }
    let tables: Vec<Table<'_>> = tables
        .into_iter()
        .zip(&weights)
        .map(|((script, bits, codes, step, texts), weights)| {
            let mut table = Table { script, bits, codes, step, temperatures: [1.0; 3], weights };
            table.temperatures = temperatures(&table, &texts);
            table
        })
        .collect();
    Model::write(&tables)
}

fn fit(texts: &[&Sample], codes: &[[u8; 2]], bits: u32) -> Vec<f32> {
    let languages = codes.len();
    let rows: Vec<(Vec<u32>, usize)> = texts
        .iter()
        .enumerate()
        .filter(|(index, _)| index % HELD_BACK != 0)
        .filter_map(|(_, sample)| {
            let mut slots = Vec::new();
            each_gram(&sample.text, |hash| slots.push(slot(hash, bits) as u32));
            Some((slots, codes.iter().position(|code| *code == sample.code)?))
        })
        .filter(|(slots, _)| !slots.is_empty())
        .collect();
    let mut weights = vec![0.0_f32; languages << bits];
    let mut squares = vec![0.0_f32; languages << bits];
    let mut order: Vec<usize> = (0..rows.len()).collect();
    let mut state = SEED;
    let mut scores = vec![0.0_f32; languages];
    for _ in 0..EPOCHS {
        shuffle(&mut order, &mut state);
        for index in &order {
            let (slots, right) = &rows[*index];
            let unit = 1.0 / (slots.len() as f32).sqrt();
            scores.fill(0.0);
            for slot in slots {
                let row = &weights[*slot as usize * languages..][..languages];
                scores.iter_mut().zip(row).for_each(|(score, weight)| *score += weight);
            }
            let most = scores.iter().fold(f32::MIN, |most, score| most.max(*score));
            scores.iter_mut().for_each(|score| *score = exp(f64::from((*score - most) * unit)) as f32);
            let total: f32 = scores.iter().sum();
            for (language, score) in scores.iter_mut().enumerate() {
                *score = (f32::from(u8::from(language == *right)) - *score / total) * unit;
            }
            for slot in slots {
                let at = *slot as usize * languages;
                for (language, gradient) in scores.iter().enumerate().filter(|(_, g)| g.abs() > 1e-5) {
                    let square = &mut squares[at + language];
                    *square += gradient * gradient;
                    weights[at + language] += RATE * gradient / (square.sqrt() + 1e-3);
                }
            }
        }
    }
    weights
}

/// Weights as bytes, with the step of one: the largest in a thousand are cut.
fn quantised(weights: &[f32]) -> (f32, Vec<u8>) {
    let mut sizes: Vec<f32> = weights.iter().map(|weight| weight.abs()).filter(|size| *size > 0.0).collect();
    sizes.sort_by(f32::total_cmp);
    let most = sizes.get(sizes.len().saturating_sub(1 + sizes.len() / 1000)).copied().unwrap_or(1.0);
    let step = most / 127.0;
    (step, weights.iter().map(|weight| (weight / step).round().clamp(-127.0, 127.0) as i8 as u8).collect())
}

/// The temperature of each step of length that makes the texts held back likeliest (Guo et al. 2017).
fn temperatures(table: &Table<'_>, texts: &[&Sample]) -> [f32; 3] {
    let held: Vec<(Vec<f64>, usize, usize)> = texts
        .iter()
        .step_by(HELD_BACK)
        .filter_map(|sample| {
            let (sums, letters) = sums(table, &sample.text);
            let right = table.codes.iter().position(|code| *code == sample.code)?;
            Some((sums, right, length_step(letters)))
        })
        .collect();
    std::array::from_fn(|step| {
        let loss = |temperature: f64| -> f64 {
            held.iter()
                .filter(|(.., at)| *at == step)
                .map(|(sums, right, _)| {
                    let total: f64 = sums.iter().map(|sum| exp((sum - sums[*right]) / temperature)).sum();
                    total.ln()
                })
                .sum()
        };
        let candidates = (1..=80).map(|tenth| f64::from(tenth) * 0.05);
        let best = candidates
            .map(|temperature| (loss(temperature), temperature))
            .reduce(|best, next| if next.0 < best.0 - 1e-6 { next } else { best });
        best.map_or(1.0, |(_, temperature)| temperature as f32)
    })
}

/// Fisher and Yates's shuffle over Steele's `SplitMix64`.
fn shuffle(order: &mut [usize], state: &mut u64) {
    for last in (1..order.len()).rev() {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = *state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        order.swap(last, ((bits ^ (bits >> 31)) % (last as u64 + 1)) as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples() -> Vec<Sample> {
        let lines = [("the river is over the bank", *b"en"), ("der fluss ist über das ufer", *b"de")];
        (0..40)
            .flat_map(|number| {
                lines.iter().flat_map(move |(line, code)| {
                    line.split(' ').skip(number % 4).map(|word| Sample { text: word.to_owned(), code: *code })
                })
            })
            .collect()
    }

    #[test]
    fn training_twice_gives_the_same_bytes_and_a_model_that_knows_its_words() {
        let bytes = train(&samples());
        assert_eq!(bytes, train(&samples()));
        let model = Model::read(&bytes).unwrap();
        let code = |text: &str| model.guess(text, Script::Latin, &[]).unwrap().code;
        assert_eq!((code("the river"), code("der fluss")), (*b"en", *b"de"));
    }
}
