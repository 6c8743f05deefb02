//! Changing what one logs in with, and leaving for good. The password is asked for once more: a session that was left open is not enough.

use entity::UserId;

use super::{LONGEST_PASSWORD, Viewer};
use crate::app::App;
use crate::error::Result;
use crate::service::check::{self, Faults};
use crate::service::credentials::{self, Proven};
use crate::service::deletion;

/// Changes the password, and ends every other session.
///
/// # Errors
/// All that is wrong with the two; UNAVAILABLE when too many passwords are being hashed.
pub async fn change_password(app: &App, viewer: Viewer, old: String, new: String) -> Result<()> {
    let mut faults = Faults::default();
    let verified = faults.keep(verify(app, viewer.user, old, "oldPassword").await)?;
    faults.keep(check::password(&new, "newPassword"))?;
    faults.finish()?;
    let hash = app.passwords.hash(new).await?;
    credentials::change_password(app, proven(viewer, &verified.unwrap_or_default()), &hash).await
}

/// Changes the e-mail address.
///
/// # Errors
/// All that is wrong with the address and the password; UNAVAILABLE when too many passwords are being hashed.
pub async fn change_email(app: &App, viewer: Viewer, email: &str, password: String) -> Result<()> {
    let mut faults = Faults::default();
    let email = match faults.keep(check::email(email))? {
        Some(email) => faults.keep(credentials::free_for(app.db.read(), viewer.user, &email).await.map(|()| email))?,
        None => None,
    };
    let verified = faults.keep(verify(app, viewer.user, password, "password").await)?;
    faults.finish()?;
    let (email, verified) = (email.unwrap_or_default(), verified.unwrap_or_default());
    credentials::change_email(app, proven(viewer, &verified), &email).await
}

/// Deletes one's account, for good.
///
/// # Errors
/// WRONG_CREDENTIALS; UNAVAILABLE when too many passwords are being hashed.
pub async fn delete_account(app: &App, viewer: Viewer, password: String) -> Result<()> {
    let verified = verify(app, viewer.user, password, "password").await?;
    deletion::leave(app, proven(viewer, &verified)).await
}

/// Verifies the password of a user, and returns the hash that it belongs to.
///
/// # Errors
/// WRONG_CREDENTIALS for the field named; UNAVAILABLE when too many passwords are being hashed.
pub async fn verify(app: &App, user: UserId, password: String, field: &'static str) -> Result<String> {
    let hash = credentials::password_hash(app, user).await?;
    if password.len() <= LONGEST_PASSWORD
        && app.passwords.verify(password, hash.clone()).await?
        && let Some(hash) = hash
    {
        return Ok(hash);
    }
    Err(credentials::wrong(Some(field)))
}

fn proven(viewer: Viewer, password_hash: &str) -> Proven<'_> {
    Proven { user: viewer.user, session: viewer.session, password_hash }
}
