//! Users and their profiles.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};
use entity::UserId;

use super::ContextExt;
use super::cursor::Kind;
use super::follow::{FollowerConnection, FollowerEdge, FollowingConnection, FollowingEdge};
use super::id::GlobalId;
use super::json::Json;
use super::page::PageArgs;
use super::present::{Present, Presented, Presenter};
use super::scalar::DateTime;
use super::selection::Selected;
use super::tweet::{TweetConnection, TweetEdge};
use super::wants;
use crate::error::Error;
use crate::service::user::Person;
use crate::service::{follow, tweet, user};

/// A person, as everybody sees them.
#[derive(Clone, Copy, Debug)]
pub struct User(pub UserId);

impl User {
    /// # Errors
    /// NOT_FOUND when the user has been deleted since the list was read in which they stood.
    async fn person(self, ctx: &Context<'_>) -> Result<Arc<Person>> {
        let person = ctx.loaders().person(self.0).await?;
        Ok(person.ok_or_else(gone)?)
    }

    async fn stats(self, ctx: &Context<'_>) -> Result<entity::user_stats::Model> {
        let stats = ctx.loaders().stats(self.0).await?;
        Ok(stats.ok_or_else(gone)?)
    }
}

fn gone() -> Error {
    Error::NotFound("The user has been deleted meanwhile.".to_owned())
}

/// A person, as everybody sees them.
#[Object]
impl User {
    /// Globally unique.
    pub async fn id(&self) -> ID {
        GlobalId::User(self.0).encode()
    }

    /// The handle: 3 to 20 of a-z, 0-9 and _.
    async fn username(&self, ctx: &Context<'_>) -> Result<String> {
        Ok(self.person(ctx).await?.0.username.clone())
    }

    /// When the person signed up.
    async fn created_at(&self, ctx: &Context<'_>) -> Result<DateTime> {
        Ok(DateTime(self.person(ctx).await?.0.created_at))
    }

    /// What the person shows of themselves.
    async fn profile(&self, ctx: &Context<'_>) -> Result<Profile> {
        Ok(Profile(self.person(ctx).await?))
    }

    /// How many tweets the person has.
    async fn tweet_count(&self, ctx: &Context<'_>) -> Result<i64> {
        Ok(self.stats(ctx).await?.tweet_count)
    }

    /// How many people follow this person.
    async fn follower_count(&self, ctx: &Context<'_>) -> Result<i64> {
        Ok(self.stats(ctx).await?.follower_count)
    }

    /// How many people this person follows.
    async fn following_count(&self, ctx: &Context<'_>) -> Result<i64> {
        Ok(self.stats(ctx).await?.following_count)
    }

    /// Does the viewer follow this user? False when nobody is logged in.
    async fn viewer_is_following(&self, ctx: &Context<'_>) -> Result<bool> {
        let Some(viewer) = ctx.viewer_opt() else { return Ok(false) };
        Ok(ctx.loaders().relation(viewer.user, self.0).await?.follows)
    }

    /// Does this user follow the viewer? False when nobody is logged in.
    async fn is_following_viewer(&self, ctx: &Context<'_>) -> Result<bool> {
        let Some(viewer) = ctx.viewer_opt() else { return Ok(false) };
        Ok(ctx.loaders().relation(viewer.user, self.0).await?.followed)
    }

    /// Newest tweet first.
    async fn tweets(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning: 0 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 0 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Presented<TweetConnection>> {
        let request = PageArgs { first, after, last, before }.request(ctx, Kind::Tweets)?;
        let page = tweet::timeline::page(ctx.app(), self.0, &request).await?;
        let viewer = ctx.viewer_opt().map(|viewer| viewer.user);
        ctx.loaders().hydrate_tweets(viewer, &page.rows, &wants::tweets(ctx)).await?;
        Ok(Presented(TweetConnection::new(page, TweetEdge::new)))
    }

    /// Newest follow first.
    async fn followers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning: 0 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 0 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<FollowerConnection> {
        let request = PageArgs { first, after, last, before }.request(ctx, Kind::Followers)?;
        let page = follow::followers(ctx.app(), self.0, &request).await?;
        Ok(FollowerConnection::new(page, FollowerEdge::new))
    }

    /// Newest follow first.
    async fn following(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning: 0 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 0 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<FollowingConnection> {
        let request = PageArgs { first, after, last, before }.request(ctx, Kind::Following)?;
        let page = follow::following(ctx.app(), self.0, &request).await?;
        Ok(FollowingConnection::new(page, FollowingEdge::new))
    }
}

impl Present for User {
    const TYPES: &'static [&'static str] = &["User", "Node"];

    fn field<'a>(&self, at: &Presenter<'a>, field: &Selected<'a>, json: &mut Json) -> Option<()> {
        let person = || at.page.people.get(&self.0)?.as_ref();
        let stats = || at.page.user_stats.get(&self.0)?.as_ref();
        let relation = || at.page.relations.get(&(at.viewer?, self.0));
        match field.name {
            "id" => json.base64(GlobalId::User(self.0)),
            "username" => json.string(&person()?.0.username),
            "createdAt" => json.time(person()?.0.created_at),
            "profile" => at.object(person()?.as_ref(), field, json),
            "tweetCount" => json.number(stats()?.tweet_count),
            "followerCount" => json.number(stats()?.follower_count),
            "followingCount" => json.number(stats()?.following_count),
            "viewerIsFollowing" => json.boolean(relation()?.follows),
            "isFollowingViewer" => json.boolean(relation()?.followed),
            _ => None,
        }
    }
}

/// What a person shows of themselves.
#[derive(Clone, Debug)]
pub struct Profile(pub Arc<Person>);

/// What a person shows of themselves.
#[Object]
impl Profile {
    /// Globally unique.
    pub async fn id(&self) -> ID {
        GlobalId::Profile(self.0.0.id).encode()
    }

    /// The username until one is chosen.
    async fn nickname(&self) -> &str {
        shown_name(&self.0)
    }

    /// What the person says of themselves; may be empty.
    async fn bio(&self) -> &str {
        &self.0.1.bio
    }

    /// A square picture, if there is one.
    async fn avatar_url(&self, ctx: &Context<'_>) -> Option<String> {
        Some(ctx.app().media.url(self.0.1.avatar.as_deref()?))
    }
}

fn shown_name((user, profile): &Person) -> &str {
    profile.nickname.as_deref().unwrap_or(&user.username)
}

/// As a `Profile`.
impl Present for Person {
    const TYPES: &'static [&'static str] = &["Profile", "Node"];

    fn field<'a>(&self, at: &Presenter<'a>, field: &Selected<'a>, json: &mut Json) -> Option<()> {
        let (user, profile) = self;
        match field.name {
            "id" => json.base64(GlobalId::Profile(user.id)),
            "nickname" => json.string(shown_name(self)),
            "bio" => json.string(&profile.bio),
            "avatarUrl" => match &profile.avatar {
                Some(name) => json.url(at.app.media.base(), name),
                None => json.null(),
            },
            _ => None,
        }
    }
}

#[derive(Default)]
pub struct UserQuery;

#[Object]
impl UserQuery {
    /// By handle, ignoring case.
    async fn user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The handle, in any letter case.")] username: String,
    ) -> Option<crate::error::Result<User>> {
        let found = user::visible_by_username(ctx.app().db.read(), &username).await.transpose()?;
        Some(found.map(User))
    }
}
