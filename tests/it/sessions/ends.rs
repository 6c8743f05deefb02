//! A session that ends, however it ends, takes its sockets and streams with it.

use std::time::{Duration, Instant};

use roost::clock::DAY;
use serde_json::json;

use super::{CHANGE_PASSWORD, REVOKE, current, log_in};
use crate::support::{Person, Served, Socket};

const NEVER: &str = "subscription { notificationAdded { cursor } }";

/// Asserts that a socket is closed for the end of its session, soon after `since`.
async fn closed(socket: &mut Socket, since: Instant) {
    assert_eq!(socket.closed().await, (4401, "The session has ended".to_owned()));
    // A second is what is promised; the rest is for a machine that is busy.
    assert!(since.elapsed() < Duration::from_secs(3), "{:?}", since.elapsed());
}

async fn listening(served: &Served, person: &Person) -> Socket {
    let mut socket = served.of(person).await;
    socket.subscribe("live", NEVER, json!({})).await;
    socket.quiet().await;
    socket
}

#[tokio::test]
async fn a_revoked_sessions_sockets_are_closed_and_no_others() {
    let served = Served::new().await;
    let ada = served.app.person("ada").await;
    let phone = log_in(&served.app, &ada, "phone").await;
    let (mut one, mut two) = (listening(&served, &phone).await, listening(&served, &phone).await);
    let mut other = listening(&served, &ada).await;
    let id = current(&served.app, &phone).await;
    let since = Instant::now();
    served.app.as_user(&ada).gql(REVOKE, json!({ "id": id })).await.changed("revokeSession");
    closed(&mut one, since).await;
    closed(&mut two, since).await;
    other.quiet().await;
}

#[tokio::test]
async fn a_session_that_another_process_ends_is_noticed() {
    let served = Served::new().await;
    let ada = served.app.person("ada").await;
    let phone = log_in(&served.app, &ada, "phone").await;
    let mut socket = listening(&served, &phone).await;
    let mut other = listening(&served, &ada).await;
    let elsewhere = served.app.second().await;
    let id = current(&elsewhere, &phone).await;
    let since = Instant::now();
    elsewhere.as_user(&ada).gql(REVOKE, json!({ "id": id })).await.changed("revokeSession");
    closed(&mut socket, since).await;
    other.quiet().await;
}

#[tokio::test]
async fn expiring_closes_sockets_and_event_streams() {
    let served = Served::new().await;
    let ada = served.app.person("ada").await;
    let mut idle = listening(&served, &ada).await;
    let request = served.app.as_user(&ada).request(&json!({ "query": NEVER }));
    let mut events = served.app.listen(request).await;
    served.app.app.clock.advance(15 * DAY);
    // Whoever comes back in time goes on.
    let phone = log_in(&served.app, &ada, "phone").await;
    let mut active = listening(&served, &phone).await;
    let since = Instant::now();
    served.app.app.clock.advance(15 * DAY);
    closed(&mut idle, since).await;
    events.cut().await;
    active.quiet().await;
    served.app.as_user(&phone).gql("{ viewer { id } }", json!({})).await.ok();
    for _ in 0..8 {
        served.app.app.clock.advance(20 * DAY);
        served.app.as_user(&phone).gql("{ viewer { id } }", json!({})).await.ok();
    }
    active.quiet().await;
    let since = Instant::now();
    served.app.app.clock.advance(5 * DAY);
    closed(&mut active, since).await;
}

#[tokio::test]
async fn what_is_asked_over_a_socket_keeps_the_session_from_being_idle() {
    let served = Served::new().await;
    let ada = served.app.person("ada").await;
    let mut socket = served.of(&ada).await;
    for n in 0..2 {
        served.app.app.clock.advance(29 * DAY);
        socket.subscribe(&n.to_string(), "{ viewer { id } }", json!({})).await;
        socket.event(&n.to_string()).await;
        assert_eq!(socket.next().await["type"], "complete");
    }
    served.app.as_user(&ada).gql("{ viewer { id } }", json!({})).await.ok();
    let since = Instant::now();
    served.app.app.clock.advance(30 * DAY);
    closed(&mut socket, since).await;
}

#[tokio::test]
async fn a_revoked_sessions_event_stream_is_cut() {
    let served = Served::new().await;
    let ada = served.app.person("ada").await;
    let phone = log_in(&served.app, &ada, "phone").await;
    let request = served.app.as_user(&phone).request(&json!({ "query": NEVER }));
    let mut events = served.app.listen(request).await;
    let id = current(&served.app, &phone).await;
    served.app.as_user(&ada).gql(REVOKE, json!({ "id": id })).await.changed("revokeSession");
    events.cut().await;
}

#[tokio::test]
async fn changing_the_password_closes_the_sockets_of_every_other_session() {
    let served = Served::new().await;
    let ada = served.app.person("ada").await;
    let bob = served.app.person("bob").await;
    let phone = log_in(&served.app, &ada, "phone").await;
    let mut theirs = listening(&served, &phone).await;
    let mut own = listening(&served, &ada).await;
    let mut stranger = listening(&served, &bob).await;
    let change = json!({ "old": Person::PASSWORD, "new": "battery staple" });
    let since = Instant::now();
    own.subscribe("change", CHANGE_PASSWORD, change).await;
    assert_eq!(own.event("change").await["changePassword"]["userErrors"], json!([]));
    assert_eq!(own.next().await["type"], "complete");
    closed(&mut theirs, since).await;
    own.quiet().await;
    stranger.quiet().await;
}

#[tokio::test]
async fn the_fifty_first_log_in_closes_the_sockets_of_the_first() {
    let served = Served::new().await;
    let ada = served.app.person("ada").await;
    let mut socket = listening(&served, &ada).await;
    let mut since = Instant::now();
    for n in 0..50 {
        since = Instant::now();
        log_in(&served.app, &ada, &n.to_string()).await;
    }
    closed(&mut socket, since).await;
}

#[tokio::test]
async fn nobody_listening_costs_no_statement() {
    let served = Served::new().await;
    let ada = served.app.person("ada").await;
    let before = served.app.statements();
    let mut socket = served.anonymous().await;
    assert_eq!(socket.try_next(Duration::from_millis(1_200)).await, None);
    assert_eq!(served.app.statements(), before, "{} has no socket", ada.name);
}
