//! Notifications: the list, and live.

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject, Subscription, Union};
use entity::notification::{self, NotificationKind as Kind};
use entity::{Subject, UserId};
use futures_util::Stream;
use futures_util::stream;

use super::ContextExt;
use super::comment::Comment;
use super::cursor;
use super::id::GlobalId;
use super::page::connection;
use super::scalar::DateTime;
use super::tweet::Tweet;
use super::user::User;
use crate::app::App;
use crate::error;
use crate::live::Topic;
use crate::service;

/// Something that somebody did and that concerns me.
#[derive(Clone, Debug)]
pub struct Notification(pub notification::Model);

/// Something that somebody did and that concerns me.
#[Object]
impl Notification {
    /// Globally unique.
    pub async fn id(&self) -> ID {
        GlobalId::Notification(self.0.recipient_id, self.0.seq).encode()
    }

    /// What was done.
    async fn kind(&self) -> NotificationKind {
        self.0.kind.into()
    }

    /// Who did it.
    async fn actor(&self) -> User {
        User(self.0.actor_id)
    }

    /// What it was done to: my tweet or comment; null for FOLLOWED and for what has been deleted since.
    async fn subject(&self, ctx: &Context<'_>) -> Option<error::Result<NotificationSubject>> {
        match service::notification::subject(&self.0)? {
            Subject::Tweet(id) => {
                let tweet = ctx.loaders().tweet(id).await.transpose()?;
                Some(tweet.map(|tweet| NotificationSubject::Tweet(Tweet(tweet))))
            }
            Subject::Comment(id) => {
                let comment = ctx.loaders().comment(id).await.transpose()?;
                Some(comment.map(|comment| NotificationSubject::Comment(Comment(comment))))
            }
        }
    }

    /// For COMMENTED, the comment itself; null when it has been deleted since.
    async fn comment(&self, ctx: &Context<'_>) -> Option<error::Result<Comment>> {
        let id = service::notification::comment(&self.0)?;
        Some(ctx.loaders().comment(id).await.transpose()?.map(Comment))
    }

    /// When it was done.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// Whether I have read it.
    async fn is_read(&self) -> bool {
        self.0.is_read
    }
}

/// What somebody can do that concerns somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Kind")]
pub enum NotificationKind {
    /// Somebody likes my tweet or comment.
    Liked,
    /// Somebody commented on my tweet.
    Commented,
    /// Somebody follows me.
    Followed,
}

/// What of mine something was done to.
#[derive(Union)]
pub enum NotificationSubject {
    Tweet(Tweet),
    Comment(Comment),
}

connection! {
    /// What others did that concerns me, newest first.
    NotificationConnection, NotificationEdge, Notification
}

/// A notification in the list.
#[derive(Clone, SimpleObject)]
pub struct NotificationEdge {
    /// Where it stands in the list.
    pub cursor: cursor::Cursor,
    /// The notification.
    pub node: Notification,
}

impl NotificationEdge {
    pub fn new(row: notification::Model) -> Self {
        Self { cursor: cursor::Kind::Notifications.encode(row.seq), node: Notification(row) }
    }
}

#[derive(Default)]
pub struct NotificationSubscription;

#[Subscription]
impl NotificationSubscription {
    /// What others do that concerns me, as it happens; with `after`, first what was missed. Exact: notifications are
    /// numbered for their recipient in the order of their commits, so that none is ever skipped or repeated.
    async fn notification_added(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Where the last stream ended: a cursor of the notifications.")] after: Option<String>,
    ) -> Result<impl Stream<Item = Result<NotificationEdge>> + use<>> {
        let viewer = ctx.viewer()?.user;
        let app = ctx.app().clone();
        // First listen, then look: what is added in between is seen by both, never by none.
        let topic = app.live.inboxes.listen(viewer);
        let seq = match after {
            Some(cursor) => cursor::Kind::Notifications.decode(&cursor)?,
            None => Box::pin(service::notification::inbox(app.db.read(), viewer)).await?.last_seq,
        };
        let added = Added { app, viewer, topic, seq, found: Vec::new().into_iter() };
        Ok(stream::try_unfold(added, async |mut added| Ok(Some((added.next().await?, added)))))
    }
}

/// Where one stream stands: everything up to `seq` has been found, and `found` is still to be sent.
struct Added {
    app: App,
    viewer: UserId,
    topic: Topic<UserId>,
    seq: i64,
    found: std::vec::IntoIter<notification::Model>,
}

impl Added {
    async fn next(&mut self) -> Result<NotificationEdge> {
        loop {
            if let Some(row) = self.found.next() {
                self.seq = row.seq;
                return Ok(NotificationEdge::new(row));
            }
            // Boxed: a stream that waits is to be small.
            let found = Box::pin(service::notification::since(&self.app, self.viewer, self.seq)).await?;
            if found.is_empty() {
                self.app.live.wait(self.topic.woken()).await;
            }
            self.found = found.into_iter();
        }
    }
}
