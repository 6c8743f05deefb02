//! What Prometheus is told, and who else may ask for it.

use axum::body::Body;
use axum::http::Request;
use roost::http::Timings;
use serde_json::json;

use crate::support::process::{Http, Place, until};
use crate::support::{CREATE_TWEET, Served, TestApp};

async fn page(app: &TestApp) -> String {
    let answer = app.send(Request::get("/metrics").body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(answer.headers["content-type"].to_str().unwrap().starts_with("text/plain; version=0.0.4"));
    answer.text
}

/// The number of a series; 0 if it is not there, as for Prometheus.
fn number(page: &str, series: &str) -> f64 {
    let line = page.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.map_or(0.0, |number| number.parse().unwrap())
}

#[tokio::test]
async fn operations_are_counted_by_their_root_field_and_what_came_of_them() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let ask = async |query: &str| app.as_user(&ada).gql(query, json!({})).await;
    ask("query Any { ...Root } fragment Root on Query { me: viewer { id } __typename }").await.ok();
    ask("{ viewer { id } again: viewer { id } }").await.ok();
    ask("{ viewer { id } user(username: \"ada\") { id } }").await.ok();
    ask("{ node(id: \"nonsense\") { id } }").await;
    ask("{ nobodyKnowsThis { id } }").await;
    ask("{ viewer {").await;
    app.anonymous().gql(CREATE_TWEET, json!({ "content": "x" })).await;
    app.tweet(&ada, "hello").await;
    let page = page(&app).await;
    for (labels, expected) in [
        (r#"type="query",field="viewer",code="OK""#, 2.0),
        (r#"type="query",field="several",code="OK""#, 1.0),
        (r#"type="query",field="node",code="BAD_USER_INPUT""#, 1.0),
        (r#"type="query",field="unknown",code="GRAPHQL_VALIDATION_FAILED""#, 1.0),
        (r#"type="none",field="unknown",code="GRAPHQL_PARSE_FAILED""#, 1.0),
        (r#"type="mutation",field="createTweet",code="UNAUTHENTICATED""#, 1.0),
        (r#"type="mutation",field="createTweet",code="OK""#, 1.0),
    ] {
        assert_eq!(number(&page, &format!("roost_operations_total{{{labels}}}")), expected, "{labels}: {page}");
    }
    assert!(!page.contains("nobodyKnowsThis") && !page.contains("Any"), "labels are a closed list: {page}");
    let took = r#"roost_operation_duration_seconds_count{type="mutation",field="createTweet"}"#;
    assert_eq!(number(&page, took), 2.0);
    let last = r#"roost_operation_duration_seconds_bucket{type="mutation",field="createTweet",le="+Inf"}"#;
    assert_eq!(number(&page, last), 2.0);
    let answers = r#"roost_http_responses_total{route="/graphql",status="2xx"}"#;
    assert_eq!(number(&page, answers), 8.0, "{page}");
    for series in ["roost_cache_hits_total", "roost_cache_misses_total", "roost_cache_bytes"] {
        assert!(page.contains(&format!("{series}{{cache=\"tweets\"}} ")), "{page}");
    }
    app.drain().await;
}

#[tokio::test]
async fn what_was_too_often_is_counted_where_it_was_asked() {
    let app = TestApp::with(|config| {
        config.rate_limit = true;
        config.rate_anonymous_operations = "1, 1/d".parse().unwrap();
    })
    .await;
    for _ in 0..3 {
        app.anonymous().gql("{ viewer { id } }", json!({})).await;
    }
    let limited = r#"roost_operations_total{type="query",field="viewer",code="RATE_LIMITED"}"#;
    assert_eq!(number(&page(&app).await, limited), 2.0);
}

#[tokio::test]
async fn the_queue_is_told_by_what_waits_and_since_when() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    app.tweet(&ada, "hello").await;
    let due = app.app.clock.now() - 50_000;
    app.damage(&format!("UPDATE outbox SET due_at = {due}")).await;
    let late = app.app.clock.now() + 3_600_000;
    app.damage(&format!(
        "INSERT INTO outbox (id, payload, attempts, due_at, leased_by, leased_until, created_at)
         VALUES (1, '{{\"v\":1,\"type\":\"empty_trash\"}}', 1, {late}, 0, 0, 0)"
    ))
    .await;
    app.damage(
        "INSERT INTO dead_letter (id, payload, attempts, error, created_at, died_at) VALUES (2, '', 5, '', 0, 0)",
    )
    .await;
    // From any process, for it stands in the database.
    let other = app.second().await;
    for app in [&app, &other] {
        let page = page(app).await;
        assert_eq!(number(&page, "roost_queue_messages"), 2.0);
        assert_eq!(number(&page, "roost_dead_letters"), 1.0);
        let lag = number(&page, r#"roost_queue_lag_seconds{lane="feed"}"#);
        assert!((50.0..80.0).contains(&lag), "{lag}");
        assert_eq!(number(&page, r#"roost_queue_lag_seconds{lane="bulk"}"#), 0.0, "it is not due");
        assert_eq!(number(&page, r#"roost_up{service="database"}"#), 1.0);
        assert_eq!(number(&page, r#"roost_up{service="media"}"#), 1.0);
    }
    app.damage("DELETE FROM dead_letter").await;
    app.damage("UPDATE outbox SET due_at = 0").await;
    app.drain().await;
    let page = page(&app).await;
    let done = r#"roost_messages_total{lane="feed",outcome="done"}"#;
    assert_eq!(number(&page, done), 1.0, "{page}");
    assert!(number(&page, r#"roost_message_duration_seconds_count{lane="feed"}"#) > 0.0);
}

#[tokio::test]
async fn sockets_and_subscriptions_are_counted_while_they_last() {
    let served = Served::new().await;
    let ada = served.app.person("ada").await;
    let now = async || {
        let page = page(&served.app).await;
        (number(&page, "roost_sockets_open"), number(&page, "roost_subscriptions_active"))
    };
    // The page is that of another server of the same app.
    let mut socket = served.of(&ada).await;
    socket.subscribe("1", "subscription { notificationAdded { node { id } } }", json!({})).await;
    until("it is listened to", async || now().await == (1.0, 1.0)).await;
    socket.complete("1").await;
    until("it is not any more", async || now().await == (1.0, 0.0)).await;
    drop(socket);
    until("the socket is gone", async || now().await == (0.0, 0.0)).await;
}

#[tokio::test]
async fn without_its_database_a_process_still_tells_what_it_has_counted() {
    let app = TestApp::new().await;
    app.anonymous().gql("{ viewer { id } }", json!({})).await.ok();
    app.app.db.close().await;
    let page = page(&app).await;
    assert_eq!(number(&page, r#"roost_up{service="database"}"#), 0.0);
    assert!(page.contains(r#"roost_up{service="database"} 0"#) && !page.contains("roost_queue_messages"), "{page}");
    assert_eq!(number(&page, r#"roost_operations_total{type="query",field="viewer",code="OK"}"#), 1.0);
}

#[tokio::test]
async fn where_the_api_is_metrics_are_for_this_machine_or_for_who_has_the_token() {
    let served = Served::new().await;
    let http = Http { address: served.address };
    assert_eq!(http.get("/metrics", "").await.unwrap().status, 200);
    for proxied in ["X-Forwarded-For: 203.0.113.9\r\n", "Forwarded: for=203.0.113.9\r\n", "Via: 1.1 proxy\r\n"] {
        assert_eq!(http.get("/metrics", proxied).await.unwrap().status, 404, "{proxied}");
    }
    let served = Served::with(|config| config.metrics_token = Some("a long word".to_owned()), Timings::default()).await;
    let http = Http { address: served.address };
    for wrong in ["", "Authorization: Bearer a long wor\r\n", "Authorization: Basic a long word\r\n"] {
        let answer = http.get("/metrics", wrong).await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.code()), (401, "UNAUTHENTICATED"), "{wrong}");
    }
    let right = "X-Forwarded-For: 203.0.113.9\r\nAuthorization: Bearer a long word\r\n";
    assert_eq!(http.get("/metrics", right).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_listener_of_their_own_shows_metrics_and_health_of_servers_and_workers() {
    let place = Place::with(|config| config.metrics_listen = Some("127.0.0.1:0".parse().unwrap()));
    let mut server = place.start(&mut place.roost(&["serve", "--no-worker"])).await;
    let mut worker = place.start(&mut place.roost(&["worker"])).await;
    for process in [&server, &worker] {
        let http = process.monitor();
        assert!(http.get("/metrics", "Via: 1.1 proxy\r\n").await.unwrap().text.contains("roost_build_info"));
        assert_eq!(http.get("/health/live", "").await.unwrap().body, json!({ "status": "ok" }));
        assert_eq!(http.get("/health/ready", "").await.unwrap().body, json!({ "status": "ok" }));
        assert_eq!(http.get("/graphql", "").await.unwrap().status, 404);
    }
    for process in [&mut server, &mut worker] {
        process.terminate().await;
        assert_eq!(process.wait().await.code(), Some(0), "{}", place.log());
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut command = place.roost(&["worker"]);
    let refused = crate::support::process::ended(command.env("ROOST_METRICS_LISTEN", &address)).await;
    let sentence = format!("It is not possible to listen on {address} (choose another with metrics_listen)");
    assert!(refused.code == Some(2) && refused.stderr.contains(&sentence), "{refused:?}");
}
