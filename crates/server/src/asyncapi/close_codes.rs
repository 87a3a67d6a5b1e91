//! The codes with which a WebSocket ends, for those who write clients.

use crisislens_realtime::close;
use serde::Serialize;

/// One code.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct CloseCode {
    /// As it stands in the close frame.
    pub code: u16,
    /// What it says.
    pub meaning: &'static str,
    /// What a client does then.
    pub then: &'static str,
}

const fn code(code: u16, meaning: &'static str, then: &'static str) -> CloseCode {
    CloseCode { code, meaning, then }
}

/// Every code that a client can see.
pub const CLOSE_CODES: [CloseCode; 12] = [
    code(1002, "a frame breaks RFC 6455", "mend the client"),
    code(1003, "a binary message came", "send JSON as text"),
    code(
        close::GONE,
        "never sent: the connection broke, or pings or writes went unanswered",
        "connect again with your positions",
    ),
    code(1007, "a text is not UTF-8, or a compressed message is broken", "mend the client"),
    code(
        close::POLICY,
        "no valid token, another person's token, too many connections of the account, or no end of messages over the rate",
        "sign in again, or slow down, before you connect again",
    ),
    code(1009, "a message is too large or has too many fragments", "send less at once"),
    code(
        close::SERVICE_RESTART,
        "the node stops; `going_away` came before and says when to come",
        "connect again with your positions",
    ),
    code(1013, "the node starts, stops or is full", "connect again in a moment, each time later"),
    code(
        close::TOKEN_EXPIRED,
        "the token has ended, or the account's role or password changed",
        "refresh the token, then connect again with your positions",
    ),
    code(close::ACCESS_REVOKED, "the session was ended", "sign in again"),
    code(
        close::INACTIVE,
        "nobody used the connection for `realtime.inactive_after_s`",
        "connect again when somebody is back",
    ),
    code(
        close::SLOW_CONSUMER,
        "the client read more slowly than events came",
        "connect again with your positions",
    ),
];
