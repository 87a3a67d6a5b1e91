//! Numbers that name something and count nothing: "flight 370", "NH-48", "Covid-19", "call 112".

use super::day::counted;
use super::starts_figure;
use crate::claims::lexicon::{Reading, Role};
use crate::text::{Doc, Gap, Token};

/// Words that announce a name made of figures, folded.
const LABELS: [&str; 57] = [
    "no",
    "number",
    "numero",
    "nr",
    "nummer",
    "article",
    "page",
    "room",
    "flight",
    "postcode",
    "pincode",
    "zip",
    "route",
    "ruta",
    "rte",
    "highway",
    "hwy",
    "interstate",
    "autobahn",
    "autoroute",
    "autopista",
    "carretera",
    "nh",
    "sh",
    "rn",
    "exit",
    "junction",
    "ward",
    "sector",
    "gate",
    "terminal",
    "channel",
    "version",
    "chapter",
    "category",
    "categoria",
    "cat",
    "aged",
    "age",
    "rs",
    "usd",
    "inr",
    "eur",
    "call",
    "dial",
    "tel",
    "telefon",
    "telefono",
    "telephone",
    "whatsapp",
    "helpline",
    "hotline",
    "notruf",
    "pukul",
    "saat",
    "ore",
    "الساعه",
];
/// The longest name that a hyphen joins to its number: "SR-12", "Covid-19".
const MAX_JOINED: usize = 5;

/// Whether the number at token `index`, which ends before token `after`, is part of a name. "Fire in ward 13 patients killed" is none, "Ward 13" is
/// one whatever comes.
pub(super) fn is_labelled(doc: &Doc, reading: &Reading, index: usize, after: usize) -> bool {
    let Some(before) = index.checked_sub(1).filter(|_| starts_figure(doc, index)) else { return false };
    let token = &doc.tokens[before];
    let counts = || counted(doc, reading, after).is_some();
    let is_code =
        |token: &Token| doc.folded(token) == "covid" || doc.surface(token).chars().all(char::is_uppercase);
    if is_joined(doc, token, index)
        && (is_code(token) || !counts())
        && reading.at(before).iter().all(|hit| !may_count(hit.role))
    {
        return true;
    }
    let folded = doc.folded(token);
    // "No. 12" is a label, "no 12 dead" is not.
    let label = LABELS.contains(&folded) && (token.capital || folded != "no");
    doc.tokens[index].gap == Gap::Soft
        && (label || reading.at(before).iter().any(|hit| hit.role == Role::Subject("road")))
        && (token.capital || !counts())
}

/// Whether the number at token `index` is a magnitude: "M 6", "magnitude 6".
pub(crate) fn is_magnitude(doc: &Doc, index: usize) -> bool {
    let Some(before) = index.checked_sub(1).filter(|_| starts_figure(doc, index)) else { return false };
    let token = &doc.tokens[before];
    doc.tokens[index].gap == Gap::Soft
        && match doc.folded(token) {
            "m" | "mw" | "ml" => token.capital,
            folded => folded.starts_with("magnitud") || matches!(folded, "mag" | "richter"),
        }
}

/// "NH-48", "I-95", "Covid-19": a short name that a hyphen joins to its number.
fn is_joined(doc: &Doc, token: &Token, index: usize) -> bool {
    let hyphen = matches!(&doc.clean.text[token.end..doc.tokens[index].start], "-" | "‐" | "‑" | "–");
    let surface = doc.surface(token);
    let named = token.capital || doc.folded(token) == "covid";
    hyphen && named && surface.len() <= MAX_JOINED && surface.chars().all(char::is_alphabetic)
}

/// Whether a word can stand before its own number: "Dead-12".
fn may_count(role: Role) -> bool {
    matches!(
        role,
        Role::Topic(_) | Role::People | Role::Value(..) | Role::Scale(_) | Role::Bound(_) | Role::To
    )
}
