//! What is read does not grow with what is there: counted in steps of the database's machine.

use entity::{TweetId, UserId};
use roost::service::feed::read;
use roost::service::page::{End, Slice};
use roost::service::{comment, follow, stats};

use crate::support::meter::Meter;

const PAGE: Slice = Slice { newer_than: i64::MIN, older_than: i64::MAX, from: End::Newest, limit: 21 };

/// Asserts that the steps for little and for a lot are the same, but for a page that is not quite full or a deeper tree.
#[track_caller]
fn assert_alike(little: u64, much: u64) {
    assert!(little > 0 && much < little * 3 / 2, "{little} steps for little, {much} for a lot");
}

#[tokio::test]
async fn s03_whether_one_follows_somebody_is_looked_up_and_not_searched() {
    let mut steps = Vec::new();
    for crowd in [10, 20_000] {
        let meter = Meter::new().await;
        // User 1 follows everybody, and everybody follows user 1.
        let follow = "follow (follower_id, followee_id, id, created_at, pushed, filled_to)";
        meter.fill(follow, "1, i + 1, i, 0, 1, 0", crowd).await;
        meter.fill(follow, "i + 1, 1, 100000 + i, 0, 1, 0", crowd).await;
        meter
            .fill(
                "user_stats (user_id, tweet_count, follower_count, following_count, last_tweet_id)",
                "i, 0, 0, 0, 0",
                crowd,
            )
            .await;
        let others: Vec<UserId> = (2..8).map(UserId).collect();
        let (edges, looked) = meter.steps(follow::between(&meter.db, UserId(1), &others)).await;
        assert_eq!(edges.len(), 12);
        let (_, edge) = meter.steps(follow::edge(&meter.db, UserId(3), UserId(1))).await;
        let (_, counted) = meter.steps(stats::by_ids(&meter.db, &others)).await;
        steps.push(looked + edge + counted);
    }
    assert_alike(steps[0], steps[1]);
}

#[tokio::test]
async fn s15_a_page_of_a_long_feed_reads_no_more_than_one_of_a_short_feed() {
    for pushed in [0, 1] {
        let mut steps = Vec::new();
        for tweets in [100, 50_000] {
            let meter = Meter::new().await;
            let edge = format!("2, 1, 1, 0, {pushed}, 0");
            meter.fill("follow (follower_id, followee_id, id, created_at, pushed, filled_to)", &edge, 1).await;
            meter.fill("tweet (id, author_id, content, created_at)", "i, 1, 'x', 0", tweets).await;
            if pushed == 1 {
                meter.fill("feed_entry (user_id, tweet_id, author_id)", "2, i, 1", tweets).await;
            }
            let (page, taken) = meter.steps(read::slice(&meter.db, UserId(2), PAGE)).await;
            assert_eq!((page.len(), page[0].id), (21, TweetId(tweets.into())));
            steps.push(taken);
        }
        assert_alike(steps[0], steps[1]);
    }
}

#[tokio::test]
async fn s19_the_comments_of_a_page_read_no_more_of_a_busy_tweet_than_of_a_quiet_one() {
    for from in [End::Newest, End::Oldest] {
        let mut steps = Vec::new();
        for comments in [10, 100_000] {
            let meter = Meter::new().await;
            meter.fill("tweet (id, author_id, content, created_at)", "i, 1, 'x', 0", 20).await;
            let columns = "comment (id, tweet_id, author_id, content, created_at)";
            meter.fill(columns, "i, 1 + i % 20, 1, 'x', 0", 200).await;
            meter.fill(columns, "200 + i, 7, 1, 'x', 0", comments).await;
            let tweets: Vec<TweetId> = (1..=20).map(TweetId).collect();
            let slice = Slice { from, limit: 4, ..PAGE };
            let (page, taken) = meter.steps(comment::slices(&meter.db, &tweets, slice)).await;
            assert_eq!(page.len(), 80);
            steps.push(taken);
        }
        assert_alike(steps[0], steps[1]);
    }
}
