//! Gates: who is in, what a change does to them, and the one that fan-out is behind.

use std::collections::BTreeSet;

use entity::UserId;
use roost::app::App;
use roost::clock::SECOND;
use roost::service::audit::Actor::CommandLine;
use roost::service::feed::threshold;
use roost::service::feed::verify::{self, Check};
use roost::service::gate::{self, Gate, GateChange, HYBRID_FANOUT};
use roost::service::page::{End, PageRequest};
use roost::service::{audit, gate as gates};

use crate::support::{Person, TestApp};

fn at(name: &str, percent: i16) -> Gate {
    Gate { name: name.to_owned(), percent, ..Gate::default() }
}

fn people(gate: &Gate) -> BTreeSet<i64> {
    // Ids as they are made: a millisecond apart, and within one.
    (0..10_000_i64).map(|n| (n << 22) | (n % 7)).filter(|id| gate.is_open(UserId(*id))).collect()
}

#[test]
fn a_raised_percentage_only_adds_people_and_is_about_so_many() {
    let mut before = BTreeSet::new();
    for percent in 0..=100 {
        let now = people(&at("a-feature", percent));
        assert!(before.is_subset(&now), "somebody fell out at {percent}");
        let wanted = usize::try_from(percent).unwrap() * 100;
        assert!(now.len().abs_diff(wanted) <= 200, "{} of 10,000 at {percent}", now.len());
        before = now;
    }
    assert_eq!((people(&at("a-feature", 0)).len(), before.len()), (0, 10_000));
}

#[test]
fn gates_choose_independently_of_each_other() {
    let (one, two) = (people(&at("one", 50)), people(&at("two", 50)));
    let both = one.intersection(&two).count();
    assert!((2_300..2_700).contains(&both), "{both} are in both");
}

/// Fixed for all versions: whoever changes the hash moves people to the other side.
#[test]
fn who_is_in_never_changes() {
    let least = |name: &str, user: i64| (0..=100).find(|percent| at(name, *percent).is_open(UserId(user))).unwrap();
    let found = [
        least("hybrid-fanout", 1),
        least("hybrid-fanout", 2),
        least("hybrid-fanout", 118_446_744_073_709_551),
        least("a-feature", 1),
        least("a-feature", 2),
    ];
    assert_eq!(found, [49, 23, 3, 28, 29]);
}

async fn set(app: &App, name: &str, change: GateChange) -> Gate {
    gate::set(app, CommandLine, name, &change).await.unwrap()
}

async fn is_open(app: &App, name: &str, person: &Person) -> bool {
    gates::current(app, app.db.read()).await.unwrap().is_open(name, person.id)
}

fn percent(percent: i32) -> GateChange {
    GateChange { percent: Some(percent), ..GateChange::default() }
}

#[tokio::test]
async fn the_lists_come_before_the_percentage() {
    let app = TestApp::new().await;
    let [ada, bob] = app.cast(["ada", "bob"]).await;
    assert!(!is_open(&app.app, "new", &ada).await, "one that nobody has set is closed");
    set(&app.app, "new", GateChange { allow: vec![ada.id], ..percent(0) }).await;
    assert!(is_open(&app.app, "new", &ada).await && !is_open(&app.app, "new", &bob).await);
    set(&app.app, "new", GateChange { deny: vec![ada.id], ..percent(100) }).await;
    assert!(!is_open(&app.app, "new", &ada).await && is_open(&app.app, "new", &bob).await);
    set(&app.app, "new", GateChange { unlist: vec![ada.id, bob.id], ..GateChange::default() }).await;
    assert!(is_open(&app.app, "new", &ada).await);
}

#[tokio::test]
async fn a_change_acts_here_at_once_and_in_other_processes_within_five_seconds() {
    let app = TestApp::new().await;
    let second = app.second().await;
    let ada = app.person("ada").await;
    for wanted in [100, 0] {
        let before = is_open(&second.app, "new", &ada).await;
        set(&app.app, "new", percent(wanted)).await;
        assert_eq!(is_open(&app.app, "new", &ada).await, wanted == 100);
        assert_eq!(is_open(&second.app, "new", &ada).await, before, "its copy is fresh: nothing is read");
        let statements = second.statements();
        assert_eq!(is_open(&second.app, "new", &ada).await, before);
        assert_eq!(second.statements(), statements);
        second.app.clock.advance(2 * SECOND);
        assert_eq!(is_open(&second.app, "new", &ada).await, wanted == 100);
    }
    // A clock that is put back makes no copy younger.
    set(&app.app, "new", percent(100)).await;
    second.app.clock.advance(-3_600 * SECOND);
    assert!(is_open(&second.app, "new", &ada).await);
}

