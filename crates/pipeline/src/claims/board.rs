//! The claims that a batch may join, and what the batch does to them.

use std::collections::{BTreeSet, HashMap, HashSet};

use crisislens_analysis::claims::keys::keys;
use crisislens_analysis::claims::same::{Sameness, Statement, same};
use crisislens_analysis::claims::{ClaimDraft, MAX_CLAIMS, Statements};
use crisislens_analysis::world::World;
use crisislens_model::claim::{MAX_ITEMS, Standing};
use crisislens_model::{
    Claim, ClaimId, ClaimStatus, ClaimTopic, IncidentId, Item, ItemId, RiskLevel, SourceKind, Verdict,
};

use crate::desk::SET_BY_PERSON;

/// Most claims that one is compared with: the work for a sentence is bounded, whatever others have said.
pub(super) const MAX_COMPARED: usize = 128;
/// Most claims that are named as contradicting one.
pub(super) const MAX_CONTRADICTIONS: usize = 20;
/// What is thought of a claim before anybody has looked.
const UNKNOWN: f64 = 0.5;

pub(super) struct Board {
    min_checkworthiness: f64,
    claims: Vec<Claim>,
    index: HashMap<ClaimId, usize>,
    under: HashMap<u64, Vec<usize>>,
    /// Those that this batch has made.
    made: HashSet<usize>,
    /// Those that it has changed.
    touched: BTreeSet<usize>,
    /// Those of which what they are found by has changed.
    moved: HashSet<usize>,
    /// What each item states, in the order in which they came.
    stated: Vec<(ItemId, Vec<ClaimId>)>,
}

impl Board {
    pub(super) fn new(min_checkworthiness: f64) -> Self {
        Self {
            min_checkworthiness,
            claims: Vec::new(),
            index: HashMap::new(),
            under: HashMap::new(),
            made: HashSet::new(),
            touched: BTreeSet::new(),
            moved: HashSet::new(),
            stated: Vec::new(),
        }
    }

    /// What `item`'s claims are looked for under.
    pub(super) fn keys(&self, item: &Item, stated: &Statements, incident: Option<IncidentId>) -> Vec<u64> {
        self.drafts(item, stated)
            .flat_map(|(_, draft)| {
                keys(&draft.statement(item.timestamp, incident, World::of(item.exercise, item.exercise_id)))
            })
            .collect()
    }

