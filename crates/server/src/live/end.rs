//! Why a WebSocket ends.

use crisislens_realtime::close;

use crate::auth::TokenError;

/// With which code and reason a connection is closed.
pub type Farewell = (u16, &'static str);

/// How a connection ends whose token has.
pub const EXPIRED: Farewell = (close::TOKEN_EXPIRED, close::reason(close::TOKEN_EXPIRED));

/// How one ends whose session was ended elsewhere.
const REVOKED: Farewell = (close::ACCESS_REVOKED, close::reason(close::ACCESS_REVOKED));

/// Why a connection ends.
pub enum End {
    /// The client went, or cannot be reached.
    Gone,
    /// We close it.
    Close(u16, &'static str),
}

/// How a connection ends that goes on sending.
pub const FLOODED: End = End::Close(close::POLICY, "too many messages");

impl End {
    /// For a token that is taken no more.
    pub fn of_token(error: TokenError) -> Self {
        let (code, reason) = farewell(error);
        Self::Close(code, reason)
    }
}

/// How a connection ends whose token is not taken.
pub fn farewell(error: TokenError) -> Farewell {
    match error {
        TokenError::Expired => EXPIRED,
        TokenError::Revoked => REVOKED,
        TokenError::Invalid => (close::POLICY, "a valid token is needed"),
        TokenError::NoAccount => (close::POLICY, "nobody has an account for this token here"),
        TokenError::Unavailable => (1013, "the token cannot be checked now; try again later"),
    }
}
