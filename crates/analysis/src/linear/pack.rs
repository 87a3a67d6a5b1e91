//! From learnt weights to the bytes of a model file: the heaviest features, one byte a weight.

use super::train::Weights;
use super::{MAGIC, VERSION, tag};

/// Share of the table that is filled at most, so that a look ends soon.
const MAX_LOAD: f64 = 0.75;

/// Writes `learnt` as a file of `slots` places; features whose weights are smallest are left out if they do not fit.
/// `calibration` multiplies the logits, and `shift` is then added to them (empty: nothing).
#[must_use]
pub fn pack(learnt: &Weights, slots: usize, calibration: f64, shift: &[f64]) -> Vec<u8> {
    let classes = learnt.classes;
    let scale = scales(learnt);
    let mut out = Vec::new();
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&VERSION.to_le_bytes());
    out.extend_from_slice(&(classes as u32).to_le_bytes());
    out.extend_from_slice(&(slots as u32).to_le_bytes());
    out.extend_from_slice(&(calibration as f32).to_le_bytes());
    for (class, bias) in learnt.bias.iter().enumerate() {
        let bias = bias * calibration + shift.get(class).copied().unwrap_or(0.0);
        out.extend_from_slice(&(bias as f32).to_le_bytes());
    }
    scale.iter().for_each(|scale| out.extend_from_slice(&(*scale as f32).to_le_bytes()));
    out.extend(table(learnt, slots, &scale));
    out
}

/// What a byte of each class is worth.
fn scales(learnt: &Weights) -> Vec<f64> {
    let mut top = vec![0.0_f64; learnt.classes];
    for row in learnt.weights.chunks_exact(learnt.classes) {
        top.iter_mut().zip(row).for_each(|(top, weight)| *top = top.max(weight.abs()));
    }
    top.iter().map(|top| if *top > 0.0 { top / 127.0 } else { 1.0 }).collect()
}

fn table(learnt: &Weights, slots: usize, scale: &[f64]) -> Vec<u8> {
    let classes = learnt.classes;
    let width = 2 + classes;
    let bytes = |row: &[f64]| -> Vec<u8> {
        row.iter()
            .zip(scale)
            .map(|(weight, scale)| ((weight / scale).round() as i8).cast_unsigned())
            .collect()
    };
    // Heaviest first; equal ones by key.
    let mut rows: Vec<(u64, u64, Vec<u8>)> = learnt
        .keys
        .iter()
        .zip(learnt.weights.chunks_exact(classes))
        .map(|(key, row)| (spread(row), *key, bytes(row)))
        .filter(|(_, _, bytes)| bytes.iter().any(|byte| *byte != 0))
        .collect();
    rows.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    rows.truncate((slots as f64 * MAX_LOAD) as usize);
    let mut table = vec![0_u8; slots * width];
    let shift = 64 - slots.trailing_zeros();
    for (_, key, bytes) in rows {
        let mut slot = (key >> shift) as usize;
        let tag = tag(key).to_le_bytes();
        while table[slot * width..slot * width + 2] != [0, 0] {
            slot = (slot + 1) & (slots - 1);
        }
        table[slot * width..slot * width + 2].copy_from_slice(&tag);
        table[slot * width + 2..(slot + 1) * width].copy_from_slice(&bytes);
    }
    table
}

/// How far apart a feature pulls the classes, as a number that can be ordered.
fn spread(row: &[f64]) -> u64 {
    let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let least = row.iter().copied().fold(f64::INFINITY, f64::min);
    // Not negative, so the bits are in the order of the numbers.
    (most - least).to_bits()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linear::{Feature, Model, key};

    fn learnt() -> Weights {
        let keys: Vec<u64> = (0..9_u8).map(|number| key(&[&[number]])).collect();
        let weights = (0..9).flat_map(|number| [f64::from(number), -1.0]).collect();
        Weights { classes: 2, keys, weights, bias: vec![0.5, -0.5] }
    }

    #[test]
    fn weights_come_back_within_half_a_step_and_unknown_keys_not_at_all() {
        let learnt = learnt();
        let bytes = pack(&learnt, 16, 1.0, &[]);
        let model = Model::read(&bytes).unwrap();
        for (key, row) in learnt.keys.iter().zip(learnt.weights.chunks_exact(2)) {
            let found = model.contribution(Feature { key: *key, value: 1.0 }).unwrap();
            assert!((found[0] - row[0]).abs() <= 8.0 / 254.0 + 1e-6 && (found[1] - row[1]).abs() < 1e-6);
        }
        assert!(model.contribution(Feature { key: key(&[b"unknown"]), value: 1.0 }).is_none());
        assert!((model.logits(&[])[0] - 0.5).abs() < 1e-6);
    }

    #[test]
    fn what_does_not_fit_is_left_out_from_the_lightest_on() {
        let learnt = learnt();
        let bytes = pack(&learnt, 8, 1.0, &[]);
        let model = Model::read(&bytes).unwrap();
        let known = |at: usize| model.contribution(Feature { key: learnt.keys[at], value: 1.0 }).is_some();
        assert_eq!((0..9).map(known).collect::<Vec<_>>(), [[false; 3].as_slice(), &[true; 6]].concat());
    }

    #[test]
    fn calibration_scales_the_logits_and_shifts_them() {
        let learnt = learnt();
        let feature = Feature { key: learnt.keys[8], value: 1.0 };
        let bytes = pack(&learnt, 16, 0.5, &[0.0, 2.0]);
        let logits = Model::read(&bytes).unwrap().logits(&[feature]);
        assert!((logits[0] - 4.25).abs() < 1e-5 && (logits[1] - 1.25).abs() < 1e-5);
    }

    #[test]
    fn bytes_that_are_no_model_are_refused() {
        let bytes = pack(&learnt(), 16, 1.0, &[]);
        assert!(Model::read(&bytes).is_ok());
        assert!(Model::read(b"").is_err() && Model::read(b"CLLINEAR").is_err());
        assert!(Model::read(&bytes[..bytes.len() - 1]).is_err());
        for at in [0, 8, 12, 16, 18] {
            let mut other = bytes.clone();
            other[at] ^= 0x7f;
            assert!(Model::read(&other).is_err(), "byte {at}");
        }
    }
}
