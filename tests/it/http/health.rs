//! For those who watch over the server.

use axum::body::Body;
use axum::http::Request;
use roost::db::Engine;
use roost::http::Monitor;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::support::database::engine;
use crate::support::process::{Http, until};
use crate::support::proxy::Proxy;
use crate::support::services::{amqp_url, memcached_url, redis_url};
use crate::support::{Answer, TestApp};

async fn get(app: &TestApp, path: &str) -> Answer {
    app.send(Request::get(path).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_server_that_can_work_says_so() {
    let app = TestApp::new().await;
    for path in ["/health/live", "/health/ready"] {
        let answer = get(&app, path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.body, json!({ "status": "ok" }), "{path}");
    }
}

#[tokio::test]
async fn without_its_database_it_lives_but_is_not_ready() {
    for side in ["reading", "writing"] {
        let app = TestApp::new().await;
        let db = &app.app.db;
        let lost = if side == "reading" { db.read() } else { db.write() };
        lost.close().await;
        let answer = get(&app, "/health/ready").await;
        assert_eq!(answer.status, 503, "{side}");
        assert_eq!(answer.body, json!({ "status": "down", "down": ["database"] }), "{side}");
        assert_eq!(get(&app, "/health/live").await.status, 200);
    }
}

/// What the server says of itself when it is asked again and again until it says this.
async fn says(app: &TestApp, status: u16, body: serde_json::Value) {
    until(&body.to_string(), async || {
        let answer = get(app, "/health/ready").await;
        (answer.status.as_u16(), &answer.body) == (status, &body)
    })
    .await;
    assert_eq!(get(app, "/health/live").await.status, 200);
}

#[tokio::test]
async fn what_is_away_but_not_needed_is_told_and_so_is_its_return() {
    let ok = json!({ "status": "ok" });
    for (name, url) in [("redis", redis_url()), ("memcached", memcached_url()), ("rabbitmq", amqp_url())] {
        let Some(url) = url else { continue };
        let way = Proxy::to(&url).await;
        let through = Some(way.url(&url));
        let app = TestApp::with(|config| {
            *match name {
                "redis" => &mut config.redis_url,
                "memcached" => &mut config.memcached_url,
                _ => &mut config.amqp_url,
            } = through;
        })
        .await;
        says(&app, 200, ok.clone()).await;
        for break_it in [Proxy::cut as fn(&Proxy), Proxy::hold] {
            break_it(&way);
            says(&app, 200, json!({ "status": "degraded", "degraded": [name] })).await;
            way.mend();
            says(&app, 200, ok.clone()).await;
        }
    }
}

#[tokio::test]
async fn a_database_server_that_is_away_is_told_soon_and_so_is_its_return() {
    if engine() == Engine::Sqlite {
        return;
    }
    let app = TestApp::new().await;
    let url = app.app.config.database_url();
    let way = Proxy::to(&url).await;
    let through = way.url(&url);
    let other = app.restarted(|config| config.database_url = Some(through)).await;
    let ok = json!({ "status": "ok" });
    says(&other, 200, ok.clone()).await;
    for break_it in [Proxy::cut as fn(&Proxy), Proxy::hold] {
        break_it(&way);
        let asked = std::time::Instant::now();
        says(&other, 503, json!({ "status": "down", "down": ["database"] })).await;
        assert!(asked.elapsed() < std::time::Duration::from_secs(8), "{:?}", asked.elapsed());
        way.mend();
        says(&other, 200, ok.clone()).await;
    }
}

#[tokio::test]
async fn a_media_folder_that_is_gone_is_told() {
    let app = TestApp::new().await;
    std::fs::remove_dir_all(app.data_dir().join("media")).unwrap();
    says(&app, 200, json!({ "status": "degraded", "degraded": ["media"] })).await;
    std::fs::create_dir(app.data_dir().join("media")).unwrap();
    says(&app, 200, json!({ "status": "ok" })).await;
}

#[tokio::test]
async fn work_that_is_far_behind_is_told() {
    let app = TestApp::with(|config| config.ready_lag_seconds = 30).await;
    let [ada] = app.cast(["ada"]).await;
    app.tweet(&ada, "hello").await;
    says(&app, 200, json!({ "status": "ok" })).await;
    app.app.clock.advance(31_000);
    says(&app, 200, json!({ "status": "degraded", "degraded": ["lag"] })).await;
    app.drain().await;
    says(&app, 200, json!({ "status": "ok" })).await;
}

#[tokio::test]
async fn a_process_that_is_about_to_end_is_not_ready() {
    let app = TestApp::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let http = Http { address: listener.local_addr().unwrap() };
    let (stop, end) = (CancellationToken::new(), CancellationToken::new());
    let monitor = Monitor { app: app.app.clone(), stop: stop.clone() };
    let serving = tokio::spawn(monitor.serve(listener, end.clone()));
    assert_eq!(http.get("/health/ready", "").await.unwrap().body, json!({ "status": "ok" }));
    stop.cancel();
    let answer = http.get("/health/ready", "").await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.body), (503, json!({ "status": "down", "down": ["draining"] })));
    assert_eq!(http.get("/health/live", "").await.unwrap().status, 200);
    end.cancel();
    serving.await.unwrap();
}
