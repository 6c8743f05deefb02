//! The same limits on every transport.

use std::sync::Arc;
use std::time::Instant;

use roost::http::Documents;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::bomb;
use crate::http::get::get;
use crate::http::persisted::sha256;
use crate::support::{Answer, CREATE_TWEET, Form, Served, TestApp};

/// Documents that ask for too much, each in its own way, and how many of their selections are looked at to see it. Those with
/// none are refused while their text is read.
fn bombs() -> Vec<(&'static str, String, usize)> {
    let repeated = |part: &str, times: usize| format!("{{ {} }}", part.repeat(times));
    let fragments: String = (0..5_000).map(|n| format!("fragment f{n} on Query {{ __typename }} ")).collect();
    let pages =
        "{ viewer { homeFeed(first: 100) { nodes { author { followers(first: 100) { nodes { username } } } } } } }";
    vec![
        ("spreads that double", bomb(30), 63),
        ("aliases", repeated("a: __typename ", 31), 31),
        ("10,000 aliases", repeated("a: __typename ", 10_000), 0),
        ("directives", format!("{{ __typename {} }}", "@skip(if: false) ".repeat(51)), 1),
        ("depth", "{ viewer".repeat(16) + &"}".repeat(16), 16),
        ("10,000 levels", "{a".repeat(10_000) + &"}".repeat(10_000), 0),
        ("brackets", "{a".repeat(7_000), 0),
        ("a megabyte of brackets", "[".repeat((1 << 20) - 200), 0),
        ("bytes", repeated("__typename ", 10_000), 0),
        ("tokens", repeated("a ", 5_000), 0),
        ("fragments that nobody spreads", format!("{{ __typename }} {fragments}"), 0),
        ("objects", pages.to_owned(), 7),
    ]
}

/// No answer to any of them is longer, in bytes; what the acceptance asks for is twenty times as much.
const SHORT: usize = 1_000;

fn is_refused(name: &str, answer: &Answer) {
    assert_eq!(answer.code(), "TOO_COSTLY", "{name}");
    assert!(answer.body.get("data").is_none(), "{name}");
    assert!(answer.text.len() < SHORT, "{name}: {} bytes", answer.text.len());
}

/// Looks how much was visited since the last time.
struct Meter<'a> {
    documents: &'a Documents,
    before: usize,
}

impl<'a> Meter<'a> {
    fn new(documents: &'a Documents) -> Self {
        Self { documents, before: documents.visited() }
    }

    fn passed(&mut self, name: &str, expected: usize) {
        let now = self.documents.visited();
        let visited = now - std::mem::replace(&mut self.before, now);
        // What is too costly for its variables alone is no bad document, and is not measured again.
        assert!(visited == expected || name == "objects" && visited == 0, "{name}: {visited} selections visited");
    }
}

#[tokio::test]
async fn requests_that_ask_for_too_much_are_refused_in_few_words() {
    let app = TestApp::with(|config| config.batch_limit = 10).await;
    let before = app.statements();
    let (mut meter, mut honest_is_new) = (Meter::new(&app.documents), true);
    for (name, document, visited) in bombs() {
        let body = json!({ "query": document });
        let begun = Instant::now();
        is_refused(name, &app.send(app.anonymous().request(&body)).await);
        println!("{name}: {} bytes refused in {:?}", document.len(), begun.elapsed());
        meter.passed(name, visited);

        let hash = json!({ "persistedQuery": { "version": 1, "sha256Hash": sha256(&document) } });
        let registered = json!({ "query": document, "extensions": hash });
        is_refused(name, &app.send(app.anonymous().request(&registered)).await);
        meter.passed(name, visited);

        let batch = app.send(app.anonymous().request(&json!([body, { "query": "{ __typename }" }]))).await;
        assert_eq!(batch.body.as_array().map(Vec::len), Some(2));
        assert!(batch.text.matches("TOO_COSTLY").count() == 1 && batch.text.len() < 2 * SHORT, "{name}");
        // The honest one beside it is parsed the first time that it comes.
        meter.before += usize::from(std::mem::take(&mut honest_is_new));
        meter.passed(name, visited);

        let mut events = app.listen(app.anonymous().request(&body)).await;
        assert_eq!(events.code().await, "TOO_COSTLY", "{name}");
        assert_eq!(events.next().await, None, "{name}");
        meter.passed(name, visited);

        let form = Form::start(&body, &json!({})).end();
        is_refused(name, &app.anonymous().upload(form).await);
        meter.passed(name, visited);

        // What a URL can hold at all.
        if document.len() < 20_000 {
            is_refused(name, &app.send(get("application/json", &[("query", &document)])).await);
            meter.passed(name, visited);
            let mut events = app.listen(get("text/event-stream", &[("query", &document)])).await;
            assert_eq!(events.code().await, "TOO_COSTLY", "{name}");
            meter.passed(name, visited);
        }
    }
    assert_eq!(app.statements(), before, "nothing was read for them");
}

