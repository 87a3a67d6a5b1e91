//! The evidence on both sides of one claim, and what follows from it. Pure: everything that is looked at was read before.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crisislens_analysis::Analyzer;
use crisislens_analysis::claims::Statements;
use crisislens_analysis::evidence::groups::{Owners, Voice, groups};
use crisislens_analysis::evidence::rank::{Asked, Candidate, Ranker, Rarity};
use crisislens_analysis::evidence::stance::{self, Piece, Sentence};
use crisislens_analysis::likelihood::{Assessment, Circumstances, assess};
use crisislens_model::claim::{EvidenceKind, MAX_EVIDENCE, Stance};
use crisislens_model::{Claim, ClaimId, Evidence, Item, ItemId, SourceKind, id};
use crisislens_search::{Relevant, RelevantHits};
use uuid::Uuid;

use super::Reliabilities;
use super::finding::{Found, short_name, speaker};
use crate::statements::Memory;

/// Most items of a claim that contradicts one, and of all that do.
const MAX_RIVAL_ITEMS: usize = 20;
const MAX_RIVALS_ITEMS: usize = 40;
/// So many characters of an item's text are kept while it is weighed; what it states was read before from all of it.
const MAX_KEPT_TEXT: usize = 4_000;
/// Longest address that is kept, bytes.
const MAX_URL: usize = 2_048;
/// Most pieces that take no side and are kept, for a person to read.
const MAX_NEUTRAL: usize = 5;
/// Longest piece of a text, characters.
const MAX_SNIPPET: usize = 300;
/// How surely an item that makes the claim speaks for it.
const MAKES_IT: f64 = 1.0;

/// What claims are weighed with.
pub(super) struct Case<'a> {
    pub(super) items: &'a HashMap<ItemId, Looked>,
    pub(super) rivals: &'a HashMap<ClaimId, Claim>,
    pub(super) reliabilities: &'a Reliabilities,
    pub(super) owners: &'a Owners,
    pub(super) ranker: &'a Ranker,
}

/// An item as it is weighed: with what it states, without what makes it large.
pub(super) struct Looked {
    pub(super) item: Item,
    pub(super) statements: Arc<Statements>,
}

impl Looked {
    pub(super) fn at(mut item: Item, memory: &Memory, analyzer: &Analyzer) -> Self {
        let statements = memory.of(analyzer, &item);
        if let Some((end, _)) = item.text.char_indices().nth(MAX_KEPT_TEXT) {
            item.text = item.text[..end].to_owned();
        }
        item.media = Vec::new();
        item.entities = Vec::new();
        Self { item, statements }
    }
}

/// Those of the items of `rival`, one of the `count` claims that contradict one, that are looked at.
pub(super) fn makers_of(rival: &Claim, count: usize) -> impl Iterator<Item = &ItemId> {
    rival.item_ids.iter().take((MAX_RIVALS_ITEMS / count.max(1)).clamp(1, MAX_RIVAL_ITEMS))
}

/// What was found of a claim.
pub(super) struct Weighed {
    pub(super) assessment: Assessment,
    /// The weightiest first.
    pub(super) evidence: Vec<Evidence>,
}

/// A piece of evidence and whether it counts among the voices on the claim itself.
struct Piecemeal {
    evidence: Evidence,
    counts: bool,
    duplicate_of: Option<ItemId>,
    author: Option<String>,
    source: String,
    source_kind: SourceKind,
    text: String,
}

