//! People, as administrators see and change them.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use entity::UserId;
use entity::user::Role;

use super::{account, actor};
use crate::app::App;
use crate::error::Result;
use crate::graphql::ContextExt;
use crate::graphql::cursor::{Cursor, Kind};
use crate::graphql::id::GlobalId;
use crate::graphql::page::connection;
use crate::graphql::payload::{UserError, answer, payloads};
use crate::graphql::scalar::DateTime;
use crate::graphql::user::User;
use crate::service::audit::Actor;
use crate::service::{admin, deletion, suspension};

/// Somebody as administrators see them.
#[derive(Clone, Debug)]
pub struct Account(pub admin::Account);

/// Somebody as administrators see them.
#[Object]
impl Account {
    /// Globally unique; not the id of the user.
    pub async fn id(&self) -> ID {
        GlobalId::Account(self.0.id).encode()
    }

    /// What everybody sees, unless they are suspended.
    async fn user(&self) -> User {
        User(self.0.id)
    }

    /// The handle.
    async fn username(&self) -> &str {
        &self.0.username
    }

    /// Where letters go.
    async fn email(&self) -> &str {
        &self.0.email
    }

    /// When they signed up.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// Whether they are an administrator.
    async fn is_admin(&self) -> bool {
        self.0.role == Role::Admin
    }

    /// Whether nobody sees anything of them for now. True as well while they are being deleted.
    async fn is_suspended(&self) -> bool {
        self.0.is_leaving.is_some()
    }

    /// Whether they are being deleted: that is for good.
    async fn is_being_deleted(&self) -> bool {
        self.0.is_leaving == Some(true)
    }
}

connection! {
    /// People, latest sign-up first.
    AccountConnection, AccountEdge, Account
}

/// Somebody in the list of people.
#[derive(Clone, SimpleObject)]
pub struct AccountEdge {
    /// Where it stands in the list.
    pub cursor: Cursor,
    /// Who it is.
    pub node: Account,
}

impl AccountEdge {
    pub fn new(account: admin::Account) -> Self {
        Self { cursor: Kind::Accounts.encode(account.id.0), node: Account(account) }
    }
}

/// Whom to change.
#[derive(InputObject)]
struct AdminUserInput {
    /// Anybody but oneself.
    user_id: ID,
}

/// The account as it is now.
#[derive(Default, SimpleObject)]
struct AdminUserPayload {
    /// The account as it is now.
    account: Option<Account>,
    /// What has to be mended; empty when all went well.
    user_errors: Vec<UserError>,
}

payloads!(AdminUserPayload);

#[derive(Default)]
pub struct UserMutation;

#[Object]
impl UserMutation {
    /// Hides somebody and everything that is theirs, and ends their sessions. Whoever is suspended already stays so.
    async fn admin_suspend_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whom to suspend.")] input: AdminUserInput,
    ) -> Option<Result<AdminUserPayload>> {
        answer(change(ctx, &input, async |app, actor, user| suspension::suspend(app, actor, user).await).await)
    }

    /// Brings somebody back with everything that is theirs. Whoever is not suspended stays so.
    async fn admin_restore_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whom to restore.")] input: AdminUserInput,
    ) -> Option<Result<AdminUserPayload>> {
        answer(change(ctx, &input, async |app, actor, user| suspension::restore(app, actor, user).await).await)
    }

    /// Deletes somebody for good, with everything that is theirs; runs on in the background.
    async fn admin_delete_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whom to delete.")] input: AdminUserInput,
    ) -> Option<Result<AdminUserPayload>> {
        answer(change(ctx, &input, async |app, actor, user| deletion::delete(app, actor, user).await).await)
    }

    /// Makes somebody an administrator.
    async fn admin_promote_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whom to promote.")] input: AdminUserInput,
    ) -> Option<Result<AdminUserPayload>> {
        answer(change(ctx, &input, async |app, actor, user| admin::set_role(app, actor, user, Role::Admin).await).await)
    }

    /// Makes an administrator a person like everybody else.
    async fn admin_demote_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whom to demote.")] input: AdminUserInput,
    ) -> Option<Result<AdminUserPayload>> {
        answer(
            change(ctx, &input, async |app, actor, user| admin::set_role(app, actor, user, Role::Person).await).await,
        )
    }
}

async fn change(
    ctx: &Context<'_>,
    input: &AdminUserInput,
    deed: impl AsyncFnOnce(&App, Actor, UserId) -> Result<()>,
) -> Result<AdminUserPayload> {
    let actor = actor(ctx).await?;
    let user = GlobalId::user(&input.user_id, "userId")?;
    deed(ctx.app(), actor, user).await?;
    Ok(AdminUserPayload { account: account(ctx, user).await?, user_errors: Vec::new() })
}