#[tokio::test]
async fn every_change_is_in_the_log_and_what_changes_nothing_is_not() {
    let app = TestApp::new().await;
    let [ada, bob] = app.cast(["ada", "bob"]).await;
    set(&app.app, "new", GateChange { description: Some("A feature.".to_owned()), ..percent(5) }).await;
    set(&app.app, "new", percent(5)).await;
    gate::set(&app.app, audit::Actor::Admin(bob.id), "new", &GateChange { allow: vec![ada.id], ..percent(10) })
        .await
        .unwrap();
    set(&app.app, "new", GateChange { deny: vec![ada.id], ..GateChange::default() }).await;
    set(&app.app, "new", GateChange { unlist: vec![ada.id], ..GateChange::default() }).await;
    set(&app.app, "other", percent(1)).await;

    let request = PageRequest { size: 100, from: End::Oldest, after: None, before: None, look_back: false };
    let log = audit::page(&app.app, Some("new"), &request).await.unwrap().rows;
    let told: Vec<_> = log
        .iter()
        .rev()
        .map(|entry| {
            let value = |value: &Option<String>| value.clone().unwrap_or("-".to_owned());
            (entry.actor_id, entry.user_id, value(&entry.old_value), value(&entry.new_value))
        })
        .collect();
    let gate = |percent: i32| format!("{{\"description\":\"A feature.\",\"percent\":{percent}}}");
    let text = |text: &str| text.to_owned();
    assert_eq!(
        told,
        [
            (None, None, text("-"), gate(5)),
            (Some(bob.id), None, gate(5), gate(10)),
            (Some(bob.id), Some(ada.id), text("-"), text("allowed")),
            (None, Some(ada.id), text("allowed"), text("denied")),
            (None, Some(ada.id), text("denied"), text("-")),
        ]
    );
    assert!(log.iter().all(|entry| entry.created_at > 0));
}

#[tokio::test]
async fn what_is_wrong_with_a_gate_is_told_all_at_once() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let wrong = GateChange {
        percent: Some(101),
        description: Some("\u{7}".to_owned()),
        allow: vec![UserId(1)],
        deny: vec![ada.id],
        unlist: vec![ada.id],
    };
    let Err(roost::error::Error::User(faults)) = gate::set(&app.app, CommandLine, "No Name", &wrong).await else {
        panic!("it was set");
    };
    let fields: Vec<_> = faults.iter().map(|fault| fault.field.as_deref().unwrap()).collect();
    assert_eq!(fields, ["name", "percent", "description", "allow", "unlist"]);
    assert_eq!(app.number("SELECT (SELECT COUNT(*) FROM gate) + (SELECT COUNT(*) FROM audit)", []).await, 0);
}

/// A star with four followers where three are pushed to.
async fn star(app: &TestApp) -> [Person; 5] {
    let cast = app.cast(["star", "fan1", "fan2", "fan3", "fan4"]).await;
    app.tweet(&cast[0], "the past").await;
    for fan in &cast[1..] {
        app.follow(fan, &cast[0]).await;
    }
    app.drain().await;
    cast
}

async fn pushed(app: &TestApp) -> i64 {
    app.number("SELECT COUNT(*) FROM follow WHERE pushed = 1", []).await
}

async fn assert_right(app: &TestApp, cast: &[Person], remarks: &[Check]) {
    for reader in cast {
        assert_eq!(app.home_feed(reader).await, app.oracle_feed(reader).await, "{}", reader.name);
    }
    let report = verify::verify(&app.app, None).await.unwrap();
    assert!(report.faults.is_empty(), "{report:?}");
    let found: BTreeSet<_> = report.remarks.iter().map(|finding| format!("{:?}", finding.check)).collect();
    assert_eq!(found, remarks.iter().map(|check| format!("{check:?}")).collect());
}

#[tokio::test]
async fn authors_for_whom_hybrid_fanout_is_off_are_pushed_however_many_follow_them() {
    let app = TestApp::with(|config| (config.feed_push_limit, config.feed_batch) = (3, 2)).await;
    let cast = star(&app).await;
    assert_eq!(pushed(&app).await, 0, "it is shipped open");
    assert_right(&app, &cast, &[]).await;

    set(&app.app, HYBRID_FANOUT, percent(0)).await;
    app.tweet(&cast[0], "still pulled").await;
    app.drain().await;
    assert_right(&app, &cast, &[Check::CouldBePushed]).await;
    assert_eq!(threshold::promote(&app.app).await.unwrap(), 4);
    app.drain().await;
    assert_eq!(pushed(&app).await, 4);
    app.tweet(&cast[0], "pushed to four").await;
    let more = app.person("fan5").await;
    app.follow(&more, &cast[0]).await;
    app.drain().await;
    assert_eq!(pushed(&app).await, 5, "a new follower is filled and pushed as well");
    assert_right(&app, &cast, &[]).await;

    set(&app.app, HYBRID_FANOUT, percent(100)).await;
    app.tweet(&cast[0], "the next delivery turns them").await;
    app.drain().await;
    assert_eq!(pushed(&app).await, 0);
    app.tweet(&cast[0], "pulled").await;
    app.drain().await;
    assert_right(&app, &cast, &[]).await;
}

#[tokio::test]
async fn the_gate_hashes_the_author() {
    let app = TestApp::with(|config| config.feed_push_limit = 3).await;
    let cast = star(&app).await;
    set(&app.app, HYBRID_FANOUT, GateChange { deny: cast[1..].iter().map(|fan| fan.id).collect(), ..percent(100) })
        .await;
    assert_eq!(threshold::promote(&app.app).await.unwrap(), 0, "who reads does not matter");
    set(&app.app, HYBRID_FANOUT, GateChange { deny: vec![cast[0].id], ..GateChange::default() }).await;
    assert_eq!(threshold::promote(&app.app).await.unwrap(), 4);
    app.drain().await;
    assert_eq!(pushed(&app).await, 4);
    let report = verify::verify(&app.app, None).await.unwrap();
    verify::repair(&app.app, &report).await.unwrap();
    app.drain().await;
    assert_eq!(pushed(&app).await, 4, "verify agrees");
}