#[tokio::test]
async fn listed_documents_that_ask_for_too_much_are_refused() {
    let manifest: serde_json::Map<_, _> =
        bombs().into_iter().map(|(name, text, _)| (name.to_owned(), text.into())).collect();
    let app = TestApp::with(|config| {
        let path = config.data_dir.join("trusted.json");
        std::fs::write(&path, json!(manifest).to_string()).unwrap();
        config.trusted_documents = Some(path);
    })
    .await;
    let mut meter = Meter::new(&app.documents);
    for (name, _, visited) in bombs() {
        is_refused(name, &app.send(app.anonymous().request(&json!({ "documentId": name }))).await);
        meter.passed(name, visited);
    }
}

#[tokio::test]
async fn a_url_longer_than_any_document_is_refused_before_it_is_read() {
    let served = Served::new().await;
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    let request = format!("GET /graphql?query={} HTTP/1.1\r\nHost: roost\r\n\r\n", "{".repeat(1 << 20));
    // The server hangs up before it has taken all of it.
    drop(stream.write_all(request.as_bytes()).await);
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer).await);
    assert!(answer.len() < SHORT, "{} bytes", answer.len());
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 4"), "{}", String::from_utf8_lossy(&answer));
    assert_eq!(served.app.anonymous().gql("{ __typename }", json!({})).await.ok()["__typename"], "Query");
}

#[tokio::test]
async fn operations_that_ask_for_too_much_are_refused_and_the_socket_lives_on() {
    let served = Served::new().await;
    let mut socket = served.anonymous().await;
    let mut meter = Meter::new(&served.documents);
    for (name, document, visited) in bombs() {
        if document.len() > 60_000 {
            let mut socket = served.anonymous().await;
            socket.subscribe(name, &document, json!({})).await;
            assert_eq!(socket.closed().await, (4400, "The message is too long".to_owned()), "{name}");
            continue;
        }
        socket.subscribe(name, &document, json!({})).await;
        assert_eq!(socket.error(name).await, "TOO_COSTLY", "{name}");
        meter.passed(name, visited);
        socket.quiet().await;
    }
}

