//! One scripted crisis: who speaks, what is true, who says what when, and what the desk decides. All from a seed.

use crisislens_analysis::reliability::{Adjudication, COPY_WEIGHT, OWN_WEIGHT};
use crisislens_model::claim::EvidenceKind;
use crisislens_model::{Claim, ClaimId, ItemId, SourceKind, Timestamp};

use super::dice::Dice;
use super::family::Family;

/// Accounts of a ring.
pub const RING: usize = 50;
/// Authorities.
const AUTHORITIES: usize = 3;
/// How often a sleeper speaks on a claim that suits it.
const SLEEPERS_SPEAK: f64 = 0.05;
/// Kinds of claims, for experts.
const SUBJECTS: usize = 4;
/// How long a claim is watched: it is asked about at a random time of these.
const WATCHED_DAYS: f64 = 5.0;
/// When the crisis begins.
const START_SECONDS: f64 = 1_700_000_000.0;

/// Who speaks.
#[derive(Debug, Clone)]
pub struct Source {
    /// What sort of voice.
    pub kind: SourceKind,
    /// What was decided of it, by time.
    pub record: Vec<Adjudication>,
    owner: Option<usize>,
    quality: f64,
    sleeper: bool,
    strong: usize,
    drifts: bool,
}

/// Somebody's word on a claim, as the desk sees it.
#[derive(Debug, Clone)]
pub struct Voice {
    /// Its place among the sources.
    pub source: usize,
    /// What sort of evidence.
    pub kind: EvidenceKind,
    /// Day on which it was said.
    pub day: f64,
    /// Whether it is read as speaking for the claim.
    pub supports: bool,
    /// How sure the reading is.
    pub certainty: f64,
    /// Voices with one number are known to be one group.
    pub group: usize,
    /// Whether it repeats another's.
    pub copy: bool,
}

/// A claim with all that is ever said of it.
#[derive(Debug, Clone)]
pub struct Scripted {
    /// Whether it is true.
    pub truth: bool,
    /// Day on which its likelihood is asked for.
    pub asked: f64,
    /// Whether it is hedged.
    pub hedged: bool,
    /// Days on which an independent group took up a claim that contradicts it.
    pub rivals: Vec<f64>,
    /// Everybody's word, the first first.
    pub voices: Vec<Voice>,
    /// Its id.
    pub id: ClaimId,
    day: f64,
    subject: usize,
    hard: bool,
    matters: bool,
}

/// The whole crisis.
#[derive(Debug)]
pub struct World {
    /// Who speaks in it.
    pub sources: Vec<Source>,
    /// What is said in it.
    pub claims: Vec<Scripted>,
    family: Family,
    dice: Dice,
}

/// The instant of a day of the crisis.
#[must_use]
pub fn instant(day: f64) -> Timestamp {
    let micros = ((START_SECONDS + day * 86_400.0) * 1e6) as i64;
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH)
}

impl World {
    /// The crisis of `family` that `seed` gives.
    #[must_use]
    pub fn new(family: Family, seed: u64) -> Self {
        let mut world = Self { sources: Vec::new(), claims: Vec::new(), family, dice: Dice::new(seed) };
        world.cast();
        for number in 0..family.claims {
            let claim = world.script(seed, number);
            world.claims.push(claim);
        }
        world.decide();
        world
    }

    /// The sources: authorities, newsrooms, accounts, the ring and a fact checker, in this order.
    fn cast(&mut self) {
        let family = self.family;
        for _ in 0..AUTHORITIES {
            self.source(SourceKind::Official, family.official_quality);
        }
        for _ in 0..family.newsrooms {
            let quality = self.dice.between(family.newsroom_quality.0, family.newsroom_quality.1);
            self.source(SourceKind::Media, quality);
        }
        for _ in 0..family.accounts {
            let quality = self.dice.between(family.account_quality.0, family.account_quality.1);
            self.source(SourceKind::Social, quality);
        }
        for _ in 0..RING {
            self.source(SourceKind::Social, 0.2);
        }
        self.source(SourceKind::Media, 0.95);
    }

    fn source(&mut self, kind: SourceKind, quality: f64) {
        let family = self.family;
        let owner = self.dice.chance(family.owned).then(|| self.dice.below(6));
        let owner = owner.filter(|_| kind != SourceKind::Official);
        let sleeper = kind == SourceKind::Social && self.dice.chance(family.sleepers);
        let strong = self.dice.below(SUBJECTS);
        let drifts = kind != SourceKind::Official && self.dice.chance(0.5);
        self.sources.push(Source { kind, record: Vec::new(), owner, quality, sleeper, strong, drifts });
    }

