//! Items whose place has a namesake, in another country or far off in its own: what goes on there decides which of the two is meant.
//!
//! An item's candidate incidents are known only once it is analysed, so such items, and no others, are looked at twice: first the
//! incidents are read that an item would join in each of the places, then its place is chosen again with what these say of the
//! countries. No text is read for that: what the choice is made of was kept when it was analysed. An item that is in an incident already is said
//! of where that one is. Not so what people have put right: a revision of it is read again where others wait to write ([`crate::normalise`]),
//! because what holds of it is known only there.

use std::collections::{BTreeSet, HashMap};

use crisislens_analysis::CountryPrior;
use crisislens_analysis::incident::{country_prior, home_prior, keys};
use crisislens_model::{Incident, IncidentId, ItemId};
use crisislens_state::items::KnownItem;
use crisislens_state::{StateError, Tx};

use crate::normalise::{Analysed, Unclear};

/// What goes on where the items of a batch may be.
pub(crate) struct Namesakes(Vec<Incident>);

impl Namesakes {
    pub(crate) async fn read(
        tx: &mut dyn Tx,
        work: &[Analysed],
        known: &HashMap<ItemId, KnownItem>,
    ) -> Result<Self, StateError> {
        let mut asked: BTreeSet<u64> = BTreeSet::new();
        let mut homes: BTreeSet<IncidentId> = BTreeSet::new();
        for one in work {
            let before = known.get(&one.raw.id);
            let Some(unclear) = unclear(one, before) else { continue };
            if let Some(home) = before.and_then(|before| before.incident_id) {
                homes.insert(home);
                continue;
            }
            let mut item = unclear.outline.clone();
            for place in &unclear.places {
                item.location = Some(place.clone());
                asked.extend(keys::of_item(&item));
            }
        }
        if asked.is_empty() && homes.is_empty() {
            return Ok(Self(Vec::new()));
        }
        let (asked, homes): (Vec<u64>, Vec<IncidentId>) =
            (asked.into_iter().collect(), homes.into_iter().collect());
        Ok(Self(tx.glance_at_incidents(&asked, &homes).await?))
    }

    /// What is known of the country of `one`; nothing where its place is clear.
    pub(crate) fn prior(&self, one: &Analysed, before: Option<&KnownItem>) -> CountryPrior {
        let Some(unclear) = unclear(one, before).filter(|_| !self.0.is_empty()) else {
            return CountryPrior::default();
        };
        if let Some(home) = before.and_then(|before| before.incident_id) {
            let home = self.0.iter().find(|incident| incident.id == home);
            return home.map(|home| home_prior(home, &unclear.places)).unwrap_or_default();
        }
        country_prior(&unclear.outline, &unclear.places, &self.0)
    }
}

/// What the choice is made of where it matters which of several places is meant: nothing is looked up for what speaks of no hazard and is
/// in no incident, where people may have put it.
fn unclear<'a>(one: &'a Analysed, before: Option<&KnownItem>) -> Option<&'a Unclear> {
    let has_home = before.is_some_and(|before| before.incident_id.is_some());
    let matters = has_home || one.analysis.hazard.kind.is_some();
    one.unclear.as_deref().filter(|_| matters)
}
