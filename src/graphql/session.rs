//! Signing up, logging in and out, and the list of where one is logged in.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use entity::session;

use super::ContextExt;
use super::id::GlobalId;
use super::payload::{UserError, answer, payloads};
use super::rate::{charge_sign_up, with_password};
use super::scalar::DateTime;
use super::viewer::Viewer;
use crate::auth::{self, LogIn, cookie};
use crate::error::Result;
use crate::limit::rate::Account;
use crate::service;
use crate::service::user::SignUp;

/// username: 3 to 20 of a-z, 0-9 and _, kept in lower case; email: kept in lower case; password: 8 to 128 characters.
#[derive(InputObject)]
struct SignUpInput {
    /// The handle, unique ignoring case.
    username: String,
    /// Unique ignoring case.
    email: String,
    /// Never trimmed.
    password: String,
    /// 1 to 50 characters; the username stands in until one is chosen.
    nickname: Option<String>,
}

/// The new account, logged in.
#[derive(Default, SimpleObject)]
struct SignUpPayload {
    /// The person who has just signed up.
    viewer: Option<Viewer>,
    /// Goes into the header Authorization: Bearer, and into connection_init as {"authorization": "Bearer …"}.
    /// It is shown this once.
    session_token: Option<String>,
    /// What has to be mended; empty when all went well.
    user_errors: Vec<UserError>,
}

/// Who it is.
#[derive(InputObject)]
struct LogInInput {
    /// Username or e-mail address.
    login: String,
    /// The password.
    password: String,
}

/// The session.
#[derive(Default, SimpleObject)]
struct LogInPayload {
    /// The person who has just logged in.
    viewer: Option<Viewer>,
    /// Goes into the header Authorization: Bearer, and into connection_init as {"authorization": "Bearer …"}.
    /// It is shown this once.
    session_token: Option<String>,
    /// What has to be mended; empty when all went well.
    user_errors: Vec<UserError>,
}

/// Nothing but the faults, of which there are none.
#[derive(Default, SimpleObject)]
struct LogOutPayload {
    /// What has to be mended; empty when all went well.
    user_errors: Vec<UserError>,
}

/// Somewhere I am logged in.
#[derive(Clone, Debug)]
pub struct Session(pub session::Model);

/// Somewhere I am logged in.
#[Object]
impl Session {
    /// Globally unique.
    pub async fn id(&self) -> ID {
        GlobalId::Session(self.0.id).encode()
    }

    /// When I logged in there.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// When something was asked from there last, to within an hour.
    async fn last_seen_at(&self) -> DateTime {
        DateTime(self.0.last_seen_at)
    }

    /// What the browser or the app called itself at the log-in.
    async fn user_agent(&self) -> Option<&str> {
        self.0.user_agent.as_deref()
    }

    /// Whether this request came from there.
    async fn is_current(&self, ctx: &Context<'_>) -> bool {
        ctx.viewer_opt().is_some_and(|viewer| viewer.session == self.0.id)
    }
}

/// Which session is to end.
#[derive(InputObject)]
struct RevokeSessionInput {
    /// One of one's own; the current one as well.
    session_id: ID,
}

/// The id of what has ended.
#[derive(Default, SimpleObject)]
struct RevokeSessionPayload {
    /// The id of the session that has ended.
    revoked_session_id: Option<ID>,
    /// What has to be mended; empty when all went well.
    user_errors: Vec<UserError>,
}

payloads!(SignUpPayload, LogInPayload, RevokeSessionPayload);

#[derive(Default)]
pub struct SessionMutation;

#[Object]
impl SessionMutation {
    /// Makes an account and logs it in.
    async fn sign_up(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who signs up.")] input: SignUpInput,
    ) -> Option<Result<SignUpPayload>> {
        answer(sign_up(ctx, input).await)
    }

    /// By username or e-mail. The same error, after the same time, for an unknown login and a wrong password.
    async fn log_in(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who logs in.")] input: LogInInput,
    ) -> Option<Result<LogInPayload>> {
        answer(log_in(ctx, input).await)
    }

    /// Ends the current session; succeeds without one.
    async fn log_out(&self, ctx: &Context<'_>) -> Option<Result<LogOutPayload>> {
        Some(log_out(ctx).await)
    }

    /// Ends a session of one's own, and closes its sockets.
    async fn revoke_session(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which session is to end.")] input: RevokeSessionInput,
    ) -> Option<Result<RevokeSessionPayload>> {
        answer(revoke(ctx, input).await)
    }
}

async fn sign_up(ctx: &Context<'_>, input: SignUpInput) -> Result<SignUpPayload> {
    charge_sign_up(ctx).await?;
    let SignUpInput { username, email, password, nickname } = input;
    let typed = SignUp { username, email, password, nickname };
    let started = auth::sign_up(ctx.app(), &typed, ctx.request().client.user_agent.as_deref()).await?;
    let (viewer, session_token) = logged_in(ctx, started);
    Ok(SignUpPayload { viewer, session_token, user_errors: Vec::new() })
}

async fn log_in(ctx: &Context<'_>, input: LogInInput) -> Result<LogInPayload> {
    let LogInInput { login, password } = input;
    let user_agent = ctx.request().client.user_agent.as_deref();
    let work = auth::log_in(ctx.app(), &login, password, user_agent);
    let started = with_password(ctx, Account::of_login(&login), work).await?;
    let (viewer, session_token) = logged_in(ctx, started);
    Ok(LogInPayload { viewer, session_token, user_errors: Vec::new() })
}

async fn log_out(ctx: &Context<'_>) -> Result<LogOutPayload> {
    if let Some(viewer) = ctx.viewer_opt() {
        service::session::end(ctx.app(), viewer.session).await?;
    }
    forget_viewer(ctx);
    Ok(LogOutPayload::default())
}

async fn revoke(ctx: &Context<'_>, input: RevokeSessionInput) -> Result<RevokeSessionPayload> {
    let viewer = ctx.viewer()?;
    let id = GlobalId::session(&input.session_id, "sessionId")?;
    service::session::revoke(ctx.app(), viewer.user, id).await?;
    if id == viewer.session {
        forget_viewer(ctx);
    }
    Ok(RevokeSessionPayload { revoked_session_id: Some(input.session_id), user_errors: Vec::new() })
}

/// Nobody is logged in any more: neither for the rest of this request nor for the next one.
pub fn forget_viewer(ctx: &Context<'_>) {
    ctx.set_viewer(None);
    ctx.append_http_header("set-cookie", cookie::cleared(&ctx.app().config));
}

fn logged_in(ctx: &Context<'_>, started: LogIn) -> (Option<Viewer>, Option<String>) {
    ctx.set_viewer(Some(started.viewer));
    ctx.loaders().clear();
    ctx.append_http_header("set-cookie", cookie::of(&ctx.app().config, &started.token));
    (Some(Viewer(started.viewer.user)), Some(started.token))
}
