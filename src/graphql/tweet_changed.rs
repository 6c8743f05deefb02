//! The counts of one tweet, live.

use std::sync::Arc;
use std::time::Duration;

use async_graphql::{Context, ID, Result, Subscription};
use entity::{TweetId, tweet, tweet_stats};
use futures_util::Stream;
use futures_util::stream;
use tokio::time::{Instant, sleep_until};

use super::id::GlobalId;
use super::tweet::Tweet;
use super::{ContextExt, RequestContext};
use crate::app::App;
use crate::error::{self, Error};
use crate::live::Topic;

/// The least time between two items: what changes meanwhile is told at once.
const PAUSE: Duration = Duration::from_millis(500);

#[derive(Default)]
pub struct TweetSubscription;

#[Subscription]
impl TweetSubscription {
    /// One tweet whenever its counts change, at most twice a second; the first item is the state now. Null once, and the
    /// end, when it is gone; NOT_FOUND when there is none at the start.
    async fn tweet_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which tweet.")] tweet_id: ID,
    ) -> Result<impl Stream<Item = Result<Option<Tweet>>> + use<>> {
        let GlobalId::Tweet(id) = GlobalId::decode(&tweet_id)? else { return Err(none().into()) };
        let app = ctx.app().clone();
        // First listen, then look: what changes in between is seen by both, never by none.
        let topic = app.live.tweets.listen(id);
        let mut changes = Changes { app, request: ctx.request().clone(), id, topic, sent: None, next: None };
        let first = Box::pin(changes.look()).await?.ok_or_else(none)?;
        changes.next = Some(first);
        Ok(stream::try_unfold(Some(changes), async |changes| {
            let Some(mut changes) = changes else { return Ok(None) };
            let tweet = changes.next().await?;
            // After the null that says it is gone there is nothing.
            let rest = tweet.is_some().then_some(changes);
            Ok(Some((tweet, rest)))
        }))
    }
}

fn none() -> Error {
    Error::NotFound("There is no such tweet.".to_owned())
}

type State = (Arc<tweet::Model>, tweet_stats::Model);

/// Where one stream stands.
struct Changes {
    app: App,
    request: Arc<RequestContext>,
    id: TweetId,
    topic: Topic<TweetId>,
    /// What was sent last, and when.
    sent: Option<(tweet_stats::Model, Instant)>,
    /// What was seen at the start and has yet to be sent.
    next: Option<State>,
}

impl Changes {
    async fn next(&mut self) -> Result<Option<Tweet>> {
        let mut seen = self.next.take();
        loop {
            if let Some((tweet, stats)) = seen
                && self.sent.as_ref().is_none_or(|(sent, _)| *sent != stats)
            {
                // The item shows the counts that it was sent for, not newer ones which the next is sent for again.
                self.request.loaders.feed_tweet_stats(stats.clone()).await;
                self.sent = Some((stats, Instant::now()));
                return Ok(Some(Tweet(tweet)));
            }
            self.app.live.wait(self.topic.woken()).await;
            if let Some((_, at)) = self.sent {
                sleep_until(at + PAUSE).await;
            }
            // Boxed: a stream that waits is to be small.
            seen = Box::pin(self.look()).await?;
            if seen.is_none() {
                return Ok(None);
            }
        }
    }

    /// The tweet and its counts as they are now; none if it is gone.
    async fn look(&self) -> error::Result<Option<State>> {
        let loaders = &self.request.loaders;
        loaders.clear();
        let (tweet, stats) = futures_util::try_join!(loaders.tweet(self.id), loaders.tweet_stats(self.id))?;
        Ok(tweet.zip(stats))
    }
}
