//! Tweets.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use entity::{Subject, tweet};

use super::ContextExt;
use super::comment::{self, CommentConnection};
use super::cursor::{Cursor, Kind};
use super::feed::FeedEdge;
use super::id::GlobalId;
use super::json::Json;
use super::likeable::{self, LikerConnection};
use super::page::{PageArgs, connection, present_connection};
use super::payload::{UserError, answer, payloads};
use super::photo::{Photo, PhotoInput};
use super::present::{Present, Presented, Presenter};
use super::scalar::DateTime;
use super::selection::Selected;
use super::user::User;
use super::viewer::Viewer;
use crate::error::Result;
use crate::limit::rate::Action;
use crate::service;

/// A short text by somebody.
#[derive(Clone, Debug)]
pub struct Tweet(pub Arc<tweet::Model>);

/// A short text by somebody.
#[Object]
impl Tweet {
    /// Globally unique.
    pub async fn id(&self) -> ID {
        GlobalId::Tweet(self.0.id).encode()
    }

    /// Who wrote it.
    async fn author(&self) -> User {
        User(self.0.author_id)
    }

    /// What it says: 1 to 280 characters (grapheme clusters).
    async fn content(&self) -> &str {
        &self.0.content
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// In the order in which they were attached, at most 9.
    async fn photos(&self, ctx: &Context<'_>) -> Result<Vec<Photo>> {
        Ok(ctx.loaders().photos(self.0.id).await?.into_iter().map(Photo).collect())
    }

    /// How many comments stand under it.
    async fn comment_count(&self, ctx: &Context<'_>) -> Result<i64> {
        // Without counters it has just been deleted.
        Ok(ctx.loaders().tweet_stats(self.0.id).await?.map_or(0, |stats| stats.comment_count))
    }

    /// How many people like it.
    pub async fn like_count(&self, ctx: &Context<'_>) -> Result<i64> {
        likeable::like_count(ctx, Subject::Tweet(self.0.id)).await
    }

    /// Does the viewer like it? False when nobody is logged in.
    pub async fn viewer_has_liked(&self, ctx: &Context<'_>) -> Result<bool> {
        likeable::viewer_has_liked(ctx, Subject::Tweet(self.0.id)).await
    }

    /// Who likes it, newest like first.
    pub async fn likers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning: 0 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 0 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<LikerConnection> {
        likeable::likers(ctx, Subject::Tweet(self.0.id), PageArgs { first, after, last, before }).await
    }

    /// Newest comment first.
    async fn comments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning: 0 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 0 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Presented<CommentConnection>> {
        comment::under(ctx, self.0.id, PageArgs { first, after, last, before }).await
    }

    /// Whether the viewer may delete it: it is their own.
    async fn viewer_can_delete(&self, ctx: &Context<'_>) -> bool {
        ctx.viewer_opt().is_some_and(|viewer| viewer.user == self.0.author_id)
    }
}

impl Present for Tweet {
    const TYPES: &'static [&'static str] = &["Tweet", "Node", "Likeable"];

    fn field<'a>(&self, at: &Presenter<'a>, field: &Selected<'a>, json: &mut Json) -> Option<()> {
        let tweet = &self.0;
        let stats = || at.page.tweet_stats.get(&tweet.id)?.as_ref();
        match field.name {
            "id" => json.base64(GlobalId::Tweet(tweet.id)),
            "author" => at.object(&User(tweet.author_id), field, json),
            "content" => json.string(&tweet.content),
            "createdAt" => json.time(tweet.created_at),
            "photos" => {
                let photos: Vec<_> = at.page.photos.get(&tweet.id)?.iter().cloned().map(Photo).collect();
                at.list(&photos, field, json)
            }
            "commentCount" => json.number(stats()?.comment_count),
            "likeCount" => json.number(stats()?.like_count),
            "viewerHasLiked" => json.boolean(likeable::known_like(at, Subject::Tweet(tweet.id))?),
            "viewerCanDelete" => json.boolean(at.viewer == Some(tweet.author_id)),
            "comments" => at.object(&comment::known_under(at, tweet.id, field)?, field, json),
            _ => None,
        }
    }
}

connection! {
    /// The tweets of one user, newest first.
    TweetConnection, TweetEdge, Tweet
}

