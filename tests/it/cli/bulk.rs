//! Made in bulk or one deed after the other: the same society, but for ids and times.

use crate::support::TestApp;
use crate::support::process::Place;

/// Every row by what does not depend on how it was made.
const TABLES: [&str; 10] = [
    "SELECT username || ' ' || email FROM users",
    "SELECT u.username || ' ' || p.bio || COALESCE(p.nickname, '-') FROM profile p JOIN users u ON u.id = p.user_id",
    "SELECT u.username || ' ' || s.tweet_count || ' ' || s.follower_count || ' ' || s.following_count || ' ' ||
         (SELECT COUNT(*) FROM tweet t WHERE t.author_id = s.user_id AND t.id <= s.last_tweet_id)
     FROM user_stats s JOIN users u ON u.id = s.user_id",
    "SELECT a.username || ' ' || b.username || ' ' || f.pushed || ' ' || f.filled_to FROM follow f
     JOIN users a ON a.id = f.follower_id JOIN users b ON b.id = f.followee_id",
    "SELECT u.username || ' ' || t.content || ' ' || s.like_count || ' ' || s.comment_count FROM tweet t
     JOIN users u ON u.id = t.author_id JOIN tweet_stats s ON s.tweet_id = t.id",
    "SELECT u.username || ' ' || c.content || ' ' || t.content || ' ' || s.like_count FROM comment c
     JOIN users u ON u.id = c.author_id JOIN tweet t ON t.id = c.tweet_id
     JOIN comment_stats s ON s.comment_id = c.id WHERE c.edited_at IS NULL",
    "SELECT u.username || ' ' || l.subject_kind || ' ' || t.content FROM liked l
     JOIN users u ON u.id = l.user_id JOIN tweet t ON t.id = l.subject_id",
    "SELECT u.username || ' ' || a.username || ' ' || t.content FROM feed_entry e
     JOIN users u ON u.id = e.user_id JOIN users a ON a.id = e.author_id JOIN tweet t ON t.id = e.tweet_id",
    "SELECT u.username || ' ' || i.last_seq || ' ' || i.unread FROM inbox i JOIN users u ON u.id = i.user_id",
    "SELECT r.username || ' ' || n.kind || ' ' || a.username || ' ' || n.is_read || n.is_withdrawn || ' ' ||
         COALESCE(t.content, '') || ' ' || COALESCE(l.content, '') || COALESCE(c.content, '')
     FROM notification n JOIN users r ON r.id = n.recipient_id JOIN users a ON a.id = n.actor_id
     LEFT JOIN tweet t ON t.id = n.tweet_id LEFT JOIN tweet l ON l.id = n.subject_id
     LEFT JOIN comment c ON c.id = n.subject_id",
];

async fn contents(app: &TestApp) -> Vec<Vec<String>> {
    let mut contents = Vec::new();
    for text in TABLES {
        let rows = app.rows(text, []).await;
        let mut table: Vec<String> = rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
        table.sort_unstable();
        contents.push(table);
    }
    contents
}

#[tokio::test]
async fn bulk_and_services_make_the_same_society() {
    let sizes = ["seed", "--people", "9", "--follows", "4", "--tweets", "3", "--comments", "2", "--likes", "3"];
    // Some authors are above the limit, some below.
    let place = || Place::with(|config| config.feed_push_limit = 4);
    let (one_by_one, in_bulk) = (place(), place());
    one_by_one.run(&sizes).await.ok();
    in_bulk.run(&[&sizes[..], &["--bulk"]].concat()).await.ok();
    let (one_by_one, in_bulk) = (one_by_one.open().await, in_bulk.open().await);
    let made = contents(&one_by_one).await;
    assert_eq!(made.iter().map(Vec::len).collect::<Vec<_>>()[..7], [9, 9, 9, 36, 27, 54, 81]);
    for (place, (one, bulk)) in made.iter().zip(&contents(&in_bulk).await).enumerate() {
        // An edge that was pushed for a while leaves entries behind that nobody is shown twice.
        if TABLES[place].contains("FROM feed_entry") {
            assert!(bulk.iter().all(|entry| one.contains(entry)));
        } else {
            assert_eq!(one, bulk, "{}", TABLES[place]);
        }
    }
    for app in [&one_by_one, &in_bulk] {
        let report = roost::service::feed::verify::verify(&app.app, None).await.unwrap();
        assert!(report.faults.is_empty(), "{:?}", report.faults);
        assert!(roost::service::counters::verify(&app.app).await.unwrap().is_empty());
    }
}
