//! Comments.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use entity::{Subject, TweetId, comment};

use super::ContextExt;
use super::cursor::{Cursor, Kind};
use super::id::GlobalId;
use super::json::Json;
use super::likeable::{self, LikerConnection};
use super::page::{PageArgs, connection, present_connection};
use super::payload::{UserError, answer, payloads};
use super::present::{Present, Presented, Presenter};
use super::scalar::DateTime;
use super::selection::Selected;
use super::tweet::Tweet;
use super::user::User;
use crate::error::{Error, Result};
use crate::limit::rate::Action;
use crate::service::comment::NewComment;
use crate::service::{self, page};

/// What somebody says under a tweet.
#[derive(Clone, Debug)]
pub struct Comment(pub Arc<comment::Model>);

/// What somebody says under a tweet.
#[Object]
impl Comment {
    /// Globally unique.
    pub async fn id(&self) -> ID {
        GlobalId::Comment(self.0.id).encode()
    }

    /// What it stands under.
    async fn tweet(&self, ctx: &Context<'_>) -> Result<Tweet> {
        let tweet = ctx.loaders().tweet(self.0.tweet_id).await?;
        tweet.map(Tweet).ok_or_else(|| Error::NotFound("The tweet has been deleted meanwhile.".to_owned()))
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

    /// When it was changed last. Null until then.
    async fn edited_at(&self) -> Option<DateTime> {
        self.0.edited_at.map(DateTime)
    }

    /// How many people like it.
    pub async fn like_count(&self, ctx: &Context<'_>) -> Result<i64> {
        likeable::like_count(ctx, self.subject()).await
    }

    /// Does the viewer like it? False when nobody is logged in.
    pub async fn viewer_has_liked(&self, ctx: &Context<'_>) -> Result<bool> {
        likeable::viewer_has_liked(ctx, self.subject()).await
    }

    /// Whether the viewer may change it: it is their own.
    async fn viewer_can_update(&self, ctx: &Context<'_>) -> bool {
        ctx.viewer_opt().is_some_and(|viewer| viewer.user == self.0.author_id)
    }

    /// Whether the viewer may delete it: it is their own, or it stands under a tweet of their own.
    async fn viewer_can_delete(&self, ctx: &Context<'_>) -> Result<bool> {
        let Some(viewer) = ctx.viewer_opt() else { return Ok(false) };
        if viewer.user == self.0.author_id {
            return Ok(true);
        }
        let tweet = ctx.loaders().tweet(self.0.tweet_id).await?;
        Ok(tweet.is_some_and(|tweet| tweet.author_id == viewer.user))
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
        likeable::likers(ctx, self.subject(), PageArgs { first, after, last, before }).await
    }
}

impl Comment {
    fn subject(&self) -> Subject {
        Subject::Comment(self.0.id)
    }
}

impl Present for Comment {
    const TYPES: &'static [&'static str] = &["Comment", "Node", "Likeable"];

    fn field<'a>(&self, at: &Presenter<'a>, field: &Selected<'a>, json: &mut Json) -> Option<()> {
        let comment = &self.0;
        match field.name {
            "id" => json.base64(GlobalId::Comment(comment.id)),
            "author" => at.object(&User(comment.author_id), field, json),
            "content" => json.string(&comment.content),
            "createdAt" => json.time(comment.created_at),
            "editedAt" => match comment.edited_at {
                Some(at) => json.time(at),
                None => json.null(),
            },
            "likeCount" => json.number(at.page.comment_stats.get(&comment.id)?.as_ref()?.like_count),
            "viewerHasLiked" => json.boolean(likeable::known_like(at, self.subject())?),
            "viewerCanUpdate" => json.boolean(at.viewer == Some(comment.author_id)),
            "viewerCanDelete" => {
                let tweet_author = *at.page.tweet_authors.get(&comment.tweet_id)?;
                json.boolean(at.viewer.is_some_and(|viewer| viewer == comment.author_id || viewer == tweet_author))
            }
            _ => None,
        }
    }
}

connection! {
    /// The comments under one tweet, newest first.
    CommentConnection, CommentEdge, Comment
}

/// A comment under its tweet.
#[derive(Clone, SimpleObject)]
pub struct CommentEdge {
    /// Where it stands in the list.
    pub cursor: Cursor,
    /// The comment.
    pub node: Comment,
}

impl CommentEdge {
    fn new(comment: Arc<comment::Model>) -> Self {
        Self { cursor: Kind::Comments.encode(comment.id.0), node: Comment(comment) }
    }
}

present_connection!(CommentConnection, CommentEdge);

/// The comments under a tweet. Those of all tweets of a page are read in one statement, and so is what their fields ask of the
/// loaders: fetching it here would be once a tweet.
pub async fn under(ctx: &Context<'_>, tweet: TweetId, args: PageArgs) -> Result<Presented<CommentConnection>> {
    let request = args.request(ctx, Kind::Comments)?;
    let page = page::read(&request, async |slice| Ok(ctx.loaders().comments(tweet, slice).await?.to_vec())).await?;
    Ok(Presented(CommentConnection::new(page, CommentEdge::new)))
}

