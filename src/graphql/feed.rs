//! The home feed: the list, and live.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use async_graphql::{Context, Result, SimpleObject, Subscription};
use entity::{TweetId, UserId, tweet};
use futures_util::Stream;
use futures_util::stream;

use super::cursor::{Cursor, Kind};
use super::feed_listeners::{FeedListeners, Listener};
use super::page::{connection, present_connection};
use super::tweet::Tweet;
use super::{ContextExt, RequestContext};
use crate::app::App;
use crate::error::{self, Error};
use crate::service::feed::live;

/// How many tweets a stream remembers to have sent. An edge that turns between pushed and pulled may be told twice.
const REMEMBERED: usize = 1_000;

connection! {
    /// Tweets of everybody whom the viewer follows and their own, newest first.
    FeedConnection, FeedEdge, Tweet
}

/// A tweet in a home feed.
#[derive(Clone, SimpleObject)]
pub struct FeedEdge {
    /// Where it stands in the feed.
    pub cursor: Cursor,
    /// The tweet.
    pub node: Tweet,
}

impl FeedEdge {
    pub fn new(tweet: Arc<tweet::Model>) -> Self {
        Self { cursor: Kind::Feed.encode(tweet.id.0), node: Tweet(tweet) }
    }
}

present_connection!(FeedConnection, FeedEdge);

#[derive(Default)]
pub struct FeedSubscription;

#[Subscription]
impl FeedSubscription {
    /// New tweets of my home feed, my own among them; the past of somebody newly followed is not sent. `after` is a cursor
    /// of the feed: tweets newer than it come first, oldest first. After a resume read the first page again: a tweet that
    /// was delivered late may be older than the cursor.
    async fn home_feed_tweet_added(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Where the last stream ended: a cursor of the feed.")] after: Option<String>,
    ) -> Result<impl Stream<Item = Result<FeedEdge>> + use<>> {
        let viewer = ctx.viewer()?.user;
        let app = ctx.app().clone();
        // First listen, then look: what is delivered in between is seen by both, never by none.
        let listener = ctx.data_unchecked::<FeedListeners>().listen(viewer);
        let mut sent = Sent::default();
        let missed = match after {
            Some(cursor) => {
                let seen = TweetId(Kind::Feed.decode(&cursor)?);
                // It may be delivered only now: whoever has its cursor has it.
                sent.remember(seen);
                Box::pin(live::missed(&app, viewer, seen)).await?
            }
            None => Vec::new(),
        };
        let missed = missed.into();
        let request = ctx.request().clone();
        let added = Added { app, request, viewer, listener, missed, sent };
        Ok(stream::try_unfold(added, async |mut added| Ok(Some((added.next().await?, added)))))
    }
}

/// Where one stream stands.
struct Added {
    app: App,
    request: Arc<RequestContext>,
    viewer: UserId,
    listener: Listener,
    missed: VecDeque<Arc<tweet::Model>>,
    sent: Sent,
}

impl Added {
    async fn next(&mut self) -> Result<FeedEdge> {
        loop {
            let tweet = match self.missed.pop_front().or_else(|| self.listener.waiting()) {
                // While nobody read it, it may have been deleted, or its author unfollowed.
                Some(tweet) if self.is_shown(tweet.id).await? => tweet,
                Some(_) => continue,
                None => self.listener.next().await.ok_or(Error::Resubscribe)?,
            };
            if self.sent.remember(tweet.id) {
                self.request.begin_turn(self.listener.turn().await);
                return Ok(FeedEdge::new(tweet));
            }
        }
    }

    /// Boxed, for it is large and seldom there, and a stream that waits is to be small.
    async fn is_shown(&self, tweet: TweetId) -> error::Result<bool> {
        Box::pin(live::is_shown(&self.app, self.viewer, tweet)).await
    }
}

/// The newest tweets that a stream has sent.
#[derive(Default)]
struct Sent {
    ids: HashSet<TweetId>,
    order: VecDeque<TweetId>,
}

impl Sent {
    /// False if it is remembered already.
    fn remember(&mut self, id: TweetId) -> bool {
        if !self.ids.insert(id) {
            return false;
        }
        self.order.push_back(id);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        true
    }
}