/// A tweet in the list of its author.
#[derive(Clone, SimpleObject)]
pub struct TweetEdge {
    /// Where it stands in the list.
    pub cursor: Cursor,
    /// The tweet.
    pub node: Tweet,
}

impl TweetEdge {
    pub fn new(tweet: Arc<tweet::Model>) -> Self {
        Self { cursor: Kind::Tweets.encode(tweet.id.0), node: Tweet(tweet) }
    }
}

present_connection!(TweetConnection, TweetEdge);

/// content: 1 to 280 grapheme clusters. idempotencyKey: unique for the author for 24 hours; a repeat with the same input
/// changes nothing and returns the first result, with another input it is the error IDEMPOTENCY_MISMATCH.
#[derive(InputObject)]
struct CreateTweetInput {
    /// What the tweet says; white space around it is cut off.
    content: String,
    /// At most 9, shown in this order. All or nothing: one that cannot be read, and there is no tweet.
    photos: Option<Vec<PhotoInput>>,
    /// A text of the client's choice, at most 100 bytes, that makes a repeat harmless.
    idempotency_key: Option<String>,
}

/// The new tweet.
#[derive(Default, SimpleObject)]
struct CreateTweetPayload {
    /// The new tweet.
    tweet: Option<Tweet>,
    /// The same, as it stands in the list of its author.
    tweet_edge: Option<TweetEdge>,
    /// The same, as it stands in the viewer's home feed.
    feed_edge: Option<FeedEdge>,
    /// The person asking.
    viewer: Option<Viewer>,
    /// What has to be mended; empty when all went well.
    user_errors: Vec<UserError>,
}

/// Which tweet is to go.
#[derive(InputObject)]
struct DeleteTweetInput {
    /// One of one's own.
    tweet_id: ID,
}

/// The id of what is gone.
#[derive(Default, SimpleObject)]
struct DeleteTweetPayload {
    /// The id of the tweet that is gone.
    deleted_tweet_id: Option<ID>,
    /// The person asking.
    viewer: Option<Viewer>,
    /// What has to be mended; empty when all went well.
    user_errors: Vec<UserError>,
}

payloads!(CreateTweetPayload, DeleteTweetPayload);

#[derive(Default)]
pub struct TweetMutation;

#[Object]
impl TweetMutation {
    /// Makes a tweet. It is in one's own feed at once, and soon in those of one's followers.
    async fn create_tweet(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The tweet.")] input: CreateTweetInput,
    ) -> Option<Result<CreateTweetPayload>> {
        answer(create(ctx, input).await)
    }

    /// Deletes one's own tweet. It is gone from every answer at once.
    async fn delete_tweet(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which tweet.")] input: DeleteTweetInput,
    ) -> Option<Result<DeleteTweetPayload>> {
        answer(delete(ctx, input).await)
    }
}

async fn create(ctx: &Context<'_>, input: CreateTweetInput) -> Result<CreateTweetPayload> {
    let photos = input.photos.unwrap_or_default();
    let viewer = ctx.charge(&[(Action::Tweets, 1), (Action::Uploads, photos.len())]).await?;
    let new = service::tweet::NewTweet {
        content: input.content,
        photos: photos.into_iter().map(Into::into).collect(),
        idempotency_key: input.idempotency_key,
    };
    let tweet = Arc::new(service::tweet::create(ctx.app(), viewer.user, &new).await?);
    ctx.loaders().clear();
    Ok(CreateTweetPayload {
        tweet: Some(Tweet(Arc::clone(&tweet))),
        tweet_edge: Some(TweetEdge::new(Arc::clone(&tweet))),
        feed_edge: Some(FeedEdge::new(tweet)),
        viewer: Some(Viewer(viewer.user)),
        user_errors: Vec::new(),
    })
}

async fn delete(ctx: &Context<'_>, input: DeleteTweetInput) -> Result<DeleteTweetPayload> {
    let viewer = ctx.viewer()?;
    let id = GlobalId::tweet(&input.tweet_id, "tweetId")?;
    service::tweet::delete(ctx.app(), viewer.user, id).await?;
    ctx.loaders().clear();
    Ok(DeleteTweetPayload {
        deleted_tweet_id: Some(input.tweet_id),
        viewer: Some(Viewer(viewer.user)),
        user_errors: Vec::new(),
    })
}
