//! Multinomial logistic regression over hashed features: reading a model file and scoring with it.
//!
//! A feature is a 64-bit key. The file is a table of `slots` places, filled by linear probing from the key's upper bits;
//! a place holds 16 further bits of the key, so that a feature never seen in training hits a foreign weight only once in
//! 65,536 looks, and one signed byte for each class. Little-endian throughout:
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `CLLINEAR` |
//! | 4, 4, 4 | version (1), classes, slots (a power of two) |
//! | 4 | calibration: logits are multiplied by this `f32` (temperature scaling, Guo et al. 2017) |
//! | classes × 4 | calibrated bias of each class, `f32` |
//! | classes × 4 | scale of each class: its weight is the byte times this, `f32` |
//! | slots × (2 + classes) | tag (0: empty) and weights |
//!
//! Not here: what a feature is (`features`), or what the classes mean (`classes`).

pub mod calibrate;
pub mod number;
mod pack;
pub mod train;

pub use pack::pack;

use std::borrow::Cow;

use number::exp;

/// The first bytes of a model file.
const MAGIC: &[u8; 8] = b"CLLINEAR";
/// The layout above.
const VERSION: u32 = 1;
/// Bytes before the biases.
const HEAD_BYTES: usize = 24;
/// Most classes of a model.
pub const MAX_CLASSES: usize = 16;
/// Largest table.
const MAX_SLOTS: usize = 1 << 18;

/// A model file cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the model file cannot be read: {0}")]
pub struct ModelError(&'static str);

impl ModelError {
    /// It is a model, but of another task.
    pub(crate) const CLASSES: Self = Self("it has other classes than its task");
}

/// A feature of one text: its key and how much it counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Feature {
    /// Hash of what it is.
    pub key: u64,
    /// Its size in this text.
    pub value: f32,
}

/// A model, which borrows the bytes of its file or has them.
#[derive(Debug, Clone)]
pub struct Model<'a> {
    classes: usize,
    shift: u32,
    calibration: f64,
    bias: Vec<f64>,
    scale: Vec<f64>,
    table: Cow<'a, [u8]>,
}

/// Scores before the exponential, one per class; those beyond the model's classes are 0.
pub type Logits = [f64; MAX_CLASSES];

impl<'a> Model<'a> {
    /// Reads `bytes`, whose layout is at the top of this file.
    ///
    /// # Errors
    /// When they are no model of this version.
    pub fn read(bytes: impl Into<Cow<'a, [u8]>>) -> Result<Self, ModelError> {
        let bytes: Cow<'a, [u8]> = bytes.into();
        if bytes.get(..8) != Some(MAGIC) {
            return Err(ModelError("it does not begin as one"));
        }
        let word = |at: usize| -> Result<[u8; 4], ModelError> {
            bytes.get(at..at + 4).and_then(|word| word.try_into().ok()).ok_or(ModelError("it is cut off"))
        };
        let count = |at: usize| Ok(u32::from_le_bytes(word(at)?) as usize);
        let float = |at: usize| Ok(f64::from(f32::from_le_bytes(word(at)?)));
        if count(8)? != VERSION as usize {
            return Err(ModelError("another version"));
        }
        let (classes, slots) = (count(12)?, count(16)?);
        if !(2..=MAX_CLASSES).contains(&classes) || !slots.is_power_of_two() || slots > MAX_SLOTS {
            return Err(ModelError("its sizes are impossible"));
        }
        let floats = |from: usize| (0..classes).map(|class| float(from + class * 4)).collect();
        let bias: Result<Vec<f64>, ModelError> = floats(HEAD_BYTES);
        let scale: Result<Vec<f64>, ModelError> = floats(HEAD_BYTES + classes * 4);
        let (bias, scale) = (bias?, scale?);
        let (head, calibration) = (HEAD_BYTES + classes * 8, float(20)?);
        if bytes.len() != head + slots * (2 + classes) {
            return Err(ModelError("its table is not as long as it says"));
        }
        let table = match bytes {
            Cow::Borrowed(bytes) => Cow::Borrowed(&bytes[head..]),
            Cow::Owned(mut bytes) => {
                bytes.drain(..head);
                Cow::Owned(bytes)
            }
        };
        Ok(Self { classes, shift: 64 - slots.trailing_zeros(), calibration, bias, scale, table })
    }

    /// How many classes it tells apart.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// What `feature` adds to the logit of each class; `None` where the model does not know it.
    #[must_use]
    pub fn contribution(&self, feature: Feature) -> Option<Logits> {
        let weights = self.weights(feature.key)?;
        let size = f64::from(feature.value) * self.calibration;
        let mut out = [0.0; MAX_CLASSES];
        for (class, weight) in weights.iter().enumerate() {
            out[class] = f64::from(weight.cast_signed()) * self.scale[class] * size;
        }
        Some(out)
    }

    /// The calibrated logits of a text with `features`.
    #[must_use]
    pub fn logits(&self, features: &[Feature]) -> Logits {
        let mut out = [0.0; MAX_CLASSES];
        for feature in features {
            if let Some(weights) = self.weights(feature.key) {
                for (sum, weight) in out.iter_mut().zip(weights) {
                    *sum += f64::from(weight.cast_signed()) * f64::from(feature.value);
                }
            }
        }
        for (sum, (scale, bias)) in out.iter_mut().zip(self.scale.iter().zip(&self.bias)) {
            *sum = *sum * scale * self.calibration + bias;
        }
        out
    }

    /// The calibrated probability of each class.
    #[must_use]
    pub fn probabilities(&self, features: &[Feature]) -> Vec<f64> {
        softmax(&self.logits(features)[..self.classes])
    }

    fn weights(&self, key: u64) -> Option<&[u8]> {
        crate::work::add(1);
        let width = 2 + self.classes;
        let slots = self.table.len() / width;
        let tag = tag(key);
        let mut slot = (key >> self.shift) as usize;
        for _ in 0..slots {
            let entry = &self.table[slot * width..(slot + 1) * width];
            match u16::from_le_bytes([entry[0], entry[1]]) {
                0 => return None,
                found if found == tag => return Some(&entry[2..]),
                _ => slot = (slot + 1) & (slots - 1),
            }
        }
        None
    }
}

/// The key of the feature that `parts` spell: FNV-1a, then mixed so that all bits depend on all of them.
#[must_use]
pub fn key(parts: &[&[u8]]) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for part in parts {
        for byte in *part {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        hash = (hash ^ 0x1f).wrapping_mul(0x0100_0000_01b3);
    }
    number::mix(hash)
}

/// Probabilities from logits.
#[must_use]
pub fn softmax(logits: &[f64]) -> Vec<f64> {
    let top = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut out: Vec<f64> = logits.iter().map(|logit| exp(logit - top)).collect();
    let sum: f64 = out.iter().sum();
    out.iter_mut().for_each(|share| *share /= sum);
    out
}

/// The bits of a key that its place in the table holds; never 0.
fn tag(key: u64) -> u16 {
    ((key & 0xffff) as u16).max(1)
}
