//! `/api/auth` and the ticket for live connections.

use std::sync::Arc;

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderMap, StatusCode};
use axum::{Extension, Json};
use crisislens_model::wording;
use crisislens_model::{FieldError, Preferences, Role, Timestamp, User, UserId};
use crisislens_state::audit::AuditEntry;
use crisislens_state::people::{Account, RefreshToken, RefreshUse};
use crisislens_state::{Durability, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::Problem;
use crate::app::App;
use crate::auth::{self, Claims, Grant, TICKET_SECONDS, TokenError};
use crate::live::origin;

/// A new account.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Registration {
    /// Address.
    email: String,
    /// What colleagues see: 1 to 60 characters, one line, no address of the web.
    name: String,
    /// 8 to 256 characters.
    password: String,
}

/// An address and its password.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Credentials {
    /// Address.
    email: String,
    /// Password.
    password: String,
}

/// A refresh token.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Refresh {
    /// As login or the last refresh gave it.
    refresh_token: String,
}

/// What a sign-in gives.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Session {
    /// For `Authorization: Bearer`.
    access_token: String,
    /// For `/api/auth/refresh`, once.
    refresh_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// Seconds that the access token holds.
    expires_in: i64,
}

/// A ticket for one live connection.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Ticket {
    /// For `?ticket=`, once.
    ticket: String,
    /// Seconds that it holds.
    expires_in: i64,
}

/// Makes an account with the role viewer.
#[utoipa::path(post, path = "/api/auth/register", tag = "accounts", request_body = Registration, security(()),
    responses((status = 201, body = User), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn register(
    State(app): State<Arc<App>>,
    body: Result<Json<Registration>, JsonRejection>,
) -> Result<(StatusCode, Json<User>), Problem> {
    if !app.config.auth.registration {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "accounts are made by the operator here: ask them for one",
        ));
    }
    let Json(registration) = body?;
    let account = new_account(&app, registration, Role::Viewer).await?;
    let mut tx = app.store.begin(Durability::Power).await?;
    tx.add_account(&account).await?;
    let user = &account.user;
    let entry = AuditEntry::new(
        user.created_at,
        user.id.to_string(),
        "users.register",
        format!("users/{}", user.id),
        json!({ "email": user.email, "role": user.role }),
    );
    tx.record_audit(&entry).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(account.user)))
}

async fn new_account(app: &App, registration: Registration, role: Role) -> Result<Account, Problem> {
    let mut problems = Vec::new();
    let email = auth::normal_email(&registration.email);
    if email.is_none() {
        problems.push(FieldError::new("email", "is not an e-mail address"));
    }
    let name = registration.name.trim().to_owned();
    problems.extend(wording::name_problem("name", &name));
    if let Some(problem) = auth::password_problem(&registration.password) {
        problems.push(FieldError::new("password", problem));
    }
    let Some(email) = email.filter(|_| problems.is_empty()) else { return Err(Problem::invalid(problems)) };
    let password_hash = app.passwords.hash(registration.password).await?;
    let preferences = Preferences::default();
    let user = User { id: UserId::random(), email, name, role, preferences, created_at: app.clock.now() };
    Ok(Account { user, password_hash })
}

/// Signs in.
#[utoipa::path(post, path = "/api/auth/login", tag = "accounts", request_body = Credentials, security(()),
    responses((status = 200, body = Session), (status = 401, body = Problem)))]
pub async fn login(
    State(app): State<Arc<App>>,
    body: Result<Json<Credentials>, JsonRejection>,
) -> Result<Json<Session>, Problem> {
    let Json(credentials) = body?;
    let wrong = || Problem::unauthorized("the e-mail address or the password is wrong");
    if credentials.password.chars().count() > *auth::PASSWORD_LENGTH.end() {
        return Err(wrong());
    }
    let account = match auth::normal_email(&credentials.email) {
        Some(email) => app.store.account_by_email(&email).await?,
        None => None,
    };
    let hash = account.as_ref().map(|account| account.password_hash.clone());
    if !app.passwords.verify(credentials.password, hash).await? {
        return Err(wrong());
    }
    let account = account.ok_or_else(wrong)?;
    let mut tx = app.store.begin(Durability::Power).await?;
    let session = new_session(&app, &mut *tx, account.user.id, Uuid::now_v7()).await?;
    // Again, after the generation was read: checking takes a while, and what was replaced meanwhile signs nobody in.
    let now = app.store.account_by_email(&account.user.email).await?;
    if now.is_none_or(|now| now.password_hash != account.password_hash) {
        return Err(wrong());
    }
    tx.commit().await?;
    Ok(Json(session))
}

