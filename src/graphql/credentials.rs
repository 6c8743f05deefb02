//! Changing one's password and e-mail address.

use async_graphql::{Context, InputObject, Object, SimpleObject};

use super::ContextExt;
use super::payload::{UserError, answer, payloads};
use super::rate::with_password;
use super::viewer::Viewer;
use crate::auth::credentials;
use crate::error::Result;
use crate::limit::rate::Account;

/// The password that is, and the one that is to be.
#[derive(InputObject)]
struct ChangePasswordInput {
    /// The password as it is now.
    old_password: String,
    /// 8 to 128 characters, never trimmed.
    new_password: String,
}

/// The person whose password has been changed.
#[derive(Default, SimpleObject)]
struct ChangePasswordPayload {
    /// The person asking.
    viewer: Option<Viewer>,
    /// What has to be mended; empty when all went well.
    user_errors: Vec<UserError>,
}

/// The new address, and the password as a proof.
#[derive(InputObject)]
struct ChangeEmailInput {
    /// Unique ignoring case; kept in lower case.
    email: String,
    /// The password.
    password: String,
}

/// The person whose address has been changed.
#[derive(Default, SimpleObject)]
struct ChangeEmailPayload {
    /// The person asking.
    viewer: Option<Viewer>,
    /// What has to be mended; empty when all went well.
    user_errors: Vec<UserError>,
}

payloads!(ChangePasswordPayload, ChangeEmailPayload);

#[derive(Default)]
pub struct CredentialsMutation;

#[Object]
impl CredentialsMutation {
    /// Changes one's password. Ends every other session as well.
    async fn change_password(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The two passwords.")] input: ChangePasswordInput,
    ) -> Option<Result<ChangePasswordPayload>> {
        answer(change_password(ctx, input).await)
    }

    /// Changes the e-mail address that one may log in with.
    async fn change_email(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The address and the password.")] input: ChangeEmailInput,
    ) -> Option<Result<ChangeEmailPayload>> {
        answer(change_email(ctx, input).await)
    }
}

async fn change_password(ctx: &Context<'_>, input: ChangePasswordInput) -> Result<ChangePasswordPayload> {
    let viewer = ctx.viewer()?;
    let work = credentials::change_password(ctx.app(), viewer, input.old_password, input.new_password);
    with_password(ctx, Account::User(viewer.user), work).await?;
    Ok(ChangePasswordPayload { viewer: Some(Viewer(viewer.user)), user_errors: Vec::new() })
}

async fn change_email(ctx: &Context<'_>, input: ChangeEmailInput) -> Result<ChangeEmailPayload> {
    let viewer = ctx.viewer()?;
    let work = credentials::change_email(ctx.app(), viewer, &input.email, input.password);
    with_password(ctx, Account::User(viewer.user), work).await?;
    ctx.loaders().clear();
    Ok(ChangeEmailPayload { viewer: Some(Viewer(viewer.user)), user_errors: Vec::new() })
}
