//! The query of an event stream: `/api/sse/stream?…`.

use axum::http::Uri;
use axum_extra::extract::Query;
use crisislens_model::query::{ItemParams, StreamParams};
use crisislens_model::{ItemFilter, Role};
use crisislens_realtime::{JoinOutcome, Outgoing};

use crate::Reached;
use crate::world::{World, note_frame, viewer};

/// The bytes are the query.
pub fn sse(data: &[u8]) -> Reached {
    let Ok(uri) = Uri::try_from([b"/api/sse/stream?", data].concat()) else { return word("no_address") };
    let (items, stream) =
        (Query::<ItemParams>::try_from_uri(&uri), Query::<StreamParams>::try_from_uri(&uri));
    let (Ok(Query(items)), Ok(Query(stream))) = (items, stream) else { return word("no_query") };
    assert!(stream.kinds().all(|kind| !kind.is_empty() && kind.trim() == kind));
    assert!(items.text().is_none_or(|text| !text.is_empty()));
    let filter = match items.filter() {
        Ok(filter) => filter,
        Err(error) => {
            assert!(!error.problem.is_empty());
            return word(&error.field);
        }
    };
    check(&filter);
    listen(filter, stream.room.as_deref().unwrap_or("global"), stream.position.as_deref())
}

fn word(word: &str) -> Reached {
    Reached::from([word.to_owned()])
}

fn check(filter: &ItemFilter) {
    for risk in [filter.min_risk, filter.max_risk].into_iter().flatten() {
        assert!((0.0..=1.0).contains(&risk), "{risk}");
    }
    if let Some(bbox) = &filter.bbox {
        assert!((-90.0..=bbox.north).contains(&bbox.south) && bbox.north <= 90.0, "{bbox:?}");
        assert!([bbox.west, bbox.east].iter().all(|lon| (-180.0..=180.0).contains(lon)), "{bbox:?}");
    }
    // What a query can say, a `join_room` frame can.
    let text = serde_json::to_string(filter).expect("a filter is JSON");
    assert!(serde_json::from_str::<ItemFilter>(&text).is_ok(), "{text}");
}

fn listen(filter: ItemFilter, room: &str, position: Option<&str>) -> Reached {
    let mut world = World::new();
    let mut session = world.hub.connect(viewer("ada", Role::Viewer)).expect("there is room for a second");
    let mut reached = Reached::new();
    if matches!(session.join(room, position, Some(filter)), JoinOutcome::Refused(_)) {
        reached.insert("refused".to_owned());
    }
    world.publish_one_more();
    while let Some(Outgoing::Frame(frame)) = session.try_next() {
        note_frame(frame.as_str(), &mut reached);
    }
    drop(session);
    world.check_left();
    reached
}
