//! Signing up, logging in and out.

use async_graphql::{Context, InputObject, Object, SimpleObject};

use super::ContextExt;
use super::payload::{UserError, answer, payloads};
use super::viewer::Viewer;
use crate::auth::{self, LogIn, cookie};
use crate::error::Result;
use crate::service::session;
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

payloads!(SignUpPayload, LogInPayload);

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
}

async fn sign_up(ctx: &Context<'_>, input: SignUpInput) -> Result<SignUpPayload> {
    let SignUpInput { username, email, password, nickname } = input;
    let typed = SignUp { username, email, password, nickname };
    let started = auth::sign_up(ctx.app(), &typed, ctx.request().user_agent.as_deref()).await?;
    let (viewer, session_token) = logged_in(ctx, started);
    Ok(SignUpPayload { viewer, session_token, user_errors: Vec::new() })
}

async fn log_in(ctx: &Context<'_>, input: LogInInput) -> Result<LogInPayload> {
    let LogInInput { login, password } = input;
    let started = auth::log_in(ctx.app(), &login, password, ctx.request().user_agent.as_deref()).await?;
    let (viewer, session_token) = logged_in(ctx, started);
    Ok(LogInPayload { viewer, session_token, user_errors: Vec::new() })
}

async fn log_out(ctx: &Context<'_>) -> Result<LogOutPayload> {
    if let Some(viewer) = ctx.viewer_opt() {
        session::end(ctx.app(), viewer.session).await?;
        ctx.set_viewer(None);
    }
    ctx.append_http_header("set-cookie", cookie::cleared(&ctx.app().config));
    Ok(LogOutPayload::default())
}

fn logged_in(ctx: &Context<'_>, started: LogIn) -> (Option<Viewer>, Option<String>) {
    ctx.set_viewer(Some(started.viewer));
    ctx.loaders().clear();
    ctx.append_http_header("set-cookie", cookie::of(&ctx.app().config, &started.token));
    (Some(Viewer(started.viewer.user)), Some(started.token))
}