async fn new_session(app: &App, tx: &mut dyn Tx, user: UserId, family: Uuid) -> Result<Session, Problem> {
    let gone = || Problem::unauthorized("the account is gone");
    // In this order: a role that changes in between makes the token an old one, never a new one with the old role.
    let generation = tx.generation(user).await?.ok_or_else(gone)?;
    let user = app.store.user(user).await?.ok_or_else(gone)?;
    let grant = Grant { session: Some(family), generation };
    // A refresh token that was made while its session was being ended brings nothing either.
    if app.tokens.still_holds(user.id, grant) == Err(TokenError::Revoked) {
        return Err(Problem::unauthorized("this session was ended; sign in again"));
    }
    let (access_token, expires_in) = app.tokens.access(&user, grant)?;
    let refresh_token = auth::random_word();
    let token = RefreshToken {
        hash: auth::token_hash(&refresh_token),
        user: user.id,
        family,
        expires_at: auth::refresh_end(app.clock.now(), app.config.auth.refresh_days),
    };
    tx.add_refresh_token(&token).await?;
    Ok(Session { access_token, refresh_token, token_type: "Bearer", expires_in })
}

/// Trades a refresh token for a new pair. A token presented twice ends its whole session: somebody holds a copy.
#[utoipa::path(post, path = "/api/auth/refresh", tag = "accounts", request_body = Refresh, security(()),
    responses((status = 200, body = Session), (status = 401, body = Problem)))]
pub async fn refresh(
    State(app): State<Arc<App>>,
    body: Result<Json<Refresh>, JsonRejection>,
) -> Result<Json<Session>, Problem> {
    let Json(refresh) = body?;
    let now = app.clock.now();
    // Using the old token up and making the new one is one transaction: a crash in between would end the session.
    let mut tx = app.store.begin(Durability::Power).await?;
    let token = match tx.use_refresh_token(auth::token_hash(&refresh.refresh_token), now).await? {
        RefreshUse::Fresh(token) => token,
        RefreshUse::Reused => {
            tx.commit().await?;
            take_effect(&app, now).await;
            tracing::warn!("a refresh token was presented twice; its session is ended");
            return Err(Problem::unauthorized("this session was ended; sign in again"));
        }
        RefreshUse::Unknown => return Err(Problem::unauthorized("this session has ended; sign in again")),
    };
    let session = new_session(&app, &mut *tx, token.user, token.family).await?;
    tx.commit().await?;
    Ok(Json(session))
}

/// Ends a session: its refresh tokens, its access tokens and its live connections, on other nodes within seconds.
#[utoipa::path(post, path = "/api/auth/logout", tag = "accounts", request_body = Refresh, security(()),
    responses((status = 204)))]
pub async fn logout(
    State(app): State<Arc<App>>,
    body: Result<Json<Refresh>, JsonRejection>,
) -> Result<StatusCode, Problem> {
    let Json(refresh) = body?;
    let mut tx = app.store.begin(Durability::Power).await?;
    let now = app.clock.now();
    tx.end_session(auth::token_hash(&refresh.refresh_token), now).await?;
    tx.commit().await?;
    take_effect(&app, now).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Has what was withdrawn at `now` hold on this node at once.
async fn take_effect(app: &App, now: Timestamp) {
    if let Err(error) = app.tokens.revoked.look(&*app.store, now).await {
        tracing::debug!(%error, "what was withdrawn takes effect with the next look");
    }
}

/// One's own account.
#[utoipa::path(get, path = "/api/auth/me", tag = "accounts", responses((status = 200, body = User)))]
pub async fn me(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
) -> Result<Json<User>, Problem> {
    Ok(Json(app.store.user(claims.sub).await?.ok_or_else(|| Problem::unauthorized("the account is gone"))?))
}

/// A one-time ticket for a WebSocket or an event stream, whose address can carry nothing secret that lasts.
///
/// One that a page asks for is for pages of its origin, a program's for programs; brought from elsewhere it is refused, and used up.
#[utoipa::path(post, path = "/api/ws/ticket", tag = "live",
    responses((status = 200, body = Ticket), (status = 403, body = Problem)))]
pub async fn ticket(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    headers: HeaderMap,
) -> Result<Json<Ticket>, Problem> {
    if !origin::is_allowed(&app.config.http.allowed_origins, &headers) {
        return Err(Problem::new(StatusCode::FORBIDDEN, "this origin may not open live connections"));
    }
    let ticket = app.tokens.ticket(&claims, origin::stated(&headers))?;
    Ok(Json(Ticket { ticket, expires_in: TICKET_SECONDS }))
}
