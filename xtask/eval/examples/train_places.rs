//! Trains the tagger of places on IDRISI's English posts: `train_places DATA OUT`; equal data give equal bytes.

use std::path::PathBuf;

use anyhow::Context;
use crisislens_analysis::Analyzer;
use crisislens_analysis::place_training::{Sequence, train};
use crisislens_eval::data::hash;
use crisislens_eval::places::{events, sequences};

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1).map(PathBuf::from);
    let data = arguments.next().context("the folder of labelled sets is missing")?;
    let out = arguments.next().context("the name of the model file is missing")?;
    let events = events(&data, "lmr-en")?;
    let sequences = sequences(&Analyzer::new()?, &events);
    let hashes: Vec<String> = events.keys().map(|event| format!("\"{:016x}\"", hash(event))).collect();
    let texts: Vec<Vec<Sequence>> = sequences.into_values().collect();
    let bytes = train(&texts);
    println!("{} texts, {} bytes", texts.iter().map(Vec::len).sum::<usize>(), bytes.len());
    println!("\"events\": [{}]", hashes.join(", "));
    std::fs::write(&out, bytes).with_context(|| format!("{} cannot be written", out.display()))
}
