//! A position that a client sends to resume from.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crisislens_model::{Position, Role};
use crisislens_realtime::Outgoing;

use crate::Reached;
use crate::world::{World, note_frame, viewer};

/// The bytes are a position's text, and once more what such a text stands for.
pub fn position(data: &[u8]) -> Reached {
    let mut reached = Reached::new();
    if let Ok(text) = std::str::from_utf8(data) {
        resume(text, &mut reached);
    }
    resume(&URL_SAFE_NO_PAD.encode(data), &mut reached);
    reached
}

fn resume(text: &str, reached: &mut Reached) {
    let decoded = Position::decode(text);
    if let Ok(position) = &decoded {
        assert_eq!(Position::decode(&position.encode()).as_ref(), Ok(position), "{text}");
    }
    let mut world = World::new();
    let mut session = world.hub.connect(viewer("ada", Role::Viewer)).expect("there is room for a second");
    session.join("global", Some(text), None);
    world.publish_one_more();
    let mut frames = Reached::new();
    while let Some(Outgoing::Frame(frame)) = session.try_next() {
        note_frame(frame.as_str(), &mut frames);
    }
    assert_eq!(decoded.is_ok(), frames.contains("joined_room"), "{text}");
    reached.append(&mut frames);
    drop(session);
    world.check_left();
}
