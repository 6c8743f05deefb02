//! How each kind of damage is mended: one transaction a finding, under the locks that the ordinary writes take.

use entity::{TweetId, UserId, follow};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::{Check, Finding};
use crate::app::App;
use crate::bus::{Message, outbox};
use crate::cache::Change;
use crate::db::{Transaction, on_conflict_nothing, sql};
use crate::error::Result;
use crate::service::{feed::sweep, stats};

/// # Errors
/// Whatever the database says.
pub async fn repair(app: &App, finding: &Finding) -> Result<()> {
    let user = finding.user;
    let other = finding.other.unwrap_or(user);
    if finding.check == Check::Garbage {
        return sweep::sweep_reader(app, user).await.map(drop);
    }
    let tx = app.db.begin().await?;
    stats::lock(&tx, [user.min(other), user.max(other)]).await?;
    match finding.check {
        Check::PushedComplete | Check::FilledComplete | Check::CouldBePushed => refill(app, &tx, user, other).await?,
        Check::OwnComplete => {
            let text = format!(
                "INSERT INTO feed_entry (user_id, tweet_id, author_id)
                 SELECT author_id, id, author_id FROM tweet WHERE author_id = ? AND deleted_at IS NULL {}",
                on_conflict_nothing(&tx, "user_id")
            );
            tx.execute_raw(sql(&tx, &text, [user.into()])).await?;
        }
        Check::EntryAuthor => {
            let text = "UPDATE feed_entry SET author_id = (SELECT t.author_id FROM tweet t WHERE t.id = tweet_id)
                        WHERE user_id = ? AND tweet_id IN (SELECT id FROM tweet)";
            tx.execute_raw(sql(&tx, text, [user.into()])).await?;
        }
        Check::LastTweet => {
            let text = "UPDATE user_stats SET last_tweet_id = (SELECT MAX(t.id) FROM tweet t WHERE t.author_id = ?)
                        WHERE user_id = ?";
            tx.execute_raw(sql(&tx, text, [user.into(), user.into()])).await?;
        }
        Check::Counters => recount(&tx, user).await?,
        // Mostly one of the others has made the feed differ, and is mended by now.
        Check::FeedIsDefinition if super::compare(&tx, user).await? > 0 => refill_all(app, &tx, user).await?,
        Check::FeedIsDefinition | Check::Garbage => (),
    }
    tx.changed(Change::Everything);
    Ok(tx.commit().await?)
}

/// Pulls the edge, which makes the feed right at once, and fills it anew.
async fn refill(app: &App, tx: &Transaction, follower: UserId, followee: UserId) -> Result<()> {
    follow::Entity::update_many()
        .set(follow::ActiveModel { pushed: Set(0), filled_to: Set(TweetId(0)), ..Default::default() })
        .filter(follow::Column::FollowerId.eq(follower))
        .filter(follow::Column::FolloweeId.eq(followee))
        .exec(tx)
        .await?;
    outbox::post(app, tx, Message::Fill { follower, followee, from: TweetId(0) }).await
}

/// The same with every edge of a reader.
async fn refill_all(app: &App, tx: &Transaction, reader: UserId) -> Result<()> {
    let edges = follow::Entity::find().filter(follow::Column::FollowerId.eq(reader)).all(tx).await?;
    for edge in edges {
        refill(app, tx, reader, edge.followee_id).await?;
    }
    Ok(())
}

async fn recount(tx: &Transaction, user: UserId) -> Result<()> {
    let text = "UPDATE user_stats SET
                tweet_count = (SELECT COUNT(*) FROM tweet WHERE author_id = ? AND deleted_at IS NULL),
                follower_count = (SELECT COUNT(*) FROM follow WHERE followee_id = ?),
                following_count = (SELECT COUNT(*) FROM follow WHERE follower_id = ?)
                WHERE user_id = ?";
    tx.execute_raw(sql(tx, text, vec![user.into(); 4])).await?;
    Ok(())
}
