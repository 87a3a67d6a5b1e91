//! `/api/notifications/acknowledge/{token}`: the link in an e-mail by which its reader says that they see to the alert. Who follows it sees a
//! page with one button, for programs that look at links before people do must not acknowledge anything.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Html;
use crisislens_model::{Alert, User};
use crisislens_state::ledger::Acknowledgement;

use super::unsubscribe::page;
use crate::app::App;
use crate::http::{Problem, alert_actions};

/// For who ends no calls by what they say.
pub const NOT_CALLED: &str = " Those who are on call are called all the same: you were not called.";

/// The page behind the link: one button that acknowledges the alert.
#[utoipa::path(get, path = "/api/notifications/acknowledge/{token}", tag = "notifications", params(("token" = String, Path)),
    responses((status = 200, content_type = "text/html", body = String), (status = 404, body = Problem)))]
pub async fn ask(State(app): State<Arc<App>>, Path(token): Path<String>) -> Result<Html<String>, Problem> {
    let (alert, user) = read(&app, &token).await?;
    let (title, name) = (escaped(&alert.title), escaped(&user.name));
    let calls = if app.store.may_rest(alert.id, user.id).await? {
        "nobody else is called"
    } else {
        "those who are on call are called all the same"
    };
    Ok(page(&format!(
        "<h1>{title}</h1><p>Everybody will see that {name} sees to this alert, and {calls}.</p>\
         <form method=\"post\"><button>I see to it</button></form>"
    )))
}

/// Acknowledges the alert for whom the link was made; escalations rest as by `/api/alerts/{id}/acknowledge`. Doing it again changes nothing
/// but the time.
#[utoipa::path(post, path = "/api/notifications/acknowledge/{token}", tag = "notifications", params(("token" = String, Path)),
    responses((status = 200, content_type = "text/html", body = String), (status = 404, body = Problem)))]
pub async fn say(State(app): State<Arc<App>>, Path(token): Path<String>) -> Result<Html<String>, Problem> {
    let (alert, user) = read(&app, &token).await?;
    let acknowledgement = Acknowledgement {
        alert: alert.id,
        user: user.id,
        via: "email".to_owned(),
        at: app.clock.now(),
        expires_at: None,
    };
    alert_actions::keep(&app, &[acknowledgement]).await?;
    let calls = if app.store.may_rest(alert.id, user.id).await? { "" } else { NOT_CALLED };
    Ok(page(&format!("<h1>Done</h1><p>You see to \"{}\".{calls}</p>", escaped(&alert.title))))
}

async fn read(app: &App, token: &str) -> Result<(Alert, User), Problem> {
    let missing = || Problem::not_found("link");
    let (alert, user) = app.outgoing.acknowledge.read(token).ok_or_else(missing)?;
    let user = app.store.user(user).await?.ok_or_else(missing)?;
    let alert = app.store.alert(alert).await?.ok_or_else(missing)?;
    Ok((alert, user))
}

/// A text as it may stand in a page, or in XML.
pub fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, char| {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            char if char.is_control() => out.push(' '),
            char => out.push(char),
        }
        out
    })
}