impl Case<'_> {
    pub(super) fn weigh(&self, claim: &Claim, found: &Found) -> Weighed {
        let mut pieces: Vec<Piecemeal> = Vec::new();
        let mut taken: BTreeSet<ItemId> = BTreeSet::new();
        let mut hedged = !claim.item_ids.is_empty();
        for looked in claim.item_ids.iter().filter_map(|id| self.items.get(id)) {
            taken.insert(looked.item.id);
            let (snippet, hedge) = own_words(claim, looked);
            hedged &= hedge;
            pieces.push(self.piece(
                claim,
                &looked.item,
                Stance::Supports,
                MAKES_IT,
                snippet,
                "makes the claim",
            ));
        }
        let mut rival_groups: Vec<usize> = Vec::new();
        for rival in claim.contradicts.iter().filter_map(|rival| self.rivals.get(rival)) {
            let makers = makers_of(rival, claim.contradicts.len()).filter_map(|id| self.items.get(id));
            for looked in makers {
                if !taken.insert(looked.item.id) {
                    continue;
                }
                let (snippet, _) = own_words(rival, looked);
                let why = format!("says otherwise: {}", shortened(&rival.text));
                let mut piece = self.piece(claim, &looked.item, Stance::Refutes, -MAKES_IT, snippet, &why);
                // What an authority says otherwise counts itself; others count as a claim that contradicts this one.
                piece.counts = piece.evidence.kind == EvidenceKind::Official;
                if !piece.counts {
                    rival_groups.push(pieces.len());
                }
                pieces.push(piece);
            }
        }
        let matched = self.matched_checks(claim, &found.checks);
        let mut neutral = 0;
        for hit in found.hits() {
            let Some(looked) = self.items.get(&hit.id).filter(|_| !taken.contains(&hit.id)) else {
                continue;
            };
            // What was played before is no second voice.
            if looked.item.exercise_id != claim.exercise_id {
                continue;
            }
            let Some(piece) = self.relevant(claim, looked, matched.get(&hit.id).copied().unwrap_or(0.0))
            else {
                continue;
            };
            if piece.evidence.stance == Stance::Neutral {
                neutral += 1;
                if neutral > MAX_NEUTRAL {
                    continue;
                }
            }
            taken.insert(hit.id);
            pieces.push(piece);
        }
        self.keep_what_people_said(claim, &mut pieces);
        self.name_groups(&mut pieces);
        let contradicting: BTreeSet<&str> =
            rival_groups.iter().filter_map(|at| Some(pieces.get(*at)?.evidence.group.as_str())).collect();
        let circumstances = Circumstances {
            contradicting_groups: u32::try_from(contradicting.len()).unwrap_or(u32::MAX),
            hedged,
        };
        let voices: Vec<Evidence> =
            pieces.iter().filter(|piece| piece.counts).map(|piece| piece.evidence.clone()).collect();
        let assessment = assess(&voices, circumstances);
        Weighed { assessment, evidence: weightiest(pieces.into_iter().map(|piece| piece.evidence).collect()) }
    }

    /// How likely each published check among `found` is about `claim`.
    fn matched_checks(&self, claim: &Claim, found: &RelevantHits) -> HashMap<ItemId, f64> {
        let checks: Vec<(&Relevant, &Item)> = found
            .hits
            .iter()
            .filter_map(|hit| Some((hit, &self.items.get(&hit.id)?.item)))
            .filter(|(_, item)| item.stated.as_ref().is_some_and(|stated| stated.claim_review.is_some()))
            .collect();
        if checks.is_empty() {
            return HashMap::new();
        }
        let maker = self.items.get(&claim.normalized_item_id).map(|looked| &looked.item);
        let asked = Asked {
            text: &claim.text,
            author: maker.and_then(|item| item.author.as_deref()),
            year: Some(claim.first_said.to_zoned(jiff::tz::TimeZone::UTC).year()),
            language: &claim.language,
            rarity: Rarity { frequencies: Some(&found.frequencies), items: found.items },
        };
        let candidates: Vec<Candidate<'_>> = checks
            .iter()
            .map(|(hit, item)| Candidate {
                title: item.title.as_deref().unwrap_or(""),
                text: &item.text,
                score: hit.score,
            })
            .collect();
        let ranked = self.ranker.rank(&asked, &candidates);
        ranked.into_iter().filter_map(|one| Some((checks.get(one.index)?.1.id, one.probability))).collect()
    }

    /// The side of an item that does not make the claim; `None` where it is about something else.
    fn relevant(&self, claim: &Claim, looked: &Looked, matched: f64) -> Option<Piecemeal> {
        let Looked { item, statements } = looked;
        let sentences: Vec<Sentence<'_>> =
            statements.said.iter().map(|said| (said.text.as_str(), said.states.clone())).collect();
        let stated = item.stated.as_ref();
        let kind = kind_of(item);
        let judged = stance::judge(
            &stance::Claim {
                text: &claim.text,
                language: &claim.language,
                topic: claim.topic,
                slots: &claim.slots,
            },
            &Piece { sentences: &sentences, kind, stated, matched, is_reply: false },
        );
        if !judged.is_related {
            return None;
        }
        let deciding = judged.sentence.and_then(|at| statements.said.get(at));
        let snippet = deciding.map_or_else(|| shortened(&item.headline()), |said| shortened(&said.text));
        Some(self.piece(claim, item, judged.stance, judged.score, snippet, &judged.why))
    }

    fn piece(
        &self,
        claim: &Claim,
        item: &Item,
        stance: Stance,
        score: f64,
        text_snippet: String,
        why: &str,
    ) -> Piecemeal {
        Piecemeal {
            evidence: Evidence {
                id: evidence_id(claim.id, item.id),
                kind: kind_of(item),
                item_id: Some(item.id),
                url: item.url.clone().filter(|url| url.len() <= MAX_URL),
                text_snippet,
                source: speaker(item),
                source_reliability: self.reliabilities.of(&speaker(item), item.exercise),
                stance,
                support_score: score.clamp(-1.0, 1.0),
                group: String::new(),
                said_at: item.timestamp,
                why: why.to_owned(),
                by_person: false,
            },
            counts: true,
            duplicate_of: item.duplicate_of,
            author: item.author.clone(),
            source: item.source.clone(),
            source_kind: item.source_kind,
            text: item.text.clone(),
        }
    }

    /// A person's word on a piece stands, and what people have added stays.
    fn keep_what_people_said(&self, claim: &Claim, pieces: &mut Vec<Piecemeal>) {
        let mut said: HashMap<Uuid, &Evidence> =
            claim.evidence.iter().filter(|one| one.by_person).map(|one| (one.id, one)).collect();
        for piece in pieces.iter_mut() {
            if let Some(kept) = said.remove(&piece.evidence.id) {
                piece.evidence.stance = kept.stance;
                piece.evidence.support_score = kept.support_score;
                piece.evidence.why.clone_from(&kept.why);
                piece.evidence.by_person = true;
                piece.counts = true;
            }
        }
        let mut added: Vec<&Evidence> = said.into_values().collect();
        added.sort_unstable_by_key(|one| one.id);
        pieces.extend(added.into_iter().map(|one| Piecemeal {
            evidence: Evidence {
                source_reliability: self.reliabilities.of(&one.source, claim.exercise),
                ..one.clone()
            },
            counts: true,
            duplicate_of: None,
            author: None,
            source: one.source.clone(),
            source_kind: SourceKind::Media,
            text: one.text_snippet.clone(),
        }));
    }

    fn name_groups(&self, pieces: &mut [Piecemeal]) {
        let voices: Vec<Voice<'_>> = pieces
            .iter()
            .map(|piece| Voice {
                item: piece.evidence.item_id,
                duplicate_of: piece.duplicate_of,
                source: &piece.source,
                kind: piece.source_kind,
                author: piece.author.as_deref(),
                url: piece.evidence.url.as_deref(),
                text: &piece.text,
            })
            .collect();
        let names = groups(&voices, self.owners);
        for (piece, name) in pieces.iter_mut().zip(names) {
            piece.evidence.group = short_name(name);
        }
    }
}

