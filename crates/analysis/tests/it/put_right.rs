//! Who has put items of an incident right: remembered of all that were in it, and bounded.

use crisislens_analysis::incident;
use crisislens_model::incident::MAX_CORRECTORS;
use crisislens_model::{Incident, IncidentId, Item, ItemCorrection, PutRight, Timestamp, UserId};
use uuid::Uuid;

use crate::make::{item, post};

fn by(person: u128, second: i64) -> Item {
    let corrected = PutRight {
        to: ItemCorrection::default(),
        by: UserId(Uuid::from_u128(person)),
        at: Timestamp::from_second(second).unwrap_or_default(),
    };
    Item { corrected: Some(corrected), ..item(post(&format!("Flood in Porto, {person} {second}"))) }
}

fn people(incident: &Incident) -> Vec<(u128, i64)> {
    incident.put_right.iter().map(|one| (one.by.0.as_u128(), one.at.as_second())).collect()
}

#[test]
fn who_put_items_right_is_remembered_by_their_last_correction() {
    let mut incident = incident::open(&by(1, 10));
    incident::join(&mut incident, &item(post("Flood in Porto")));
    incident::join(&mut incident, &by(2, 5));
    incident::join(&mut incident, &by(1, 3));
    assert_eq!(people(&incident), [(2, 5), (1, 10)]);
    let mut other = incident::open(&by(3, 7));
    incident::merge(&mut incident, &mut other);
    assert_eq!(people(&incident), [(2, 5), (3, 7), (1, 10)]);
    // What is split off has its own; what is left was another's work, too.
    let parted = incident::split(&mut incident, IncidentId(Uuid::from_u128(1)), &[by(3, 7)], None).unwrap();
    assert_eq!(people(&parted), [(3, 7)]);
    incident::renew(&mut incident, Some(incident::open(&by(4, 1))));
    assert_eq!(people(&incident), [(4, 1), (2, 5), (3, 7), (1, 10)]);
    incident::renew(&mut incident, None);
    assert_eq!(people(&incident).len(), 4);
}

#[test]
fn of_many_people_the_last_are_remembered() {
    let mut incident = incident::open(&by(0, 0));
    for n in (1..100_u32).rev() {
        incident::join(&mut incident, &by(n.into(), n.into()));
    }
    let last: Vec<(u128, i64)> = (80..100_u32).map(|n| (n.into(), n.into())).collect();
    assert_eq!((people(&incident), last.len()), (last.clone(), MAX_CORRECTORS));
}
