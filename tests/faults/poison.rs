//! Messages that nobody can handle: they are given up after a few deliveries, and nobody else waits for them.

use roost::db::Engine;
use serde_json::json;

use crate::ground::{Ground, under_load_with};
use crate::support::load::Trouble;
use crate::support::process::until;
use crate::support::{FOLLOW, Person, UNFOLLOW};
use crate::victim::Victim::{self, MariaDb, Postgres};

const POST: &str = "INSERT INTO outbox (id, payload, attempts, due_at, leased_by, leased_until, created_at)
    VALUES (1, '{\"v\":1,\"type\":\"dance\"}', 0, 0, 0, 0, 0)";

/// From now on nobody can be told of what this person does.
async fn forbid(ground: &Ground, actor: &Person) {
    let id = actor.id.0;
    let text = match Engine::of(&ground.database_url()).unwrap() {
        Engine::Postgres => format!(
            "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END';
             CREATE TRIGGER no BEFORE INSERT ON notification FOR EACH ROW WHEN (NEW.actor_id = {id})
             EXECUTE FUNCTION no()"
        ),
        _ => format!(
            "CREATE TRIGGER no BEFORE INSERT ON notification FOR EACH ROW
             IF NEW.actor_id = {id} THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'; END IF"
        ),
    };
    ground.app.damage(&text).await;
}

async fn permit(ground: &Ground) {
    let text = match ground.database {
        Postgres => "DROP TRIGGER no ON notification",
        _ => "DROP TRIGGER no",
    };
    ground.app.damage(text).await;
}

async fn poison(ground: &mut Ground) {
    let app = &ground.app;
    let [mallory, victim] = app.cast(["mallory", "victim"]).await;
    forbid(ground, &mallory).await;
    app.damage(POST).await;
    let server = ground.cluster.servers[0].client();
    let ask = async |person: &Person, query: &str, id: &str| {
        server.gql(Some(&person.token), query, json!({ "id": id })).await.unwrap()
    };
    ask(&mallory, FOLLOW, &victim.gid).await.changed("follow");
    let (letters, unread) = ("SELECT COUNT(*) FROM dead_letter", "SELECT unread FROM inbox WHERE user_id = ?");
    until("what cannot be read is given up", async || app.number(letters, []).await == 1).await;
    // Others who come later are done before the one that is tried again and again is given up.
    let before = app.number("SELECT COUNT(*) FROM notification", []).await;
    ask(&victim, FOLLOW, &mallory.gid).await.changed("follow");
    until("others are told", async || app.number(unread, [mallory.id.into()]).await == 1).await;
    ground.load.goes_on(50).await;
    until("many others are told", async || app.number("SELECT COUNT(*) FROM notification", []).await > before + 5)
        .await;
    assert_eq!(app.number(letters, []).await, 1, "the other one is still tried");
    until("it is given up", async || app.number(letters, []).await == 2).await;
    assert_eq!(app.number("SELECT COUNT(*) FROM dead_letter WHERE attempts > 5", []).await, 0);
    assert_eq!(app.number("SELECT COUNT(*) FROM dead_letter WHERE attempts = 5", []).await, 1);

    permit(ground).await;
    assert_eq!(ground.cluster.place.run(&["queue", "drop", "1"]).await.code, Some(0));
    assert_eq!(ground.cluster.place.run(&["queue", "retry"]).await.code, Some(0));
    until("it is told after all", async || app.number(unread, [victim.id.into()]).await == 1).await;
    ask(&mallory, UNFOLLOW, &victim.gid).await.changed("unfollow");
    ask(&victim, UNFOLLOW, &mallory.gid).await.changed("unfollow");
    ground.load.meet(&mallory, &[]);
    ground.load.meet(&victim, &[]);
}

async fn is_given_up(database: Victim) {
    under_load_with(database, Trouble::None, |config| config.queue_retry_milliseconds = 250, poison).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_can_handle_is_given_up_on_postgresql() {
    is_given_up(Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_can_handle_is_given_up_on_mariadb() {
    is_given_up(MariaDb).await;
}
