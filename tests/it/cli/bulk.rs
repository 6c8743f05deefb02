//! Made in bulk or one deed after the other: the same society, but for ids and times.

use std::collections::BTreeSet;
use std::sync::Mutex;

use roost::service::bulk;
use roost::service::plan::{Plan, Sizes};

use crate::support::TestApp;
use crate::support::process::Place;

/// Every row by what does not depend on how it was made.
const TABLES: [&str; 10] = [
    "SELECT username || ' ' || email || ' ' || role FROM users",
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

/// What neither way makes.
const EMPTY: [&str; 10] = [
    "session",
    "suspended",
    "photo",
    "media_trash",
    "idempotency",
    "outbox",
    "dead_letter",
    "gate",
    "gate_user",
    "audit",
];

/// The names of all tables, as the entities have them.
fn tables() -> BTreeSet<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/entity/src");
    let sources = std::fs::read_dir(folder).unwrap().map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    let name = |source: String| Some(source.split_once("table_name = \"")?.1.split_once('"')?.0.to_owned());
    sources.filter_map(name).collect()
}

#[test]
fn every_table_is_held_against_the_other() {
    // Node numbers belong to processes.
    let named: BTreeSet<String> = EMPTY.iter().copied().chain(["node"]).map(ToOwned::to_owned).collect();
    let words: Vec<&str> = TABLES.iter().flat_map(|text| text.split_whitespace()).collect();
    let read = words.windows(2).filter(|pair| ["FROM", "JOIN"].contains(&pair[0]));
    let compared: BTreeSet<String> = read.map(|pair| pair[1].to_owned()).collect();
    assert_eq!(compared.union(&named).cloned().collect::<BTreeSet<_>>(), tables());
    assert!(compared.is_disjoint(&named));
}

#[tokio::test]
async fn the_progress_is_told_row_by_row() {
    let app = TestApp::new().await;
    let sizes = Sizes { people: 9, follows: 4, has_star: true, tweets: 3, comments: 2, likes: 3, length: 120, seed: 1 };
    let plan = Plan::new(&sizes);
    let told = Mutex::new(Vec::new());
    bulk::carry_out(&app.app, &plan, "", |rows| told.lock().unwrap().push(rows)).await.unwrap();
    let told = told.into_inner().unwrap();
    let mut rows = 0;
    for table in tables().iter().filter(|table| *table != "node") {
        rows += app.number(&format!("SELECT COUNT(*) FROM {table}"), []).await;
    }
    assert_eq!(told.iter().sum::<usize>(), usize::try_from(rows).unwrap());
    assert!(told.len() > 10, "{told:?}");
}

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
        for table in EMPTY {
            assert_eq!(app.number(&format!("SELECT COUNT(*) FROM {table}"), []).await, 0, "{table}");
        }
        let report = roost::service::feed::verify::verify(&app.app, None).await.unwrap();
        assert!(report.faults.is_empty(), "{:?}", report.faults);
        assert!(roost::service::counters::verify(&app.app).await.unwrap().is_empty());
    }
}
