//! Processes that are killed as `kill -9` does, at every labelled point of the write path and at random, and started again:
//! what was acknowledged is there, nothing is there twice, and every feed is what its definition says.

mod deletion;
mod labelled;
mod random;

use roost::service::feed::verify;

use crate::support::process::{Place, until};
use crate::support::{Person, TestApp};

/// Small batches and a low limit, so that every walk has several steps and both kinds of edges occur.
fn place(push_limit: i64) -> Place {
    Place::with(|config| {
        config.feed_batch = 2;
        config.feed_push_limit = push_limit;
        config.worker_lease_seconds = 1;
    })
}

/// Waits for a running process to have worked everything off.
async fn settled(app: &TestApp) {
    until("the queue is empty", async || app.number("SELECT COUNT(*) FROM outbox", []).await == 0).await;
}

/// Everything that has to be true of a database on which nothing is left to do.
async fn assert_sound(app: &TestApp, people: &[Person]) {
    for reader in people {
        assert_eq!(app.home_feed(reader).await, app.oracle_feed(reader).await, "{}", reader.name);
    }
    for (what, wrong) in [
        ("dead letters", "SELECT COUNT(*) FROM dead_letter"),
        (
            "counters",
            "SELECT COUNT(*) FROM user_stats s WHERE
             tweet_count <> (SELECT COUNT(*) FROM tweet WHERE author_id = s.user_id AND deleted_at IS NULL)
             OR follower_count <> (SELECT COUNT(*) FROM follow WHERE followee_id = s.user_id)
             OR following_count <> (SELECT COUNT(*) FROM follow WHERE follower_id = s.user_id)",
        ),
        (
            "inboxes",
            "SELECT COUNT(*) FROM inbox i WHERE
             last_seq <> (SELECT COUNT(*) FROM notification WHERE recipient_id = i.user_id)
             OR unread <> (SELECT COUNT(*) FROM notification
                           WHERE recipient_id = i.user_id AND NOT is_withdrawn AND NOT is_read)",
        ),
        (
            "people made by halves",
            "SELECT COUNT(*) FROM users u WHERE 3 <> (SELECT COUNT(*) FROM profile WHERE user_id = u.id)
             + (SELECT COUNT(*) FROM user_stats WHERE user_id = u.id)
             + (SELECT COUNT(*) FROM inbox WHERE user_id = u.id)",
        ),
        ("tweets that are deleted and still there", "SELECT COUNT(*) FROM tweet WHERE deleted_at IS NOT NULL"),
    ] {
        assert_eq!(app.number(wrong, []).await, 0, "{what}");
    }
    let report = verify::verify(&app.app, None).await.unwrap();
    assert!(report.faults.is_empty() && report.waiting == 0, "{report:?}");
}

/// Pairs of texts, sorted.
async fn pairs(app: &TestApp, text: &str) -> Vec<(String, String)> {
    let rows = app.rows(text, []).await;
    let mut pairs: Vec<_> =
        rows.iter().map(|row| (row.try_get_by_index(0).unwrap(), row.try_get_by_index(1).unwrap())).collect();
    pairs.sort();
    pairs
}

/// Who follows whom.
async fn edges(app: &TestApp) -> Vec<(String, String)> {
    let text = "SELECT a.username, b.username FROM follow f
                JOIN users a ON a.id = f.follower_id JOIN users b ON b.id = f.followee_id";
    pairs(app, text).await
}

/// Who wrote what.
async fn tweets(app: &TestApp) -> Vec<(String, String)> {
    pairs(app, "SELECT u.username, t.content FROM tweet t JOIN users u ON u.id = t.author_id").await
}
