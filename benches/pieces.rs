//! The pieces that every request passes, each alone: `cargo bench --bench pieces`, with a part of a name to run some of them.
//!
//! They guide the work; what counts is the whole, which `bench/run` measures (docs/benchmarks.md).

#![expect(clippy::expect_used, reason = "a bench fails by panicking")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::Variables;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, header};
use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use entity::{UserId, tweet};
use roost::app::App;
use roost::config::Config;
use roost::graphql::cursor::Kind;
use roost::http::{Documents, Server};
use roost::limit::document::{DocumentLimits, parse};
use roost::loader::{CommentWants, Loaders, TweetWants, UserWants};
use roost::service::page::{End, PageRequest};
use roost::service::plan::{Plan, Sizes};
use roost::service::{bulk, feed, user};
use serde_json::json;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

const LEAN: &str = "{ viewer { homeFeed(first: 20) { nodes {
    id content createdAt author { username profile { nickname avatarUrl } } likeCount commentCount viewerHasLiked } } } }";
const FULL: &str = "{ viewer { homeFeed(first: 20) { nodes {
    id content createdAt author { username profile { nickname avatarUrl } } likeCount commentCount viewerHasLiked
    comments(first: 3) { nodes { id content createdAt author { username profile { nickname avatarUrl } } } } } } } }";

/// Thirty fragments of which each spreads the next one twice.
fn fragment_bomb() -> String {
    let fragments = (0..30).map(|n| format!("fragment f{n} on Query {{ ...f{next} ...f{next} }} ", next = n + 1));
    format!("{{ ...f0 }} {} fragment f30 on Query {{ __typename }}", fragments.collect::<String>())
}

/// Everything before the engine, but the cache of parsed documents. A document of the workload passes, a bomb is refused.
fn documents(criterion: &mut Criterion) {
    let unused: String = (0..5_000).map(|n| format!("fragment f{n} on Query {{ __typename }} ")).collect();
    let texts = [
        ("home-lean", LEAN.to_owned()),
        ("home-full", FULL.to_owned()),
        ("30 levels of fragments", fragment_bomb()),
        ("10,000 aliases", format!("{{ {} }}", "a: __typename ".repeat(10_000))),
        ("10,000 levels", "{a".repeat(10_000) + &"}".repeat(10_000)),
        ("5,000 unused fragments", format!("{{ __typename }} {unused}")),
        ("1 MB of brackets", "[".repeat(1 << 20)),
    ];
    let limits = DocumentLimits::default();
    let mut group = criterion.benchmark_group("document limits");
    for (name, text) in &texts {
        group.bench_function(*name, |bencher| {
            bencher.iter(|| parse(black_box(text), &limits).map(|parsed| parsed.size));
        });
    }
    group.finish();
    let document = parse(FULL, &limits).expect("it is within the limits");
    criterion.bench_function("document cost, home-full", |bencher| {
        bencher.iter(|| document.cost(None, black_box(&Variables::default()), &limits));
    });
}

fn cursors(criterion: &mut Criterion) {
    let key = 7_198_765_432_109_876_543;
    let cursor = Kind::Feed.encode(key).text();
    criterion.bench_function("cursor, encode", |bencher| bencher.iter(|| Kind::Feed.encode(black_box(key)).text()));
    criterion.bench_function("cursor, decode", |bencher| bencher.iter(|| Kind::Feed.decode(black_box(&cursor))));
}

const PASSWORD: &str = "correct horse";
const FOR_GOOD: Duration = Duration::from_secs(86_400);
const NEWEST: PageRequest = PageRequest { size: 20, from: End::Newest, after: None, before: None, look_back: false };

/// A small society on SQLite, one of its people, and what they send with their requests.
async fn society(folder: &std::path::Path) -> (App, UserId, Router, String) {
    let config = Config { data_dir: folder.to_owned(), rate_limit: false, ..Config::default() };
    let app = App::new(config).await.expect("it can be made");
    // Nobody else is there, so what was read may be believed.
    app.live.others_are_there(0, FOR_GOOD);
    let people =
        Sizes { people: 100, follows: 50, has_star: true, tweets: 20, comments: 3, likes: 5, length: 120, seed: 1 };
    let plan = Plan::new(&people);
    let hash = app.passwords.hash(PASSWORD.to_owned()).await.expect("it can be hashed");
    bulk::carry_out(&app, &plan, &hash, |_| ()).await.expect("it can be stored");
    let name = plan.usernames.last().expect("there are people");
    let reader = user::visible_by_username(app.db.read(), name).await.expect("it can be read").expect("they are there");
    let session = roost::auth::log_in(&app, name, PASSWORD.to_owned(), None).await.expect("it is the password");
    let documents = Documents::open(&app.config).expect("none are listed");
    let router = Server::new(app.clone(), documents, CancellationToken::new()).router();
    (app, reader, router, format!("Bearer {}", session.token))
}

fn wants() -> TweetWants {
    let author = UserWants { person: true, ..UserWants::default() };
    let comments =
        vec![(PageRequest { size: 3, ..NEWEST }.slice(), CommentWants { author, ..CommentWants::default() })];
    TweetWants { author, stats: true, liked: true, comments, ..TweetWants::default() }
}

async fn page(app: &App, reader: UserId) -> Vec<Arc<tweet::Model>> {
    feed::read::page(app, reader, &NEWEST).await.expect("it can be read").rows
}

async fn ask(router: &Router, token: &str, query: &str) -> Bytes {
    let request = Request::post("/graphql")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::AUTHORIZATION, token)
        .body(Body::from(json!({ "query": query }).to_string()))
        .expect("it is a request");
    let response = router.clone().oneshot(request).await.expect("it cannot fail");
    axum::body::to_bytes(response.into_body(), usize::MAX).await.expect("it is there")
}

/// A home feed of which everything is in memory: which tweets are on the page, what is shown of them (hydration), and the whole
/// request without its connection, whose rest is the engine and the writing of the answer (present).
fn pages(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("there are threads");
    let folder = tempfile::tempdir().expect("there is room");
    let (app, reader, router, token) = runtime.block_on(society(folder.path()));
    let mut group = criterion.benchmark_group("home feed");
    group.bench_function("page", |bencher| {
        bencher.iter(|| runtime.block_on(page(&app, reader)).len());
    });
    let (rows, wants) = (runtime.block_on(page(&app, reader)), wants());
    group.bench_function("hydration, home-full", |bencher| {
        bencher.iter(|| {
            let loaders = Loaders::new(app.clone());
            runtime.block_on(loaders.hydrate_tweets(Some(reader), &rows, &wants)).expect("it can be read");
            loaders.prefetched().comments.len()
        });
    });
    for (name, query) in [("request, home-lean", LEAN), ("request, home-full", FULL)] {
        let answer = runtime.block_on(ask(&router, &token, query));
        let answer = String::from_utf8_lossy(&answer);
        assert_eq!(answer.matches("viewerHasLiked").count(), NEWEST.size, "{answer}");
        group.bench_function(name, |bencher| bencher.iter(|| runtime.block_on(ask(&router, &token, query))));
    }
    group.finish();
}

criterion_group!(all, documents, cursors, pages);
criterion_main!(all);
