//! Who may call which route: one table, and what is not in it is refused.

use axum::http::Method;
use crisislens_model::Role;

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Public,
    /// Signed in, with at least this role.
    From(Role),
}

/// The policy of `method` on a route; `None` is refused.
#[must_use]
pub fn access(method: &Method, route: &str) -> Option<Access> {
    use Access::{From, Public};
    let is_read = matches!(*method, Method::GET | Method::HEAD);
    let access = match route {
        "/healthz" | "/readyz" | "/api/openapi.json" | "/api/docs" | "/api/about" if is_read => Public,
        "/metrics" | "/api/asyncapi.json" | "/.well-known/jwks.json" if is_read => Public,
        "/api/auth/register" | "/api/auth/login" | "/api/auth/refresh" | "/api/auth/logout" => Public,
        // These check their token themselves, because a browser cannot put it into a header there.
        "/ws" | "/ws/items/{id}" | "/api/sse/stream" | "/api/sse/items" | "/api/sse/alerts" if is_read => {
            Public
        }
        "/api/auth/me" | "/api/ws/ticket" => From(Role::Viewer),
        "/api/callbacks/sendgrid" | "/api/callbacks/twilio" | "/api/callbacks/twilio/inbound"
            if *method == Method::POST =>
        {
            Public
        }
        "/api/notifications/unsubscribe/{token}" | "/api/notifications/acknowledge/{token}" => Public,
        "/api/saved-searches" | "/api/saved-searches/{id}" => From(Role::Viewer),
        "/api/subscriptions" | "/api/subscriptions/{id}" => From(Role::Viewer),
        "/api/alert-rules/test" if *method == Method::POST => From(Role::Analyst),
        "/api/alert-rules"
        | "/api/alert-rules/{id}"
        | "/api/alert-rules/threshold"
        | "/api/silences"
        | "/api/silences/{id}"
        | "/api/maintenance-windows"
        | "/api/maintenance-windows/{id}"
        | "/api/inhibitions"
        | "/api/inhibitions/{id}"
        | "/api/teams"
        | "/api/teams/{id}"
        | "/api/teams/{id}/subscriptions"
        | "/api/teams/{id}/subscriptions/{subscription}"
        | "/api/roles/{role}/subscriptions"
        | "/api/roles/{role}/subscriptions/{subscription}"
        | "/api/on-call-schedules"
        | "/api/on-call-schedules/{id}"
        | "/api/escalation-chains"
        | "/api/escalation-chains/{id}" => From(if is_read { Role::Viewer } else { Role::Approver }),
        "/api/templates" | "/api/templates/{id}" => {
            From(if is_read { Role::Analyst } else { Role::Approver })
        }
        "/api/templates/variables" | "/api/templates/{id}/versions" if is_read => From(Role::Analyst),
        "/api/templates/preview" => From(Role::Analyst),
        "/api/notifications/test" => From(Role::Viewer),
        "/api/notifications/devices"
        | "/api/notifications/devices/{id}"
        | "/api/notifications/push-key"
        | "/api/notifications/why" => From(Role::Viewer),
        "/api/notifications/deliveries" | "/api/notifications/deliveries/{id}" if is_read => {
            From(Role::Viewer)
        }
        "/api/notifications/deliveries/{id}/retry" => From(Role::Admin),
        "/api/notifications/providers" if is_read => From(Role::Analyst),
        "/api/notifications/suppressions" => From(if is_read { Role::Analyst } else { Role::Admin }),
        "/api/alerts/{id}/approve" | "/api/alerts/{id}/correct" | "/api/alerts/{id}/cancel" => {
            From(Role::Approver)
        }
        "/api/alerts/{id}/acknowledge" => From(Role::Viewer),
        "/api/on-call-schedules/{id}/now" if is_read => From(Role::Viewer),
        "/api/alerts/{id}/reach" | "/api/alerts/{id}/escalations" if is_read => From(Role::Analyst),
        "/api/notifications"
        | "/api/notifications/{id}/read"
        | "/api/notifications/read-all"
        | "/api/notifications/preferences" => From(Role::Viewer),
        "/api/items" | "/api/items/facets" | "/api/items/grid" | "/api/items/{id}" if is_read => {
            From(Role::Viewer)
        }
        "/api/items/{id}/explanation" if is_read => From(Role::Viewer),
        "/api/items/{id}" => From(Role::Analyst),
        "/api/incidents"
        | "/api/incidents/{id}"
        | "/api/alerts"
        | "/api/alerts/{id}"
        | "/api/alerts/{id}/cap"
        | "/api/alerts/feed"
        | "/api/sources"
            if is_read =>
        {
            From(Role::Viewer)
        }
        "/api/incidents/{id}" | "/api/incidents/{id}/merge" | "/api/incidents/{id}/split" => {
            From(Role::Analyst)
        }
        "/api/claims"
        | "/api/claims/{id}"
        | "/api/workflows"
        | "/api/workflows/pending-review"
        | "/api/workflows/{id}/status"
        | "/api/sources/{name}/reliability"
            if is_read =>
        {
            From(Role::Viewer)
        }
        "/api/claims/{id}/approve" => From(Role::Approver),
        "/api/claims/{id}"
        | "/api/claims/{id}/verdict"
        | "/api/claims/{id}/reject"
        | "/api/claims/{id}/reopen"
        | "/api/claims/{id}/discard"
        | "/api/claims/{id}/evidence"
        | "/api/claims/{id}/evidence/{evidence}"
        | "/api/workflows/start"
        | "/api/workflows/{id}/resume"
        | "/api/workflows/{id}/cancel"
        | "/api/items/{id}/verify" => From(Role::Analyst),
        "/api/training-set" if is_read => From(Role::Approver),
        "/api/collaboration/presence/{resource}"
        | "/api/collaboration/activity/{resource}"
        | "/api/collaboration/activity"
            if is_read =>
        {
            From(Role::Viewer)
        }
        "/api/collaboration/join/{resource}"
        | "/api/collaboration/leave/{resource}"
        | "/api/collaboration/cursor/{resource}"
            if *method == Method::POST =>
        {
            From(Role::Viewer)
        }
        "/api/collaboration/lock/{resource}" | "/api/collaboration/lock/{resource}/request" => {
            From(Role::Analyst)
        }
        "/api/collaboration/activity/{resource}" if *method == Method::POST => From(Role::Analyst),
        "/api/assistant" if is_read => From(Role::Viewer),
        "/api/assistant/drafts" if *method == Method::POST => From(Role::Analyst),
        "/api/ingest" | "/api/outbox" | "/api/people" => From(Role::Analyst),
        "/api/exercise" if is_read => From(Role::Viewer),
        "/api/exercises" if is_read => From(Role::Admin),
        "/api/exercise" | "/api/exercise/pause" | "/api/exercise/resume" | "/api/exercise/stop"
            if *method == Method::POST =>
        {
            From(Role::Admin)
        }
        "/api/topics" | "/api/topics/groups" | "/api/dlq" | "/api/dlq/counts" | "/api/dlq/{offset}"
        | "/api/dlq/stranded" | "/api/audit" | "/api/search"
            if is_read =>
        {
            From(Role::Admin)
        }
        "/api/topics/{topic}/records"
        | "/api/dlq/{offset}/replay"
        | "/api/dlq/{offset}/discard"
        | "/api/dlq/replay"
        | "/api/dlq/discard"
        | "/api/dlq/stranded/{seq}/send"
        | "/api/dlq/stranded/{seq}/drop"
        | "/api/search/rebuild" => From(Role::Admin),
        _ => return None,
    };
    Some(access)
}
