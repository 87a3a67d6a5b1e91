//! Close codes: what a transport tells the client at the end. 1012 and 4408 invite to come back with the last position.

/// The connection broke: nothing can be told any more (RFC 6455 §7.4.1, never sent).
pub const GONE: u16 = 1006;
/// The request breaks a rule (RFC 6455 §7.4.1).
pub const POLICY: u16 = 1008;
/// The node restarts; connect again (IANA registry of WebSocket close codes).
pub const SERVICE_RESTART: u16 = 1012;
/// The token has ended.
pub const TOKEN_EXPIRED: u16 = 4401;
/// The account or its rights were withdrawn.
pub const ACCESS_REVOKED: u16 = 4403;
/// The client read slower than events came.
pub const SLOW_CONSUMER: u16 = 4408;

/// Nobody has used the connection for as long as is configured; come back when somebody does.
pub const INACTIVE: u16 = 4410;

/// The sentence that goes with a code.
#[must_use]
pub const fn reason(code: u16) -> &'static str {
    match code {
        POLICY => "not allowed",
        SERVICE_RESTART => "the node restarts; reconnect with your position",
        TOKEN_EXPIRED => "the token has expired",
        ACCESS_REVOKED => "access was withdrawn",
        INACTIVE => "nobody is there; reconnect when somebody is back",
        SLOW_CONSUMER => "slow consumer; reconnect with your position",
        _ => "closed by the server",
    }
}
