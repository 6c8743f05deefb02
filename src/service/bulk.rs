//! A society made in bulk: the rows that the services and the worker would have made, many to a statement, for an empty
//! database and nobody looking.
//!
//! `tests/it/cli/bulk.rs` holds both ways against each other.

use std::collections::HashMap;

use entity::liked::SubjectKind;
use entity::notification::NotificationKind;
use entity::{CommentId, FollowId, LikeId, TweetId, UserId};
use entity::{
    comment, comment_stats, follow, inbox, liked, notification, profile, tweet, tweet_stats, user, user_stats,
};
use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, IntoActiveModel, Iterable};

use crate::app::App;
use crate::cache::Change;
use crate::clock::DAY;
use crate::db::{Transaction, bind_limit, sql};
use crate::error::{Error, Result, UserErrorCode};
use crate::ids::Ids;
use crate::service::feed::threshold::Threshold;
use crate::service::plan::Plan;

/// Everything happened within so many milliseconds before now, evenly.
const SPAN: i64 = 30 * DAY;

/// Carries out a plan in an empty database, in one transaction. `progress` is told how many rows have been made.
///
/// # Errors
/// TAKEN when there is anybody already, or whatever the database says.
pub async fn carry_out(app: &App, plan: &Plan, password_hash: &str, progress: impl Fn(usize)) -> Result<()> {
    let tx = app.db.begin().await?;
    if user::Entity::find().one(&tx).await?.is_some() {
        return Err(Error::user(UserErrorCode::Taken, None, "There are people in this database already."));
    }
    let threshold = Threshold::now(app, &tx).await?;
    let rows = Rows::of(app, plan, password_hash, &threshold);
    insert(&tx, rows.users, &progress).await?;
    insert(&tx, rows.profiles, &progress).await?;
    insert(&tx, rows.stats.into_values().collect(), &progress).await?;
    insert(&tx, rows.inboxes.into_values().collect(), &progress).await?;
    insert(&tx, rows.follows, &progress).await?;
    insert(&tx, rows.tweets, &progress).await?;
    insert(&tx, rows.tweet_stats, &progress).await?;
    insert(&tx, rows.comments, &progress).await?;
    insert(&tx, rows.comment_stats, &progress).await?;
    insert(&tx, rows.likes, &progress).await?;
    insert(&tx, rows.notifications, &progress).await?;
    let own = "INSERT INTO feed_entry (user_id, tweet_id, author_id) SELECT author_id, id, author_id FROM tweet";
    progress(affected(&tx, own).await?);
    let others = "INSERT INTO feed_entry (user_id, tweet_id, author_id)
                  SELECT f.follower_id, t.id, t.author_id FROM follow f JOIN tweet t ON t.author_id = f.followee_id
                  WHERE f.pushed = 1 ORDER BY f.follower_id, t.id";
    progress(affected(&tx, others).await?);
    tx.changed(Change::Everything);
    Ok(tx.commit().await?)
}

async fn affected(tx: &Transaction, text: &str) -> Result<usize> {
    let affected = tx.execute_raw(sql(tx, text, [])).await?.rows_affected();
    Ok(usize::try_from(affected).unwrap_or(usize::MAX))
}

async fn insert<M, A>(tx: &Transaction, rows: Vec<M>, progress: &impl Fn(usize)) -> Result<()>
where
    M: IntoActiveModel<A>,
    A: ActiveModelTrait + Send,
{
    let columns = <A::Entity as EntityTrait>::Column::iter().count().max(1);
    let size = bind_limit(tx) / columns;
    let mut rows = rows.into_iter().map(IntoActiveModel::into_active_model);
    loop {
        let batch: Vec<A> = rows.by_ref().take(size).collect();
        if batch.is_empty() {
            return Ok(());
        }
        let made = batch.len();
        A::Entity::insert_many(batch).exec_without_returning(tx).await?;
        progress(made);
    }
}

/// The rows, counted while they are made.
#[derive(Default)]
struct Rows {
    users: Vec<user::Model>,
    profiles: Vec<profile::Model>,
    stats: HashMap<UserId, user_stats::Model>,
    inboxes: HashMap<UserId, inbox::Model>,
    follows: Vec<follow::Model>,
    tweets: Vec<tweet::Model>,
    tweet_stats: Vec<tweet_stats::Model>,
    comments: Vec<comment::Model>,
    comment_stats: Vec<comment_stats::Model>,
    likes: Vec<liked::Model>,
    notifications: Vec<notification::Model>,
}

/// Ids and times for a number of deeds, spread evenly over the span.
struct Times {
    start: i64,
    step: f64,
    next: i64,
}

impl Times {
    fn next(&mut self) -> (i64, i64) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "milliseconds of 30 days")]
        let at = self.start + (self.next as f64 * self.step) as i64;
        // Deeds of one millisecond differ in the low bits; node numbers are leased from below, so that no process has these.
        let id = Ids::floor(at) | (0x3F_F000 | (self.next & 0xFFF));
        self.next += 1;
        (id, at)
    }
}

