//! Followers, following, follow and unfollow.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use entity::UserId;

use super::ContextExt;
use super::cursor::{Cursor, Kind};
use super::id::GlobalId;
use super::page::connection;
use super::payload::{UserError, answer, payloads};
use super::scalar::DateTime;
use super::user::User;
use super::viewer::Viewer;
use crate::error::Result;
use crate::limit::rate::Action;
use crate::service::follow::{self, Edge};

connection! {
    /// Who follows a user, newest follow first.
    FollowerConnection, FollowerEdge, User
}

/// Somebody who follows a user.
#[derive(Clone, SimpleObject)]
pub struct FollowerEdge {
    /// Where it stands in the list.
    pub cursor: Cursor,
    /// Who follows.
    pub node: User,
    /// Since when.
    followed_at: DateTime,
}

impl FollowerEdge {
    pub fn new(edge: Edge) -> Self {
        let cursor = Kind::Followers.encode(edge.id.0);
        Self { cursor, node: User(edge.user_id), followed_at: DateTime(edge.created_at) }
    }
}

connection! {
    /// Whom a user follows, newest follow first.
    FollowingConnection, FollowingEdge, User
}

/// Somebody whom a user follows.
#[derive(Clone, SimpleObject)]
pub struct FollowingEdge {
    /// Where it stands in the list.
    pub cursor: Cursor,
    /// Who is followed.
    pub node: User,
    /// Since when.
    followed_at: DateTime,
}

impl FollowingEdge {
    pub fn new(edge: Edge) -> Self {
        let cursor = Kind::Following.encode(edge.id.0);
        Self { cursor, node: User(edge.user_id), followed_at: DateTime(edge.created_at) }
    }
}

/// Whom to follow.
#[derive(InputObject)]
struct FollowInput {
    /// Anybody but oneself.
    user_id: ID,
}

/// Whom to follow no longer.
#[derive(InputObject)]
struct UnfollowInput {
    /// Anybody but oneself.
    user_id: ID,
}

/// Whom one follows now.
#[derive(Default, SimpleObject)]
struct FollowPayload {
    /// Who is followed.
    user: Option<User>,
    /// The person asking.
    viewer: Option<Viewer>,
    /// What has to be mended; empty when all went well.
    user_errors: Vec<UserError>,
}

/// Whom one follows no longer.
#[derive(Default, SimpleObject)]
struct UnfollowPayload {
    /// Who is not followed any more.
    user: Option<User>,
    /// The person asking.
    viewer: Option<Viewer>,
    /// What has to be mended; empty when all went well.
    user_errors: Vec<UserError>,
}

payloads!(FollowPayload, UnfollowPayload);

#[derive(Default)]
pub struct FollowMutation;

#[Object]
impl FollowMutation {
    /// Following whom one follows already changes nothing and succeeds. Following oneself is a user error.
    async fn follow(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whom to follow.")] input: FollowInput,
    ) -> Option<Result<FollowPayload>> {
        answer(follow(ctx, &input.user_id).await)
    }

    /// Unfollowing whom one does not follow changes nothing and succeeds.
    async fn unfollow(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whom to follow no longer.")] input: UnfollowInput,
    ) -> Option<Result<UnfollowPayload>> {
        answer(unfollow(ctx, &input.user_id).await)
    }
}

async fn follow(ctx: &Context<'_>, id: &ID) -> Result<FollowPayload> {
    let (viewer, user) = parties(ctx, id).await?;
    follow::follow(ctx.app(), viewer, user).await?;
    ctx.loaders().clear();
    Ok(FollowPayload { user: Some(User(user)), viewer: Some(Viewer(viewer)), user_errors: Vec::new() })
}

async fn unfollow(ctx: &Context<'_>, id: &ID) -> Result<UnfollowPayload> {
    let (viewer, user) = parties(ctx, id).await?;
    follow::unfollow(ctx.app(), viewer, user).await?;
    ctx.loaders().clear();
    Ok(UnfollowPayload { user: Some(User(user)), viewer: Some(Viewer(viewer)), user_errors: Vec::new() })
}

async fn parties(ctx: &Context<'_>, id: &ID) -> Result<(UserId, UserId)> {
    Ok((ctx.charge(&[(Action::Follows, 1)]).await?.user, GlobalId::user(id, "userId")?))
}