    /// The drafts that are claims, with their numbers. A published check is about a claim and makes none of its own.
    fn drafts<'a>(
        &self,
        item: &Item,
        stated: &'a Statements,
    ) -> impl Iterator<Item = (u64, &'a ClaimDraft)> + use<'a> {
        let source = item.stated.as_ref();
        let is_silent = source.is_some_and(|stated| stated.withdrawn || stated.claim_review.is_some());
        let concerns = item.hazard.kind.is_some() || item.source_kind == SourceKind::Official;
        let least = self.min_checkworthiness;
        (0..).zip(&stated.claims).filter(move |(_, draft)| {
            // What can be compared part by part is a claim however it is worded.
            let is_typed = draft.topic != ClaimTopic::Other;
            let is_worth = is_typed || draft.checkworthiness >= least;
            !is_silent && concerns && is_worth && !draft.text.trim().is_empty()
        })
    }

    pub(super) fn has(&self, claim: ClaimId) -> bool {
        self.index.contains_key(&claim)
    }

    /// Puts claims from the store on the board.
    pub(super) fn add(&mut self, claims: Vec<Claim>) {
        for claim in claims {
            if !self.has(claim.id) {
                self.put(claim);
            }
        }
    }

    fn put(&mut self, claim: Claim) -> usize {
        let at = self.claims.len();
        for key in keys(&Statement::from(&claim)) {
            self.under.entry(key).or_default().push(at);
        }
        self.index.insert(claim.id, at);
        self.claims.push(claim);
        at
    }

    /// Finds or makes the claims of `item`.
    pub(super) fn hear(&mut self, item: &Item, stated: &Statements, incident: Option<IncidentId>) {
        let mut of_item: Vec<ClaimId> = Vec::new();
        for (number, draft) in self.drafts(item, stated) {
            let statement =
                draft.statement(item.timestamp, incident, World::of(item.exercise, item.exercise_id));
            let mut joined: Option<usize> = None;
            let mut against: Vec<usize> = Vec::new();
            for at in self.compared_with(&statement) {
                match same(&statement, &Statement::from(&self.claims[at])).0 {
                    Sameness::Same if joined.is_none() => joined = Some(at),
                    Sameness::Contradicts => against.push(at),
                    _ => {}
                }
            }
            let at = joined.unwrap_or_else(|| {
                let number = item.revision.saturating_mul(MAX_CLAIMS as u64).saturating_add(number);
                let claim = claim_of(item, draft, incident, number);
                // A record that is applied again finds what it has made.
                let known = self.index.get(&claim.id).copied();
                known.unwrap_or_else(|| {
                    let at = self.put(claim);
                    self.made.insert(at);
                    self.touched.insert(at);
                    at
                })
            });
            for other in against {
                self.contradict(at, other);
            }
            let claim = &mut self.claims[at];
            claim.checkworthiness = claim.checkworthiness.max(draft.checkworthiness);
            if draft.harm_potential > claim.harm_potential && claim.harm_why != SET_BY_PERSON {
                claim.harm_potential = draft.harm_potential;
                claim.harm_why.clone_from(&draft.harm_why);
            }
            if !of_item.contains(&claim.id) {
                of_item.push(claim.id);
            }
        }
        self.stated.retain(|(id, _)| *id != item.id);
        self.stated.push((item.id, of_item));
    }

    /// The claims that share a key with the statement, the oldest first.
    fn compared_with(&self, statement: &Statement<'_>) -> Vec<usize> {
        let mut found: Vec<usize> =
            keys(statement).iter().filter_map(|key| self.under.get(key)).flatten().copied().collect();
        found.sort_unstable_by_key(|at| (self.claims[*at].first_said, self.claims[*at].id));
        found.dedup();
        found.truncate(MAX_COMPARED);
        found
    }

    fn contradict(&mut self, one: usize, other: usize) {
        if one == other {
            return;
        }
        for (at, against) in [(one, other), (other, one)] {
            let against = self.claims[against].id;
            let claim = &mut self.claims[at];
            if claim.contradicts.len() < MAX_CONTRADICTIONS && !claim.contradicts.contains(&against) {
                claim.contradicts.push(against);
                self.touched.insert(at);
            }
        }
    }

    /// What each item of the batch states.
    pub(super) fn stated(&self) -> Vec<(ItemId, Vec<ClaimId>)> {
        self.stated.clone()
    }

    /// Counts the items that make a claim, and those that do not any more, by what they stated before.
    pub(super) fn count(
        &mut self,
        stated: &[(ItemId, Vec<ClaimId>)],
        before: &HashMap<ItemId, Vec<ClaimId>>,
        items: &HashMap<ItemId, &Item>,
    ) {
        let none = Vec::new();
        for (id, now) in stated {
            let before = before.get(id).unwrap_or(&none);
            let Some(item) = items.get(id) else { continue };
            for claim in now {
                let Some(at) = self.index.get(claim).copied() else { continue };
                if before.contains(claim) {
                    // It says so in other words: its voice may have changed.
                    if item.revision > 1 {
                        self.touched.insert(at);
                    }
                    continue;
                }
                self.enter(at, item);
            }
            for claim in before.iter().filter(|claim| !now.contains(claim)) {
                if let Some(at) = self.index.get(claim).copied() {
                    self.leave(at, *id);
                }
            }
        }
    }

    fn enter(&mut self, at: usize, item: &Item) {
        let claim = &mut self.claims[at];
        if !claim.item_ids.contains(&item.id) && claim.item_ids.len() < MAX_ITEMS {
            claim.item_ids.push(item.id);
        }
        claim.item_count += 1;
        if item.timestamp < claim.first_said {
            claim.first_said = item.timestamp;
            self.moved.insert(at);
        }
        claim.last_said = claim.last_said.max(item.timestamp);
        if claim.status == ClaimStatus::Discarded && claim.decided_by.is_none() {
            // Nobody said it any more, and now somebody does.
            claim.status = ClaimStatus::New;
            claim.reason.clear();
        }
        self.touched.insert(at);
    }

    fn leave(&mut self, at: usize, item: ItemId) {
        let claim = &mut self.claims[at];
        claim.item_ids.retain(|id| *id != item);
        claim.item_count = claim.item_count.saturating_sub(1);
        // What waits for a person waits until one has said something.
        let is_untouched = matches!(claim.status, ClaimStatus::New | ClaimStatus::Processing);
        if claim.item_count == 0 && is_untouched && claim.decided_by.is_none() {
            claim.status = ClaimStatus::Discarded;
            "Nobody says it any more.".clone_into(&mut claim.reason);
        }
        self.touched.insert(at);
    }

    /// Puts claims into the incident where the first of their items is by now; those without one into that which any has joined.
    /// Answers those that people have put from one incident into another.
    pub(super) fn place_in_incidents(
        &mut self,
        late: &[ItemId],
        incidents: &HashMap<ItemId, IncidentId>,
    ) -> Vec<ClaimId> {
        let mut placed = Vec::new();
        let late: HashSet<&ItemId> = late.iter().collect();
        for at in 0..self.claims.len() {
            let claim = &mut self.claims[at];
            let is_new = self.made.contains(&at);
            let mut joined = claim.item_ids.iter().filter(|item| is_new || late.contains(item));
            let item = match claim.incident_id {
                None => joined.find(|item| incidents.contains_key(item)),
                // People merge incidents and split them.
                Some(_) => joined.find(|item| claim.item_ids.first() == Some(item)),
            };
            let incident = item.and_then(|item| incidents.get(item)).copied();
            if incident.is_some() && incident != claim.incident_id {
                if claim.incident_id.is_some() && !is_new {
                    placed.push(claim.id);
                }
                claim.incident_id = incident;
                self.moved.insert(at);
                self.touched.insert(at);
                // It is found by that, too.
                for key in keys(&Statement::from(&*claim)) {
                    let under = self.under.entry(key).or_default();
                    if !under.contains(&at) {
                        under.push(at);
                    }
                }
            }
        }
        placed
    }

    /// What a claim is found under as it is now; nothing where it is not on the board.
    pub(super) fn keys_of(&self, id: ClaimId) -> Vec<u64> {
        self.get(id).map(|claim| keys(&Statement::from(claim))).unwrap_or_default()
    }

    pub(super) fn get(&self, id: ClaimId) -> Option<&Claim> {
        self.index.get(&id).and_then(|at| self.claims.get(*at))
    }

    /// A claim that is written when all is done, under what it is found by then.
    pub(super) fn change(&mut self, id: ClaimId) -> Option<&mut Claim> {
        let at = self.index.get(&id).copied()?;
        self.touched.insert(at);
        self.moved.insert(at);
        self.claims.get_mut(at)
    }

    /// Puts a claim in the place of what it was, found by other keys from now on.
    pub(super) fn replace(&mut self, claim: Claim) {
        let Some(at) = self.index.get(&claim.id).copied() else { return };
        if let Some(known) = self.claims.get_mut(at) {
            *known = claim;
        }
        self.under.values_mut().for_each(|under| under.retain(|other| *other != at));
        self.touched.insert(at);
        self.moved.insert(at);
    }

    /// Those of the same incident that say the same as a claim, the oldest first.
    pub(super) fn equal_to(&self, id: ClaimId) -> Vec<ClaimId> {
        let Some(claim) = self.get(id) else { return Vec::new() };
        let statement = Statement::from(claim);
        self.compared_with(&statement)
            .into_iter()
            .filter_map(|at| self.claims.get(at))
            .filter(|other| other.id != id && other.incident_id == claim.incident_id)
            .filter(|other| same(&statement, &Statement::from(*other)).0 == Sameness::Same)
            .map(|other| other.id)
            .collect()
    }

    /// The claims to be written: those with the keys that they are found under from now on, and those that keep theirs.
    pub(super) fn into_changes(self) -> (Vec<(Claim, Vec<u64>)>, Vec<Claim>) {
        let (mut found_anew, mut changed) = (Vec::new(), Vec::new());
        let made = self.made.iter().filter_map(|at| self.claims.get(*at));
        let taken_back: HashSet<ClaimId> =
            made.filter(|claim| claim.item_count == 0).map(|claim| claim.id).collect();
        for (at, mut claim) in self.claims.into_iter().enumerate() {
            if !self.touched.contains(&at) {
                continue;
            }
            let is_new = self.made.contains(&at);
            // A batch may make a claim and take it back.
            if is_new && claim.item_count == 0 {
                continue;
            }
            claim.contradicts.retain(|other| !taken_back.contains(other));
            claim.risk_score =
                Claim::risk(claim.harm_potential, claim.veracity_likelihood, claim.checkworthiness);
            claim.risk_level = RiskLevel::of(claim.risk_score);
            if !is_new {
                claim.version += 1;
            }
            if is_new || self.moved.contains(&at) {
                // What another stands for is found no more.
                let is_gone = claim.joined_into.is_some();
                let keys = if is_gone { Vec::new() } else { keys(&Statement::from(&claim)) };
                found_anew.push((claim, keys));
            } else {
                changed.push(claim);
            }
        }
        (found_anew, changed)
    }
}