#[tokio::test]
async fn every_limit_is_the_operators_to_set() {
    let change = |config: &mut roost::config::Config| {
        config.document_depth = 2;
        config.document_cost = 30;
        config.answer_errors = 2;
        config.answer_error_chars = 12;
    };
    let app = TestApp::with(change).await;
    let ada = app.person("ada").await;
    let ask = async |query: &str| app.as_user(&ada).gql(query, json!({})).await;
    ask("{ viewer { id } }").await.ok();
    assert_eq!(ask("{ viewer { user { id } } }").await.code(), "TOO_COSTLY");
    assert_eq!(
        ask("{ nodes(ids: []) { id } viewer { homeFeed(first: 99) { __typename } } }").await.code(),
        "TOO_COSTLY"
    );
    let answer = ask("{ nothing1 nothing2 nothing3 }").await;
    let errors = answer.body["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 2);
    assert!(errors.iter().all(|error| error["message"].as_str().unwrap().len() == 12), "{}", answer.text);
}

#[tokio::test]
async fn the_cost_is_told_to_whoever_asks() {
    let change = |config: &mut roost::config::Config| {
        config.batch_limit = 2;
        config.rate_limit = true;
    };
    let served = Served::with(change, roost::http::Timings::default()).await;
    let app = &served.app;
    let ada = app.person("ada").await;
    let query = "{ viewer { homeFeed(first: 7) { nodes { author { username } } } } }";
    let asked = |wanted: serde_json::Value| json!({ "query": query, "extensions": { "cost": wanted } });
    let told = |answer: &serde_json::Value| {
        let cost = &answer["extensions"]["cost"];
        assert_eq!((&cost["requested"], &cost["maximum"]), (&json!(15), &json!(5_000)), "{answer}");
        cost["remaining"].as_u64().unwrap()
    };
    let answer = app.send(app.as_user(&ada).request(&asked(json!(true)))).await;
    answer.ok();
    assert!(told(&answer.body) >= 20_000 - 100);
    for unasked in [json!(false), json!(null), json!("true"), json!(1)] {
        let answer = app.send(app.as_user(&ada).request(&asked(unasked))).await;
        assert!(answer.body.get("extensions").is_none(), "{}", answer.text);
    }
    let by_get = app.send(get("application/json", &[("query", query), ("extensions", r#"{"cost":true}"#)])).await;
    assert!(told(&by_get.body) < 5_000, "of what somebody without a session may spend");
    let batch = app.send(app.as_user(&ada).request(&json!([asked(json!(true)), asked(json!(false))]))).await;
    told(&batch.body[0]);
    assert!(batch.body[1].get("extensions").is_none());
    let mut events = app.listen(app.as_user(&ada).request(&asked(json!(true)))).await;
    told(&events.next().await.unwrap());

    let mut socket = served.of(&ada).await;
    socket.send(&json!({ "id": "1", "type": "subscribe", "payload": asked(json!(true)) })).await;
    told(&socket.next().await["payload"]);
}

#[tokio::test]
async fn a_resolver_that_panics_is_one_fault_of_ours_on_every_transport() {
    let served = Served::with(|config| config.batch_limit = 2, roost::http::Timings::default()).await;
    let app = &served.app;
    let ada = app.person("ada").await;
    app.app.failpoints.set(Arc::new(|label| Box::pin(async move { assert_ne!(label, "tweet: before commit") })));
    let body = json!({ "query": CREATE_TWEET, "variables": { "content": "x" } });
    let is_ours = |errors: &serde_json::Value| {
        assert_eq!(errors.as_array().map(Vec::len), Some(1), "{errors}");
        assert_eq!(errors[0]["extensions"]["code"], "INTERNAL", "{errors}");
        assert_eq!(errors[0]["message"], "Something went wrong on our side.");
    };
    let answer = app.send(app.as_user(&ada).request(&body)).await;
    assert_eq!(answer.status, 200);
    is_ours(&answer.body["errors"]);
    assert_eq!(answer.body["errors"][0]["extensions"]["requestId"], answer.headers["x-request-id"].to_str().unwrap());
    let batch = app.send(app.as_user(&ada).request(&json!([body, { "query": "{ __typename }" }]))).await;
    is_ours(&batch.body[0]["errors"]);
    assert_eq!(batch.body[1]["data"]["__typename"], "Query");
    let mut events = app.listen(app.as_user(&ada).request(&body)).await;
    is_ours(&events.next().await.unwrap()["errors"]);
    let mut socket = served.of(&ada).await;
    socket.send(&json!({ "id": "1", "type": "subscribe", "payload": body })).await;
    let message = socket.next().await;
    assert_eq!(message["type"], "error", "{message}");
    is_ours(&message["payload"]);
    socket.quiet().await;
    assert_eq!(app.number("SELECT COUNT(*) FROM tweet", []).await, 0);
}

#[tokio::test]
async fn defaults_of_variables_count_in_include_and_skip() {
    let app = TestApp::new().await;
    app.person("ada").await;
    let query = "query ($with: Boolean! = true, $without: Boolean! = true) {
        a: user(username: \"ada\") @include(if: $with) { id }
        b: user(username: \"ada\") @skip(if: $without) { id }
        ...F }
        fragment F on Query {
            c: user(username: \"ada\") @include(if: $with) { id }
            ... @skip(if: $without) { d: user(username: \"ada\") { id } } }";
    let keys = async |variables| {
        let answer = app.anonymous().gql(query, variables).await;
        answer.ok().as_object().unwrap().keys().cloned().collect::<String>()
    };
    assert_eq!(keys(json!({})).await, "ac");
    assert_eq!(keys(json!({ "with": false })).await, "");
    assert_eq!(keys(json!({ "without": false })).await, "abcd");
}

#[tokio::test]
async fn cycles_and_many_faults_get_short_answers() {
    let app = TestApp::new().await;
    let unknown: String = (0..900).map(|n| format!("nothing{n} ")).collect();
    let spreads: String = (0..90).map(|n| format!("fragment f{n} on Nothing {{ a }} ")).collect();
    for (document, code) in [
        ("{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }".to_owned(), "GRAPHQL_VALIDATION_FAILED"),
        (format!("{{ {unknown} }}"), "GRAPHQL_VALIDATION_FAILED"),
        (format!("{{ a }} {spreads}"), "GRAPHQL_VALIDATION_FAILED"),
        (format!("{{ {}(", "a".repeat(10_000)), "GRAPHQL_PARSE_FAILED"),
    ] {
        let answer = app.anonymous().gql(&document, json!({})).await;
        let errors = answer.body["errors"].as_array().unwrap();
        assert!(errors.iter().all(|error| error["extensions"]["code"] == code), "{}", answer.text);
        assert!(answer.text.len() < 20_000, "{} bytes", answer.text.len());
    }
}

#[tokio::test]
async fn variables_count_towards_the_cost() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let query = "query ($n: Int!) { viewer { homeFeed(first: $n) { nodes { author {
        followers(first: 100) { nodes { username } } } } } } }";
    app.as_user(&ada).gql(query, json!({ "n": 1 })).await.ok();
    assert_eq!(app.as_user(&ada).gql(query, json!({ "n": 100 })).await.code(), "TOO_COSTLY");
}

#[tokio::test]
async fn the_introspection_of_the_usual_tools_passes() {
    let app = TestApp::new().await;
    let answer = app.anonymous().gql(include_str!("introspection.graphql"), json!({})).await;
    assert_eq!(answer.ok()["__schema"]["queryType"]["name"], "Query");
}
