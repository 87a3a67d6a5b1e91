//! Who may listen to which room: one pure function, asked at every join and whenever a token changes.

use crisislens_model::{Role, Room, UserId};

/// The person behind a connection, as the token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewer {
    /// The account.
    pub user: UserId,
    /// What colleagues see.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

/// Whether `viewer` may listen to `room`.
///
/// A person's own room is theirs alone, whatever the role of the other; all other rooms are open to everybody who is
/// signed in.
#[must_use]
pub fn may_join(viewer: &Viewer, room: &Room) -> bool {
    match room {
        Room::User(owner) => *owner == viewer.user,
        Room::Global | Room::Alerts | Room::Item(_) | Room::Incident(_) | Room::Claim(_) => match viewer.role
        {
            Role::Viewer | Role::Analyst | Role::Approver | Role::Admin => true,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_persons_room_is_closed_to_everybody_else_even_to_an_admin() {
        let viewer = |role| Viewer { user: UserId::random(), name: "Ada".to_owned(), role };
        let other = UserId::random();
        for role in Role::ALL {
            let viewer = viewer(role);
            assert!(may_join(&viewer, &Room::User(viewer.user)));
            assert!(!may_join(&viewer, &Room::User(other)));
            assert!(may_join(&viewer, &Room::Global));
            assert!(may_join(&viewer, &Room::Alerts));
        }
    }
}