    fn script(&mut self, seed: u64, number: usize) -> Scripted {
        let family = self.family;
        let truth = self.dice.chance(family.truth);
        let day = self.dice.between(0.0, family.days);
        let hedged = self.dice.chance(if truth { family.hedged.0 } else { family.hedged.1 });
        let asked = day + self.dice.between(0.1, WATCHED_DAYS);
        let item = ItemId::of("scripted crisis", &seed.to_string());
        let mut claim = Scripted {
            truth,
            asked,
            hedged,
            rivals: Vec::new(),
            voices: Vec::new(),
            id: Claim::id_of(item, number as u64),
            day,
            subject: self.dice.below(SUBJECTS),
            hard: self.dice.chance(family.common_cause),
            matters: self.dice.chance(0.3),
        };
        self.first_hand(&mut claim);
        self.sleepers(&mut claim);
        self.ring(&mut claim);
        self.copies(&mut claim);
        self.authority(&mut claim);
        self.checks(&mut claim);
        self.rivals(&mut claim);
        claim.voices.sort_by(|a, b| a.day.total_cmp(&b.day));
        claim
    }

    /// Those who saw or asked for themselves.
    fn first_hand(&mut self, claim: &mut Scripted) {
        let people = self.family.newsrooms + self.family.accounts;
        let mut turns: Vec<f64> = (0..1 + self.dice.count(self.family.voices * 2.0))
            .map(|_| claim.day + self.dice.wait(0.7))
            .collect();
        turns.sort_by(f64::total_cmp);
        for day in turns {
            let mut source = AUTHORITIES + self.dice.below(people);
            let mut believes = self.dice.chance(self.quality(source, claim)) == claim.truth;
            // A claim is there because somebody makes it: its first voice is one that believes it.
            while claim.voices.is_empty() && (!believes || self.sources[source].sleeper) {
                source = AUTHORITIES + self.dice.below(people);
                believes = self.dice.chance(self.quality(source, claim)) == claim.truth;
            }
            if claim.voices.iter().any(|voice| voice.source == source) || self.sources[source].sleeper {
                continue;
            }
            if self.dice.chance(self.family.cascade) {
                let pro = claim.voices.iter().filter(|voice| voice.supports).count() * 2;
                believes = if pro == claim.voices.len() { believes } else { pro > claim.voices.len() };
            }
            // Most people who do not believe a thing say nothing.
            if believes || self.dice.chance(self.family.denial) {
                let group = self.group(source);
                self.say(claim, source, day, believes, group);
            }
        }
    }

    /// How often `source` is right about such a claim.
    fn quality(&self, source: usize, claim: &Scripted) -> f64 {
        let known = &self.sources[source];
        let mut quality = known.quality;
        if self.family.experts {
            quality += if known.strong == claim.subject { 0.15 } else { -0.08 };
        }
        if self.family.drift && known.drifts && claim.day > self.family.days / 2.0 {
            quality = 1.25 - quality;
        }
        if claim.hard {
            quality *= 0.6;
        }
        quality.clamp(0.02, 0.98)
    }

    /// Accounts that tell the truth until the last third, and then push what is false and matters.
    fn sleepers(&mut self, claim: &mut Scripted) {
        let late = claim.day > self.family.days * 2.0 / 3.0;
        for source in 0..self.sources.len() {
            if !self.sources[source].sleeper || !self.dice.chance(SLEEPERS_SPEAK) {
                continue;
            }
            let pushes = late && claim.matters && !claim.truth;
            if claim.truth || pushes {
                let day = claim.day + self.dice.wait(0.7);
                let group = self.group(source);
                self.say(claim, source, day, true, group);
            }
        }
    }

    /// Fifty accounts with one text: copies of the first voice for the claim, or a text of their own.
    fn ring(&mut self, claim: &mut Scripted) {
        if claim.truth || !self.dice.chance(self.family.ring) {
            return;
        }
        let first = AUTHORITIES + self.family.newsrooms + self.family.accounts;
        let origin = claim.voices.iter().find(|voice| voice.supports).map(|voice| (voice.group, voice.day));
        let (group, day) = origin.unwrap_or((first, claim.day));
        for source in first..first + RING {
            let day = day + self.dice.between(0.01, 1.0);
            self.repeat(claim, source, day, true, group);
        }
    }

    fn copies(&mut self, claim: &mut Scripted) {
        let first = AUTHORITIES + self.family.newsrooms;
        for at in 0..claim.voices.len() {
            if claim.voices[at].copy {
                continue;
            }
            for _ in 0..self.dice.count(self.family.copies) {
                let source = first + self.dice.below(self.family.accounts);
                let (supports, group) = (claim.voices[at].supports, claim.voices[at].group);
                let day = claim.voices[at].day + self.dice.wait(0.5);
                let known = self.dice.chance(self.family.copy_known);
                let group = if known { group } else { 10_000 + claim.voices.len() };
                self.repeat(claim, source, day, supports, group);
            }
        }
    }

    fn authority(&mut self, claim: &mut Scripted) {
        if !self.dice.chance(self.family.official) {
            return;
        }
        let source = self.dice.below(AUTHORITIES);
        let quality = self.family.official_quality * if claim.hard { 0.85 } else { 1.0 };
        let right = self.dice.chance(quality);
        let day = claim.day + self.dice.wait(self.family.official_delay);
        self.say(claim, source, day, right == claim.truth, source);
        if !right && self.dice.chance(self.family.correction) {
            let day = day + 0.5 + self.dice.wait(1.5);
            self.say(claim, source, day, claim.truth, source);
        }
    }

