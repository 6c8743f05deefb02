//! Who is asking: one path from a token to a `Viewer`, for HTTP and for sockets.

mod client;
pub mod cookie;
pub mod credentials;
pub mod password;
mod token;

pub use client::Client;
use entity::{SessionId, UserId};

use crate::app::App;
use crate::error::Result;
use crate::service::session::NewSession;
use crate::service::user::SignUp;
use crate::service::{self, session, user};

/// No password is longer, in bytes: 128 code points of at most 4. Hashing a megabyte would be work for nothing.
const LONGEST_PASSWORD: usize = 128 * 4;

/// The person asking, and the log-in by which we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Viewer {
    pub user: UserId,
    pub session: SessionId,
}

/// The viewer that a token stands for; none if it is unknown, ended or expired.
///
/// # Errors
/// Whatever the database says.
pub async fn viewer(app: &App, token: &str) -> Result<Option<Viewer>> {
    let Some(found) = session::by_token_hash(app, &token::hash(token)).await? else { return Ok(None) };
    Ok(Some(Viewer { user: found.user_id, session: found.id }))
}

/// A session that has just been started. The token is told to the client this once.
pub struct LogIn {
    pub viewer: Viewer,
    pub token: String,
}

/// Makes an account and logs it in.
///
/// # Errors
/// All that is wrong with what was typed; UNAVAILABLE when too many passwords are being hashed.
pub async fn sign_up(app: &App, typed: &SignUp, user_agent: Option<&str>) -> Result<LogIn> {
    let new = user::check(app, typed).await?;
    let hash = app.passwords.hash(typed.password.clone()).await?;
    let user = user::create(app, &new, &hash).await?;
    start(app, user.id, &hash, user_agent).await
}

/// By username or e-mail address. An unknown login and a wrong password are told apart neither by the error nor by the time.
///
/// # Errors
/// WRONG_CREDENTIALS, for a suspended account as well, which is told so when the password is right; UNAVAILABLE when too many
/// passwords are being hashed.
pub async fn log_in(app: &App, login: &str, password: String, user_agent: Option<&str>) -> Result<LogIn> {
    let wrong = || service::credentials::wrong(None);
    if password.len() > LONGEST_PASSWORD {
        return Err(wrong());
    }
    let found = user::by_login(app, login).await?;
    let hash = found.as_ref().map(|user| user.password_hash.clone());
    if !app.passwords.verify(password, hash).await? {
        return Err(wrong());
    }
    let user = found.ok_or_else(wrong)?;
    start(app, user.id, &user.password_hash, user_agent).await
}

async fn start(app: &App, user: UserId, password_hash: &str, user_agent: Option<&str>) -> Result<LogIn> {
    let token = token::generate();
    let new = NewSession { user, password_hash, token_hash: &token::hash(&token), user_agent };
    let session = session::start(app, &new).await?;
    Ok(LogIn { viewer: Viewer { user, session }, token })
}