/// The claim that `item` is the first to make; nobody is counted yet.
fn claim_of(item: &Item, draft: &ClaimDraft, incident: Option<IncidentId>, number: u64) -> Claim {
    let risk_score = Claim::risk(draft.harm_potential, UNKNOWN, draft.checkworthiness);
    Claim {
        id: Claim::id_of(item.id, number),
        text: draft.text.clone(),
        language: draft.language.clone(),
        normalized_item_id: item.id,
        incident_id: incident,
        hazard: item.hazard.kind,
        topic: draft.topic,
        slots: draft.slots.clone(),
        checkworthiness: draft.checkworthiness,
        veracity_likelihood: UNKNOWN,
        standing: Standing::Unconfirmed,
        likelihood_parts: Vec::new(),
        supporting_groups: 0,
        refuting_groups: 0,
        harm_potential: draft.harm_potential,
        harm_why: draft.harm_why.clone(),
        risk_score,
        risk_level: RiskLevel::of(risk_score),
        evidence: Vec::new(),
        contradicts: Vec::new(),
        item_ids: Vec::new(),
        item_count: 0,
        first_said: item.timestamp,
        last_said: item.timestamp,
        status: ClaimStatus::New,
        verdict: Verdict::None,
        reason: String::new(),
        decided_by: None,
        approved_by: None,
        notes: String::new(),
        was_high_risk: false,
        joined_into: None,
        exercise: item.exercise,
        exercise_id: item.exercise_id,
        version: 1,
    }
}
