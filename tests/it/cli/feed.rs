//! `roost feed`: the exit codes and what is printed. What the checks find is in verify.rs.

use crate::support::process::Place;

const FINE: &str = "nothing is wrong; the feeds of 3 readers were compared with their definition\n";

#[tokio::test]
async fn verify_exits_with_1_until_what_it_found_is_mended() {
    let place = Place::new();
    let app = place.open().await;
    let [alice, bob, _] = app.cast(["alice", "bob", "carol"]).await;
    app.follow(&bob, &alice).await;
    app.drain().await;
    app.tweet(&alice, "hello").await;
    app.drain().await;
    assert_eq!(place.run(&["feed", "verify"]).await.ok(), FINE);

    app.damage(&format!("DELETE FROM feed_entry WHERE user_id = {}", bob.id)).await;
    for args in [&["feed", "verify"][..], &["feed", "verify", "--user", "bob"], &["feed", "verify", "--user", "BOB"]] {
        let found = place.run(args).await;
        assert_eq!(found.code, Some(1), "{found:?}");
        assert!(found.stdout.starts_with("2 faults;"), "{found:?}");
        assert!(
            found.stdout.contains(&format!("V1 tweets missing on an edge that counts as complete: user {}", bob.id))
        );
        assert!(found.stdout.contains("V7 feed differs from its definition"), "{found:?}");
    }
    let alone = place.run(&["feed", "verify", "--user", "alice"]).await;
    assert!(alone.ok().starts_with("nothing is wrong; the feeds of 1 readers"), "{alone:?}");

    let mended = place.run(&["feed", "verify", "--repair"]).await;
    assert!(mended.ok().ends_with(&format!("Mended. Looking again:\n{FINE}")), "{mended:?}");
    assert_eq!(app.home_feed(&bob).await, app.oracle_feed(&bob).await);
    assert_eq!(place.run(&["feed", "verify"]).await.ok(), FINE);
    assert_eq!(place.run(&["feed", "verify", "--repair"]).await.ok(), FINE);
}

#[tokio::test]
async fn a_feed_of_nobody_is_refused() {
    let place = Place::new();
    place.run(&["migrate"]).await.ok();
    let answer = place.run(&["feed", "verify", "--user", "nobody"]).await;
    assert_eq!(answer.refused(), "There is nobody named nobody");
}

#[tokio::test]
async fn remarks_are_printed_and_are_no_faults() {
    let place = Place::new();
    let app = place.open().await;
    let [alice, bob, _] = app.cast(["alice", "bob", "carol"]).await;
    app.follow(&bob, &alice).await;
    app.tweet(&alice, "hello").await;
    app.drain().await;
    app.damage("UPDATE follow SET pushed = 0").await;
    app.damage(&format!("INSERT INTO feed_entry (user_id, tweet_id, author_id) VALUES ({}, 1, 1)", bob.id)).await;
    let found = place.run(&["feed", "verify"]).await;
    assert!(found.ok().starts_with(FINE), "{found:?}");
    assert!(found.stdout.contains("remark  V8 ") && found.stdout.contains("remark  V9 "), "{found:?}");
    assert_eq!(place.run(&["feed", "sweep"]).await.ok(), "1 entries deleted\n");
    assert_eq!(place.run(&["feed", "promote"]).await.ok(), "1 edges will be filled and pushed\n");
    app.drain().await;
    assert_eq!(place.run(&["feed", "verify"]).await.ok(), FINE);
}
