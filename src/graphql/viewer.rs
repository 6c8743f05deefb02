//! The person asking.

use async_graphql::{Context, ID, Object, Result};
use entity::UserId;

use super::ContextExt;
use super::cursor::Kind;
use super::feed::{FeedConnection, FeedEdge};
use super::id::GlobalId;
use super::notification::{NotificationConnection, NotificationEdge};
use super::page::PageArgs;
use super::present::Presented;
use super::session::Session;
use super::user::User;
use super::wants;
use crate::error::Error;
use crate::service::{feed, notification, session};

/// What only the person asking may see about themselves.
#[derive(Clone, Copy, Debug)]
pub struct Viewer(pub UserId);

/// What only the person asking may see about themselves.
#[Object]
impl Viewer {
    /// Globally unique.
    pub async fn id(&self) -> ID {
        GlobalId::Viewer(self.0).encode()
    }

    /// What everybody sees.
    async fn user(&self) -> User {
        User(self.0)
    }

    /// Where letters go; nobody else sees it.
    async fn email(&self, ctx: &Context<'_>) -> Result<String> {
        let person = ctx.loaders().person(self.0).await?;
        Ok(person.ok_or(Error::Unauthenticated)?.0.email.clone())
    }

    /// Tweets of everybody I follow and my own, newest first.
    async fn home_feed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning: 0 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 0 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Presented<FeedConnection>> {
        let request = PageArgs { first, after, last, before }.request(ctx, Kind::Feed)?;
        let page = feed::read::page(ctx.app(), self.0, &request).await?;
        ctx.loaders().hydrate_tweets(Some(self.0), &page.rows, &wants::tweets(ctx)).await?;
        Ok(Presented(FeedConnection::new(page, FeedEdge::new)))
    }

    /// What others did that concerns me, newest first.
    async fn notifications(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = false, desc = "Leaves out what I have read.")] unread_only: bool,
        #[graphql(desc = "How many from the beginning: 0 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 0 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<NotificationConnection> {
        let request = PageArgs { first, after, last, before }.request(ctx, Kind::Notifications)?;
        let page = notification::page(ctx.app(), self.0, unread_only, &request).await?;
        Ok(NotificationConnection::new(page, NotificationEdge::new))
    }

    /// How many notifications I have not read.
    async fn unread_notification_count(&self, ctx: &Context<'_>) -> Result<i64> {
        Ok(notification::unread(ctx.app().db.read(), self.0).await?)
    }

    /// Where I am logged in, latest first, at most 50; a further log-in ends the oldest. 30 days idle or 180 days old ends a
    /// session.
    async fn sessions(&self, ctx: &Context<'_>) -> Result<Vec<Session>> {
        // Boxed, as whatever makes the future of all these fields large.
        Ok(Box::pin(session::of(ctx.app(), self.0)).await?.into_iter().map(Session).collect())
    }
}

#[derive(Default)]
pub struct ViewerQuery;

#[Object]
impl ViewerQuery {
    /// The person asking. Null when the request carries no valid session; never an error.
    async fn viewer(&self, ctx: &Context<'_>) -> Option<Viewer> {
        ctx.viewer_opt().map(|viewer| Viewer(viewer.user))
    }
}
