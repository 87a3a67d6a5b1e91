//! Trains the language model on langid-75: `train_language DATA OUT`; equal data give equal bytes.

use std::path::PathBuf;

use anyhow::Context;
use crisislens_analysis::language::train::train;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1).map(PathBuf::from);
    let data = arguments.next().context("the folder of labelled sets is missing")?;
    let out = arguments.next().context("the name of the model file is missing")?;
    let samples = crisislens_eval::language::samples(&data)?;
    let bytes = train(&samples);
    println!(
        "{} texts, {} bytes, hash {:016x}",
        samples.len(),
        bytes.len(),
        bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte))
            .wrapping_mul(0x0100_0000_01b3))
    );
    std::fs::write(&out, bytes).with_context(|| format!("{} cannot be written", out.display()))
}
