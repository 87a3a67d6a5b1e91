//! Training of the tagger in whole numbers, in an order from a fixed seed: equal texts give equal bytes everywhere.

use super::{BITS, MAGIC, O, START, TAGS, viterbi};

const EPOCHS: usize = 6;
const SEED: u64 = 0x5eed_b10b;
/// By how much a name's word must beat "no name" in training: names are rare, and a plain perceptron overlooks them
/// (uneven margins, Li et al. 2002).
const NAME_MARGIN: i64 = 60;
/// A feature that fewer events have gets no weight: it would be a name.
const LEAST_EVENTS: u32 = 3;

/// A text's features with its right tags.
#[derive(Debug, Clone)]
pub struct Sequence {
    pub(crate) features: Vec<Vec<u32>>,
    pub(crate) tags: Vec<u8>,
}

struct Learner {
    weights: Vec<i32>,
    totals: Vec<i64>,
    since: Vec<u32>,
    now: u32,
}

impl Learner {
    fn new(size: usize) -> Self {
        Self { weights: vec![0; size], totals: vec![0; size], since: vec![0; size], now: 0 }
    }

    fn add(&mut self, at: usize, change: i32) {
        self.totals[at] += i64::from(self.weights[at]) * i64::from(self.now - self.since[at]);
        self.since[at] = self.now;
        self.weights[at] += change;
    }

    fn finish(mut self) -> Vec<i64> {
        (0..self.weights.len()).for_each(|at| self.add(at, 0));
        self.totals
    }
}

/// A model file from the texts of several events.
#[must_use]
pub fn train(events: &[Vec<Sequence>]) -> Vec<u8> {
    let shared = shared(events);
    let mut texts: Vec<Sequence> = events.iter().flatten().cloned().collect();
    for text in &mut texts {
        text.features.iter_mut().for_each(|slots| slots.retain(|slot| shared[*slot as usize]));
    }
    let offset = TAGS << BITS;
    let mut learner = Learner::new(offset + (START + 1) * TAGS);
    let mut order: Vec<usize> = (0..texts.len()).collect();
    let mut state = SEED;
    for _ in 0..EPOCHS {
        shuffle(&mut order, &mut state);
        for index in &order {
            learner.now += 1;
            learn(&mut learner, &texts[*index], offset);
        }
    }
    write(&learner.finish(), offset)
}

fn learn(learner: &mut Learner, text: &Sequence, offset: usize) {
    let sums: Vec<[i64; TAGS]> = text
        .features
        .iter()
        .zip(&text.tags)
        .map(|(slots, right)| {
            let mut sums = [0; TAGS];
            sums[usize::from(O)] = if *right == O { 0 } else { NAME_MARGIN };
            for slot in slots {
                let row = &learner.weights[*slot as usize * TAGS..][..TAGS];
                sums.iter_mut().zip(row).for_each(|(sum, weight)| *sum += i64::from(*weight));
            }
            sums
        })
        .collect();
    let transitions = std::array::from_fn(|from| {
        std::array::from_fn(|to| i64::from(learner.weights[offset + from * TAGS + to]))
    });
    let found = viterbi(&sums, &transitions);
    if found == text.tags {
        return;
    }
    let (mut before_found, mut before_right) = (START, START);
    for ((slots, right), found) in text.features.iter().zip(&text.tags).zip(&found) {
        let (right, found) = (usize::from(*right), usize::from(*found));
        if right != found {
            for slot in slots {
                learner.add(*slot as usize * TAGS + right, 1);
                learner.add(*slot as usize * TAGS + found, -1);
            }
        }
        learner.add(offset + before_right * TAGS + right, 1);
        learner.add(offset + before_found * TAGS + found, -1);
        (before_right, before_found) = (right, found);
    }
}

/// Whether enough events have the feature of a slot.
fn shared(events: &[Vec<Sequence>]) -> Vec<bool> {
    let mut counts = vec![0_u32; 1 << BITS];
    let mut last = vec![u32::MAX; 1 << BITS];
    for (event, texts) in events.iter().enumerate() {
        for slot in texts.iter().flat_map(|text| text.features.iter().flatten()) {
            let slot = *slot as usize;
            counts[slot] += u32::from(last[slot] != event as u32);
            last[slot] = event as u32;
        }
    }
    counts.into_iter().map(|count| count >= LEAST_EVENTS.min(events.len() as u32)).collect()
}

/// Averages as bytes: one byte is the step that cuts the largest in two thousand.
fn write(totals: &[i64], offset: usize) -> Vec<u8> {
    let mut sizes: Vec<i64> =
        totals[..offset].iter().map(|total| total.abs()).filter(|size| *size > 0).collect();
    sizes.sort_unstable();
    let most = sizes.get(sizes.len().saturating_sub(1 + sizes.len() / 2000)).copied().unwrap_or(127);
    let step = (most / 127).max(1);
    let rounded = |total: i64| (total + total.signum() * step / 2) / step;
    let mut out = MAGIC.to_vec();
    out.push(BITS as u8);
    for total in &totals[offset..] {
        let weight = rounded(*total).clamp(i64::from(i16::MIN), i64::from(i16::MAX)) as i16;
        out.extend(weight.to_le_bytes());
    }
    out.extend(totals[..offset].iter().map(|total| rounded(*total).clamp(-127, 127) as i8 as u8));
    out
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
    use std::borrow::Cow;

    use super::super::{B, I, Tagger};
    use super::*;

    fn events() -> Vec<Vec<Sequence>> {
        let text = |name: u32| Sequence {
            features: vec![vec![1], vec![2, 100 + name], vec![3], vec![1]],
            tags: vec![O, B, I, O],
        };
        (0..4).map(|event| (0..5).map(|_| text(event)).collect()).collect()
    }

    #[test]
    fn training_twice_gives_the_same_bytes_and_names_of_one_event_have_no_weight() {
        let bytes = train(&events());
        assert_eq!(bytes, train(&events()));
        let at = bytes.len() - (TAGS << BITS) + 101 * TAGS;
        assert_eq!(bytes[at..at + TAGS], [0; TAGS]);
        let tagger = Tagger::read(Cow::Owned(bytes)).unwrap();
        assert_eq!(tagger.spans(&[vec![1], vec![2, 999], vec![3], vec![1]]), [(1, 3)]);
    }
}
