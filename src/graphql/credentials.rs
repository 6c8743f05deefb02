//! Changing one's password and e-mail address, and leaving for good.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::ContextExt;
use super::id::GlobalId;
use super::payload::{UserError, answer, payloads};
use super::rate::with_password;
use super::session::forget_viewer;
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

/// That it is meant.
#[derive(InputObject)]
struct DeleteAccountInput {
    /// The password.
    password: String,
}

/// Who is gone.
#[derive(Default, SimpleObject)]
struct DeleteAccountPayload {
    /// The id of the user who is gone.
    deleted_user_id: Option<ID>,
    /// What has to be mended; empty when all went well.
    user_errors: Vec<UserError>,
}

payloads!(ChangePasswordPayload, ChangeEmailPayload, DeleteAccountPayload);

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

    /// Ends everything one has here, for good; runs on in the background. Nobody sees anything of it from now on, and the
    /// username and the e-mail address are free again when the last of it is gone.
    async fn delete_account(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "That it is meant.")] input: DeleteAccountInput,
    ) -> Option<Result<DeleteAccountPayload>> {
        answer(delete_account(ctx, input).await)
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

async fn delete_account(ctx: &Context<'_>, input: DeleteAccountInput) -> Result<DeleteAccountPayload> {
    let viewer = ctx.viewer()?;
    let work = credentials::delete_account(ctx.app(), viewer, input.password);
    with_password(ctx, Account::User(viewer.user), work).await?;
    forget_viewer(ctx);
    ctx.loaders().clear();
    Ok(DeleteAccountPayload { deleted_user_id: Some(GlobalId::User(viewer.user).encode()), user_errors: Vec::new() })
}
