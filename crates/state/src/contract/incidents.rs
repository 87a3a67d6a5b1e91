//! Incidents and alerts.

use crisislens_model::{Alert, HazardType, Incident, IncidentId, IncidentStatus};

use super::{Engine, all_pages, begin, sample};
use crate::Store;

async fn put(store: &dyn Store, incidents: &[Incident]) {
    let mut tx = begin(store).await;
    tx.put_incidents(incidents).await.unwrap();
    tx.commit().await.unwrap();
}

fn ids(incidents: &[Incident]) -> Vec<IncidentId> {
    incidents.iter().map(|incident| incident.id).collect()
}

/// Incidents come last seen first, page by page, by status and hazard; writing one again leaves one.
pub async fn incidents_are_paged_and_filtered(engine: &dyn Engine) {
    let store = engine.open().await;
    let status =
        |n: u64| [IncidentStatus::Open, IncidentStatus::Monitoring, IncidentStatus::Closed][n as usize % 3];
    // Two to a second, so that the id decides between them.
    let mut incidents: Vec<Incident> = (0..30)
        .map(|n| Incident { status: status(n / 3), last_seen: sample::at(n / 2), ..sample::incident(n) })
        .collect();
    put(&*store, &incidents).await;
    incidents[5].title = "Renamed".to_owned();
    incidents[5].last_seen = sample::at(99);
    incidents[5].version = 2;
    put(&*store, &incidents[5..6]).await;
    assert_eq!(store.incident(incidents[5].id).await.unwrap().as_ref(), Some(&incidents[5]));
    assert_eq!(store.incident(sample::incident(99).id).await.unwrap(), None);

    incidents.sort_by_key(|incident| std::cmp::Reverse((incident.last_seen, incident.id)));
    for status in [None, Some(IncidentStatus::Open), Some(IncidentStatus::Closed)] {
        for hazard in [None, Some(HazardType::Flood), Some(HazardType::Volcano)] {
            let wanted: Vec<Incident> = incidents
                .iter()
                .filter(|incident| status.is_none_or(|status| incident.status == status))
                .filter(|incident| hazard.is_none_or(|hazard| incident.hazard == hazard))
                .cloned()
                .collect();
            let pages = all_pages(4, wanted.len() as u64, async |after| {
                store.list_incidents(status, hazard, 4, after).await.unwrap()
            });
            assert_eq!(ids(&pages.await), ids(&wanted), "{status:?} {hazard:?}");
        }
    }
}

/// A worker sees the incidents that are not closed, reach into its time, and are of the hazards asked for.
pub async fn open_incidents_are_those_that_an_item_may_join(engine: &dyn Engine) {
    let store = engine.open().await;
    let closed = Incident { status: IncidentStatus::Closed, ..sample::incident(7) };
    let watched = Incident { status: IncidentStatus::Monitoring, ..sample::incident(10) };
    put(&*store, &[sample::incident(1), sample::incident(4), sample::incident(5), closed, watched]).await;
    let mut tx = begin(&*store).await;
    let flood = sample::incident(1).hazard;
    let found = tx.open_incidents(&[flood], sample::at(4)).await.unwrap();
    assert_eq!(ids(&found), [sample::incident(10).id, sample::incident(4).id]);
    tx.put_incidents(&[sample::incident(13)]).await.unwrap();
    assert_eq!(tx.open_incidents(&[flood], sample::at(11)).await.unwrap(), [sample::incident(13)]);
    assert_eq!(tx.open_incidents(HazardType::ALL, sample::at(0)).await.unwrap().len(), 5);
}

/// An alert's newest revision stands for it; every revision stays readable.
pub async fn alerts_keep_their_revisions(engine: &dyn Engine) {
    let store = engine.open().await;
    let mut tx = begin(&*store).await;
    assert_eq!(tx.alert_of(sample::incident(1).id).await.unwrap(), None);
    for (n, revision) in [(1, 1), (2, 1), (1, 2), (3, 1), (1, 3)] {
        tx.put_alert(&sample::alert(n, revision)).await.unwrap();
    }
    assert_eq!(tx.alert_of(sample::incident(1).id).await.unwrap(), Some(sample::alert(1, 3)));
    tx.commit().await.unwrap();

    let id = sample::alert(1, 1).id;
    assert_eq!(store.alert(id).await.unwrap(), Some(sample::alert(1, 3)));
    let revisions = store.alert_revisions(id).await.unwrap();
    assert_eq!(revisions, [sample::alert(1, 1), sample::alert(1, 2), sample::alert(1, 3)]);
    let mut expected = [sample::alert(1, 3), sample::alert(2, 1), sample::alert(3, 1)];
    expected.sort_by_key(|alert: &Alert| std::cmp::Reverse((alert.effective, alert.id)));
    let listed = all_pages(2, 3, async |after| store.list_alerts(2, after).await.unwrap()).await;
    assert_eq!(listed, expected);
    assert!(store.alert_revisions(sample::alert(9, 1).id).await.unwrap().is_empty());
}
