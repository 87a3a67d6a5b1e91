//! Magnitudes of earthquakes: `M6.1`, `Mw 6,1`, `6.1-magnitude`, `magnitude 6`, `6.1 earthquake`.

use crate::text::Doc;

/// `M6.1`, `M 6.1`, `Mw 6,1`, `6.1-magnitude`, `magnitude 6`, `6.1 earthquake` at token `index`.
pub(crate) fn magnitude(doc: &Doc, index: usize, seismic: bool) -> Option<(f64, (usize, usize))> {
    let token = &doc.tokens[index];
    let word = doc.folded(token);
    if matches!(
        word,
        "m" | "mw" | "ml" | "mb" | "mag" | "magnitude" | "magnitud" | "magnitudo" | "magnitudine"
    ) {
        let skip =
            doc.tokens.get(index + 1).is_some_and(|next| matches!(doc.folded(next), "of" | "de" | "di"));
        let number = index + 1 + usize::from(skip);
        let (value, end) = decimal(doc, number)?;
        let metres = word == "m" && !token.capital;
        return (!metres && doc.tokens[number].start <= token.end + 5).then_some((value, (token.start, end)));
    }
    if let Some(rest) = word.strip_prefix("mw").or_else(|| word.strip_prefix('m')).filter(|_| token.capital) {
        let whole: f64 = rest.parse().ok().filter(|whole: &f64| *whole < 10.0)?;
        let (fraction, end) = fraction(doc, index).unwrap_or((0.0, token.end));
        return (seismic || fraction > 0.0).then_some((whole + fraction, (token.start, end)));
    }
    let (value, end) = decimal(doc, index)?;
    let after = doc.tokens.iter().skip(index + 1).find(|next| next.start >= end)?;
    let next = doc.folded(after);
    let close = after.start <= end + 2;
    let named = matches!(next, "magnitude" | "mag" | "richter" | "grados");
    let quake = value.fract() != 0.0 && (next.starts_with("earthquake") || next.starts_with("quake"));
    (close && (named || quake)).then_some((value, (token.start, end)))
}

/// A number from 0 to below 10 with at most one decimal place in the next token.
fn decimal(doc: &Doc, index: usize) -> Option<(f64, usize)> {
    let token = doc.tokens.get(index)?;
    let word = doc.folded(token);
    let whole: f64 = (word.len() == 1).then(|| word.parse().ok()).flatten()?;
    // "6.1": the part behind the stop is a token of its own; a digit before the stop means we are in its middle.
    if token.start > 0 && doc.clean.text[..token.start].ends_with(['.', ',']) && index > 0 {
        let before = &doc.tokens[index - 1];
        if before.end + 1 == token.start && doc.surface(before).ends_with(|char: char| char.is_ascii_digit())
        {
            return None;
        }
    }
    let (part, end) = fraction(doc, index).unwrap_or((0.0, token.end));
    Some((whole + part, end))
}

fn fraction(doc: &Doc, index: usize) -> Option<(f64, usize)> {
    let (token, next) = (doc.tokens.get(index)?, doc.tokens.get(index + 1)?);
    let between = &doc.clean.text[token.end..next.start];
    let digits = doc.folded(next);
    if !matches!(between, "." | ",") || digits.len() > 2 || !digits.bytes().all(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    let value: f64 = digits.parse().ok()?;
    Some((value / 10_f64.powi(i32::try_from(digits.len()).ok()?), next.end))
}