impl Rows {
    fn of(app: &App, plan: &Plan, password_hash: &str, threshold: &Threshold) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of 30 days")]
        let step = SPAN as f64 / plan.len().max(1) as f64;
        let mut times = Times { start: app.clock.now() - SPAN, step, next: 0 };
        let mut rows = Self::default();
        for username in &plan.usernames {
            rows.add_user(username, password_hash, &mut times);
        }
        rows.add_follows(plan, threshold, &mut times);
        rows.add_tweets(plan, &mut times);
        rows.add_comments(plan, &mut times);
        rows.add_likes(plan, &mut times);
        rows
    }

    fn add_user(&mut self, username: &str, password_hash: &str, times: &mut Times) {
        let (id, created_at) = times.next();
        let id = UserId(id);
        self.users.push(user::Model {
            id,
            username: username.to_owned(),
            email: format!("{username}@example.org"),
            password_hash: password_hash.to_owned(),
            created_at,
            role: user::Role::Person,
        });
        self.profiles.push(profile::Model { user_id: id, nickname: None, bio: String::new(), avatar: None });
        self.stats.insert(
            id,
            user_stats::Model {
                user_id: id,
                tweet_count: 0,
                follower_count: 0,
                following_count: 0,
                last_tweet_id: TweetId(0),
            },
        );
        self.inboxes.insert(id, inbox::Model { user_id: id, last_seq: 0, unread: 0 });
    }

    fn person(&self, place: usize) -> UserId {
        self.users.get(place).map_or(UserId(0), |user| user.id)
    }

    fn add_follows(&mut self, plan: &Plan, threshold: &Threshold, times: &mut Times) {
        for (follower, followee) in &plan.follows {
            let (follower, followee) = (self.person(*follower), self.person(*followee));
            self.stats.entry(follower).and_modify(|stats| stats.following_count += 1);
            self.stats.entry(followee).and_modify(|stats| stats.follower_count += 1);
            let (id, created_at) = times.next();
            let id = FollowId(id);
            self.follows.push(follow::Model {
                follower_id: follower,
                followee_id: followee,
                id,
                created_at,
                pushed: 0,
                filled_to: TweetId(0),
            });
            self.notify(followee, NotificationKind::Followed, followee.0, None, follower, created_at);
        }
        for edge in &mut self.follows {
            let followers = self.stats.get(&edge.followee_id).map_or(0, |stats| stats.follower_count);
            edge.pushed = i16::from(!threshold.is_pulled(edge.followee_id, followers));
        }
    }

    fn add_tweets(&mut self, plan: &Plan, times: &mut Times) {
        for text in &plan.tweets {
            let (id, created_at) = times.next();
            let (id, author_id) = (TweetId(id), self.person(text.author));
            self.stats.entry(author_id).and_modify(|stats| {
                stats.tweet_count += 1;
                stats.last_tweet_id = id;
            });
            self.tweets.push(tweet::Model {
                id,
                author_id,
                content: text.content.clone(),
                created_at,
                deleted_at: None,
            });
            self.tweet_stats.push(tweet_stats::Model { tweet_id: id, like_count: 0, comment_count: 0 });
        }
    }

    fn add_comments(&mut self, plan: &Plan, times: &mut Times) {
        for text in &plan.comments {
            let (id, created_at) = times.next();
            let (id, author_id) = (CommentId(id), self.person(text.author));
            let Some((tweet_id, tweet_author)) = self.tweet(text.tweet) else { continue };
            if let Some(stats) = self.tweet_stats.get_mut(text.tweet) {
                stats.comment_count += 1;
            }
            let content = text.content.clone();
            self.comments.push(comment::Model { id, tweet_id, author_id, content, created_at, edited_at: None });
            self.comment_stats.push(comment_stats::Model { comment_id: id, like_count: 0 });
            self.notify(tweet_author, NotificationKind::Commented, id.0, Some(tweet_id), author_id, created_at);
        }
    }

    fn add_likes(&mut self, plan: &Plan, times: &mut Times) {
        for (tweet, user) in &plan.likes {
            let (id, created_at) = times.next();
            let user_id = self.person(*user);
            let Some((tweet_id, tweet_author)) = self.tweet(*tweet) else { continue };
            if let Some(stats) = self.tweet_stats.get_mut(*tweet) {
                stats.like_count += 1;
            }
            let (subject_kind, subject_id) = (SubjectKind::Tweet, tweet_id.0);
            self.likes.push(liked::Model { subject_kind, subject_id, user_id, id: LikeId(id), created_at });
            self.notify(tweet_author, NotificationKind::Liked, tweet_id.0, Some(tweet_id), user_id, created_at);
        }
    }

    fn tweet(&self, place: usize) -> Option<(TweetId, UserId)> {
        self.tweets.get(place).map(|tweet| (tweet.id, tweet.author_id))
    }

    fn notify(
        &mut self,
        recipient_id: UserId,
        kind: NotificationKind,
        subject_id: i64,
        tweet_id: Option<TweetId>,
        actor_id: UserId,
        created_at: i64,
    ) {
        let Some(inbox) = self.inboxes.get_mut(&recipient_id).filter(|_| actor_id != recipient_id) else { return };
        inbox.last_seq += 1;
        inbox.unread += 1;
        self.notifications.push(notification::Model {
            recipient_id,
            seq: inbox.last_seq,
            kind,
            subject_id,
            tweet_id,
            actor_id,
            created_at,
            is_read: false,
            is_withdrawn: false,
        });
    }
}
