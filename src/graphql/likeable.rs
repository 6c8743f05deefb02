//! What can be liked: tweets and comments, by one mechanism.

use std::borrow::Cow;

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::{
    Context, ContextSelectionSet, ID, InputObject, Interface, Object, OutputType, Positioned, ServerResult,
    SimpleObject, Value,
};
use entity::Subject;

use super::ContextExt;
use super::comment::Comment;
use super::cursor::{Cursor, Kind};
use super::id::GlobalId;
use super::node::Node;
use super::page::{PageArgs, connection};
use super::payload::{UserError, answer, payloads};
use super::present::Presenter;
use super::scalar::DateTime;
use super::tweet::Tweet;
use super::user::User;
use crate::error::{Error, Result};
use crate::limit::rate::Action;
use crate::service::like::{self, Liker};

/// What can be liked.
#[derive(Clone, Interface)]
#[expect(clippy::duplicated_attributes, reason = "the lint takes the types of two arguments for one attribute")]
#[graphql(
    field(name = "id", ty = "ID", desc = "Globally unique."),
    field(name = "like_count", ty = "Result<i64>", desc = "How many people like it."),
    field(
        name = "viewer_has_liked",
        ty = "Result<bool>",
        desc = "Does the viewer like it? False when nobody is logged in."
    ),
    field(
        name = "likers",
        ty = "Result<LikerConnection>",
        desc = "Who likes it, newest like first.",
        arg(name = "first", ty = "Option<i32>", desc = "How many from the beginning: 0 to 100."),
        arg(name = "after", ty = "Option<String>", desc = "Only what comes after this cursor."),
        arg(name = "last", ty = "Option<i32>", desc = "How many from the end: 0 to 100."),
        arg(name = "before", ty = "Option<String>", desc = "Only what comes before this cursor.")
    )
)]
pub enum Likeable {
    Tweet(Tweet),
    Comment(Comment),
}

impl Likeable {
    /// The subject as it is now, if it is there for the viewer.
    async fn find(ctx: &Context<'_>, subject: Subject) -> Result<Option<Self>> {
        Ok(match subject {
            Subject::Tweet(id) => ctx.loaders().tweet(id).await?.map(|tweet| Self::Tweet(Tweet(tweet))),
            Subject::Comment(id) => ctx.loaders().comment(id).await?.map(|comment| Self::Comment(Comment(comment))),
        })
    }
}

/// What whatever can be liked has in common.
pub async fn like_count(ctx: &Context<'_>, subject: Subject) -> Result<i64> {
    // Without counters it has just been deleted.
    Ok(match subject {
        Subject::Tweet(id) => ctx.loaders().tweet_stats(id).await?.map_or(0, |stats| stats.like_count),
        Subject::Comment(id) => ctx.loaders().comment_stats(id).await?.map_or(0, |stats| stats.like_count),
    })
}

pub async fn viewer_has_liked(ctx: &Context<'_>, subject: Subject) -> Result<bool> {
    let Some(viewer) = ctx.viewer_opt() else { return Ok(false) };
    ctx.loaders().has_liked(viewer.user, subject).await
}

/// The same from what was fetched for the page.
pub fn known_like(at: &Presenter<'_>, subject: Subject) -> Option<bool> {
    let Some(viewer) = at.viewer else { return Some(false) };
    at.page.likes.get(&(viewer, subject)).copied()
}

pub async fn likers(ctx: &Context<'_>, subject: Subject, args: PageArgs) -> Result<LikerConnection> {
    let page = like::likers(ctx.app(), subject, &args.request(ctx, Kind::Likers)?).await?;
    Ok(LikerConnection::new(page, LikerEdge::new))
}

/// Says that whatever can be liked is a node: the derived interfaces have no word for it.
pub struct LikeableIsNode;

impl OutputType for LikeableIsNode {
    fn type_name() -> Cow<'static, str> {
        Likeable::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        registry.add_implements(&Likeable::type_name(), &<Node as OutputType>::type_name());
        Likeable::create_type_info(registry)
    }

    async fn resolve(&self, _: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        Ok(Value::Null)
    }
}

connection! {
    /// Who likes something, newest like first.
    LikerConnection, LikerEdge, User
}

/// Somebody who likes it.
#[derive(Clone, SimpleObject)]
pub struct LikerEdge {
    /// Where it stands in the list.
    pub cursor: Cursor,
    /// Who likes it.
    pub node: User,
    /// Since when.
    liked_at: DateTime,
}

impl LikerEdge {
    fn new(liker: Liker) -> Self {
        let cursor = Kind::Likers.encode(liker.id.0);
        Self { cursor, node: User(liker.user_id), liked_at: DateTime(liker.created_at) }
    }
}

/// What to like.
#[derive(InputObject)]
struct LikeInput {
    /// A tweet or a comment.
    subject_id: ID,
}

/// What to like no longer.
#[derive(InputObject)]
struct UnlikeInput {
    /// A tweet or a comment.
    subject_id: ID,
}

/// What one likes now.
#[derive(Default, SimpleObject)]
struct LikePayload {
    /// What is liked.
    subject: Option<Likeable>,
    /// What has to be mended; empty when all went well.
    user_errors: Vec<UserError>,
}

/// What one likes no longer.
#[derive(Default, SimpleObject)]
struct UnlikePayload {
    /// What is not liked any more.
    subject: Option<Likeable>,
    /// What has to be mended; empty when all went well.
    user_errors: Vec<UserError>,
}

payloads!(LikePayload, UnlikePayload);

#[derive(Default)]
pub struct LikeMutation;

#[Object]
impl LikeMutation {
    /// Liking what is liked already changes nothing and succeeds.
    async fn like(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to like.")] input: LikeInput,
    ) -> Option<Result<LikePayload>> {
        let subject = set(ctx, &input.subject_id, true).await;
        answer(subject.map(|subject| LikePayload { subject: Some(subject), user_errors: Vec::new() }))
    }

    /// Unliking what is not liked changes nothing and succeeds.
    async fn unlike(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to like no longer.")] input: UnlikeInput,
    ) -> Option<Result<UnlikePayload>> {
        let subject = set(ctx, &input.subject_id, false).await;
        answer(subject.map(|subject| UnlikePayload { subject: Some(subject), user_errors: Vec::new() }))
    }
}

async fn set(ctx: &Context<'_>, id: &ID, liked: bool) -> Result<Likeable> {
    let viewer = ctx.charge(&[(Action::CommentsAndLikes, 1)]).await?.user;
    let subject = GlobalId::subject(id, "subjectId")?;
    if liked {
        like::like(ctx.app(), viewer, subject).await?;
    } else {
        like::unlike(ctx.app(), viewer, subject).await?;
    }
    ctx.loaders().clear();
    let subject = Likeable::find(ctx, subject).await?;
    subject.ok_or_else(|| Error::not_found("tweet or comment", "subjectId"))
}