/// The same from what was fetched for the page, if nothing else is to be read for it: without cursors nothing is.
pub fn known_under<'a>(at: &Presenter<'a>, tweet: TweetId, field: &Selected<'a>) -> Option<CommentConnection> {
    let request = field.comments_page(at.document)?;
    if request.after.is_some() || request.before.is_some() {
        return None;
    }
    let rows = at.page.comments.get(&(tweet, request.slice()))?.to_vec();
    Some(CommentConnection::new(page::whole(request, rows), CommentEdge::new))
}

/// content: 1 to 280 grapheme clusters; idempotencyKey as for tweets.
#[derive(InputObject)]
struct CreateCommentInput {
    /// What to comment.
    tweet_id: ID,
    /// What the comment says; white space around it is cut off.
    content: String,
    /// A text of the client's choice, at most 100 bytes, that makes a repeat harmless.
    idempotency_key: Option<String>,
}

/// The new comment.
#[derive(Default, SimpleObject)]
struct CreateCommentPayload {
    /// The new comment.
    comment: Option<Comment>,
    /// The same, as it stands under its tweet.
    comment_edge: Option<CommentEdge>,
    /// What has to be mended; empty when all went well.
    user_errors: Vec<UserError>,
}

/// What a comment is to say from now on.
#[derive(InputObject)]
struct UpdateCommentInput {
    /// One of one's own.
    comment_id: ID,
    /// 1 to 280 grapheme clusters; white space around it is cut off.
    content: String,
}

/// The changed comment.
#[derive(Default, SimpleObject)]
struct UpdateCommentPayload {
    /// The comment as it is now.
    comment: Option<Comment>,
    /// What has to be mended; empty when all went well.
    user_errors: Vec<UserError>,
}

/// Which comment is to go.
#[derive(InputObject)]
struct DeleteCommentInput {
    /// One of one's own, or one under one's own tweet.
    comment_id: ID,
}

/// The id of what is gone.
#[derive(Default, SimpleObject)]
struct DeleteCommentPayload {
    /// The id of the comment that is gone.
    deleted_comment_id: Option<ID>,
    /// What it stood under.
    tweet: Option<Tweet>,
    /// What has to be mended; empty when all went well.
    user_errors: Vec<UserError>,
}

payloads!(CreateCommentPayload, UpdateCommentPayload, DeleteCommentPayload);

#[derive(Default)]
pub struct CommentMutation;

#[Object]
impl CommentMutation {
    /// Makes a comment.
    async fn create_comment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The comment.")] input: CreateCommentInput,
    ) -> Option<Result<CreateCommentPayload>> {
        answer(create(ctx, input).await)
    }

    /// Changes what a comment of one's own says.
    async fn update_comment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The comment and what it is to say.")] input: UpdateCommentInput,
    ) -> Option<Result<UpdateCommentPayload>> {
        answer(update(ctx, input).await)
    }

    /// Deletes a comment of one's own, or one under one's own tweet.
    async fn delete_comment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which comment is to go.")] input: DeleteCommentInput,
    ) -> Option<Result<DeleteCommentPayload>> {
        answer(delete(ctx, input).await)
    }
}

async fn create(ctx: &Context<'_>, input: CreateCommentInput) -> Result<CreateCommentPayload> {
    let viewer = ctx.charge(&[(Action::CommentsAndLikes, 1)]).await?.user;
    let tweet = GlobalId::tweet(&input.tweet_id, "tweetId");
    let new = NewComment { tweet, content: input.content, idempotency_key: input.idempotency_key };
    let comment = service::comment::create(ctx.app(), viewer, &new).await?;
    ctx.loaders().clear();
    let edge = CommentEdge::new(Arc::new(comment));
    Ok(CreateCommentPayload { comment: Some(edge.node.clone()), comment_edge: Some(edge), user_errors: Vec::new() })
}

async fn update(ctx: &Context<'_>, input: UpdateCommentInput) -> Result<UpdateCommentPayload> {
    let viewer = ctx.charge(&[(Action::CommentsAndLikes, 1)]).await?.user;
    let id = GlobalId::comment(&input.comment_id, "commentId");
    let comment = service::comment::update(ctx.app(), viewer, id, &input.content).await?;
    ctx.loaders().clear();
    Ok(UpdateCommentPayload { comment: Some(Comment(Arc::new(comment))), user_errors: Vec::new() })
}

async fn delete(ctx: &Context<'_>, input: DeleteCommentInput) -> Result<DeleteCommentPayload> {
    let viewer = ctx.viewer()?.user;
    let id = GlobalId::comment(&input.comment_id, "commentId")?;
    let tweet = service::comment::delete(ctx.app(), viewer, id).await?;
    ctx.loaders().clear();
    Ok(DeleteCommentPayload {
        deleted_comment_id: Some(input.comment_id),
        tweet: ctx.loaders().tweet(tweet).await?.map(Tweet),
        user_errors: Vec::new(),
    })
}
