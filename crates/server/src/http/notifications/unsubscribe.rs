//! `/api/notifications/unsubscribe/{token}`: one click in an e-mail ends e-mails of the kind (RFC 8058). Mail programs post to it; a person
//! who follows the link sees a page with one button, for programs that look at links before people do must not end anything.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Html;
use crisislens_model::NoticeKind;
use crisislens_state::Durability;

use crate::app::App;
use crate::http::Problem;

/// The page behind the link: one button that ends e-mails.
#[utoipa::path(get, path = "/api/notifications/unsubscribe/{token}", tag = "notifications", params(("token" = String, Path)),
    responses((status = 200, content_type = "text/html", body = String), (status = 404, body = Problem)))]
pub async fn ask(State(app): State<Arc<App>>, Path(token): Path<String>) -> Result<Html<String>, Problem> {
    let (_, channel) = app.outgoing.unsubscribe.read(&token).ok_or_else(|| Problem::not_found("link"))?;
    let form = format!(
        "<h1>Stop alerts by {0}?</h1><p>Nothing more is sent to you by {0} until you switch it on again in your preferences.</p>\
         <form method=\"post\"><button>Stop alerts by {0}</button></form>",
        channel.as_str()
    );
    Ok(page(&form))
}

/// Ends e-mails of the person that the link was made for. Doing it again changes nothing.
#[utoipa::path(post, path = "/api/notifications/unsubscribe/{token}", tag = "notifications", params(("token" = String, Path)),
    responses((status = 200, content_type = "text/html", body = String), (status = 404, body = Problem)))]
pub async fn end(State(app): State<Arc<App>>, Path(token): Path<String>) -> Result<Html<String>, Problem> {
    let (user, channel) = app.outgoing.unsubscribe.read(&token).ok_or_else(|| Problem::not_found("link"))?;
    let mut user = app.store.user(user).await?.ok_or_else(|| Problem::not_found("link"))?;
    for kind in NoticeKind::ALL {
        user.preferences.want(kind, channel, false);
    }
    if let Some(digest) = &mut user.preferences.digest {
        digest.channels.retain(|one| *one != channel);
    }
    user.preferences.digest.take_if(|digest| digest.channels.is_empty());
    let mut tx = app.store.begin(Durability::Power).await?;
    tx.set_preferences(user.id, &user.preferences).await?;
    tx.commit().await?;
    Ok(page(&format!("<h1>Done</h1><p>Nothing more is sent to you by {}.</p>", channel.as_str())))
}

/// A page of our own that needs nothing else.
pub(super) fn page(body: &str) -> Html<String> {
    Html(format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"robots\" content=\"noindex\"><title>CrisisLens</title></head>\
         <body style=\"font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:3rem auto;padding:0 1rem\">{body}</body></html>"
    ))
}