/// The sentence in which an item makes `claim`, and whether it hedges.
fn own_words(claim: &Claim, looked: &Looked) -> (String, bool) {
    let like = |draft: &&crisislens_analysis::claims::ClaimDraft| {
        draft.topic == claim.topic && draft.slots.subject == claim.slots.subject
    };
    match looked.statements.claims.iter().find(like) {
        Some(draft) => (shortened(&draft.text), draft.hedge.is_some()),
        None => (shortened(&looked.item.headline()), false),
    }
}

/// The id of what `item` has to say of `claim`.
#[must_use]
pub(crate) fn evidence_id(claim: ClaimId, item: ItemId) -> Uuid {
    id::derived(claim.0, &format!("evidence {item}"), 0)
}

/// What sort of voice an item is as evidence.
pub(crate) fn kind_of(item: &Item) -> EvidenceKind {
    if item.stated.as_ref().is_some_and(|stated| stated.claim_review.is_some()) {
        return EvidenceKind::FactCheck;
    }
    EvidenceKind::of(item.source_kind)
}

fn shortened(text: &str) -> String {
    text.trim().chars().take(MAX_SNIPPET).collect()
}

/// Both sides, the weightiest first, at most [`MAX_EVIDENCE`]: neither side crowds the other out.
fn weightiest(mut evidence: Vec<Evidence>) -> Vec<Evidence> {
    let rank = |one: &Evidence| {
        let kind = match one.kind {
            EvidenceKind::Manual => 0,
            EvidenceKind::FactCheck => 1,
            EvidenceKind::Official => 2,
            EvidenceKind::Report => 3,
        };
        (!one.by_person, kind)
    };
    let weight = |one: &Evidence| one.support_score.abs() * one.source_reliability;
    evidence.sort_by(|a, b| {
        let first = rank(a).cmp(&rank(b)).then(weight(b).total_cmp(&weight(a)));
        first.then(a.said_at.cmp(&b.said_at)).then(a.id.cmp(&b.id))
    });
    if evidence.len() > MAX_EVIDENCE {
        let (mut of_side, mut kept) = (HashMap::new(), Vec::with_capacity(MAX_EVIDENCE));
        let mut rest = Vec::new();
        for one in evidence {
            let count: &mut usize = of_side.entry(one.stance).or_default();
            *count += 1;
            if *count <= MAX_EVIDENCE / 2 { kept.push(one) } else { rest.push(one) }
        }
        kept.extend(rest);
        kept.truncate(MAX_EVIDENCE);
        evidence = kept;
    }
    evidence
}