    /// A published check, and what the desk finds out itself.
    fn checks(&mut self, claim: &mut Scripted) {
        let checker = self.sources.len() - 1;
        let wanted =
            [(EvidenceKind::FactCheck, self.family.fact_check), (EvidenceKind::Manual, self.family.desk)];
        for (kind, chance) in wanted {
            if self.dice.chance(chance) {
                let supports = self.dice.chance(0.95) == claim.truth;
                let day = claim.day + 0.5 + self.dice.wait(2.0);
                let group = 20_000 + claim.voices.len();
                let certainty = self.dice.between(0.5, 1.0);
                let copy = false;
                claim.voices.push(Voice { source: checker, kind, day, supports, certainty, group, copy });
            }
        }
    }

    fn rivals(&mut self, claim: &mut Scripted) {
        if self.dice.chance(self.family.rival) {
            // A true claim's rival is false, and finds fewer who take it up.
            let mean = if claim.truth { 1.0 } else { 2.5 };
            for _ in 0..self.dice.count(mean) {
                claim.rivals.push(claim.day + self.dice.wait(1.0));
            }
        }
    }

    /// Sources of one owner are one group.
    fn group(&self, source: usize) -> usize {
        self.sources[source].owner.map_or(source, |owner| 30_000 + owner)
    }

    fn say(&mut self, claim: &mut Scripted, source: usize, day: f64, supports: bool, group: usize) {
        let read = if self.dice.chance(self.family.stance_error) { !supports } else { supports };
        let certainty = self.dice.between(0.5, 1.0);
        let kind = EvidenceKind::of(self.sources[source].kind);
        claim.voices.push(Voice { source, kind, day, supports: read, certainty, group, copy: false });
    }

    fn repeat(&mut self, claim: &mut Scripted, source: usize, day: f64, supports: bool, group: usize) {
        let certainty = self.dice.between(0.5, 1.0);
        let kind = EvidenceKind::Report;
        claim.voices.push(Voice { source, kind, day, supports, certainty, group, copy: true });
    }

    /// The desk's verdicts, and what they say of the sources that had spoken by then.
    fn decide(&mut self) {
        for at in 0..self.claims.len() {
            if !self.dice.chance(self.family.verdicts) {
                continue;
            }
            let claim = &self.claims[at];
            let day = claim.day + 0.2 + self.dice.wait(self.family.verdict_delay);
            let holds = claim.truth != self.dice.chance(self.family.verdict_error);
            for voice in claim.voices.iter().filter(|voice| voice.day <= day) {
                if matches!(voice.kind, EvidenceKind::FactCheck | EvidenceKind::Manual) {
                    continue;
                }
                self.sources[voice.source].record.push(Adjudication {
                    source: voice.source.to_string(),
                    claim_id: claim.id,
                    right: voice.supports == holds,
                    at: instant(day),
                    weight: if voice.copy { COPY_WEIGHT } else { OWN_WEIGHT },
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::family::held_out;
    use super::*;

    fn world(kind: usize, seed: u64) -> World {
        World::new(held_out(&mut Dice::new(seed))[kind].1, seed)
    }

    #[test]
    fn a_seed_gives_one_crisis() {
        let said = |world: &World| -> Vec<(bool, usize, f64)> {
            world.claims.iter().map(|claim| (claim.truth, claim.voices.len(), claim.asked)).collect()
        };
        assert_eq!(said(&world(1, 7)), said(&world(1, 7)));
        assert_ne!(said(&world(1, 7)), said(&world(1, 8)));
    }

    #[test]
    fn a_claim_begins_with_somebody_who_makes_it_and_a_ring_pushes_only_what_is_false() {
        let hostile = world(4, 3);
        let first = AUTHORITIES + hostile.family.newsrooms + hostile.family.accounts;
        let pushed = |claim: &&Scripted| {
            claim.voices.iter().filter(|voice| (first..first + RING).contains(&voice.source)).count() == RING
        };
        let rings =
            |truth: bool| hostile.claims.iter().filter(|claim| claim.truth == truth).filter(pushed).count();
        assert!(rings(false) > 50 && rings(true) == 0, "{} {}", rings(false), rings(true));
        let made =
            hostile.claims.iter().filter(|claim| claim.voices.iter().any(|voice| voice.supports)).count();
        // A stance may be read the wrong way round.
        assert!(made * 20 > hostile.claims.len() * 19, "{made}");
    }

    #[test]
    fn verdicts_come_after_what_was_said_and_reach_those_who_said_it() {
        let crisis = world(0, 5);
        let judged: usize = crisis.sources.iter().map(|source| source.record.len()).sum();
        assert!(judged > 500, "{judged}");
        let start = instant(0.0);
        assert!(crisis.sources.iter().flat_map(|source| &source.record).all(|one| one.at > start));
    }
}
