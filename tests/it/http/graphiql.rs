//! GraphiQL, from the binary alone.

use axum::body::Body;
use axum::http::{Request, header};

use crate::support::{Answer, TestApp};

async fn get(app: &TestApp, path: &str) -> Answer {
    app.send(Request::get(path).body(Body::empty()).unwrap()).await
}

/// The files that stand in the folder that is embedded.
fn embedded() -> Vec<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("web/graphiql");
    let files = std::fs::read_dir(folder).unwrap();
    files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
}

#[tokio::test]
async fn the_page_and_its_files_are_served_with_their_types() {
    let app = TestApp::new().await;
    let mut paths: Vec<_> = embedded().into_iter().map(|name| format!("/graphiql/{name}")).collect();
    assert!(paths.len() > 5);
    paths.push("/".to_owned());
    for path in paths {
        let answer = get(&app, &path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.text.is_empty(), "{path}");
        let expected = match path.rsplit('.').next().unwrap() {
            "/" | "html" => "text/html; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            "md" => "text/plain; charset=utf-8",
            other => panic!("{path}: a file of an unknown kind, {other}"),
        };
        assert_eq!(answer.headers[header::CONTENT_TYPE], expected, "{path}");
        assert_eq!(answer.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
    }
}

#[tokio::test]
async fn the_page_names_only_files_that_are_there() {
    let app = TestApp::new().await;
    let page = get(&app, "/").await.text;
    let named: Vec<_> = page.split('"').filter(|text| text.starts_with('/')).collect();
    assert!(named.len() > 5, "{named:?}");
    for path in named {
        assert_eq!(get(&app, path).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn a_browser_may_load_nothing_from_elsewhere() {
    let app = TestApp::new().await;
    for path in ["/", "/graphiql/roost.js"] {
        let answer = get(&app, path).await;
        let policy = answer.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        let directives: Vec<_> = policy.split(';').map(str::trim).collect();
        for needed in ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"] {
            assert!(directives.contains(&needed), "{needed}: {policy}");
        }
        assert!(!policy.contains("http") && !policy.contains('*') && !policy.contains("unsafe-eval"), "{policy}");
        for host in ["//unpkg", "//esm.sh", "//cdn", "https://", "http://"] {
            assert!(!answer.text.contains(host), "{path} names another host: {host}");
        }
    }
}

#[tokio::test]
async fn what_the_browser_has_already_is_not_sent_again() {
    let app = TestApp::new().await;
    let first = get(&app, "/").await;
    let etag = first.headers[header::ETAG].clone();
    let request =
        |etag: &header::HeaderValue| Request::get("/").header(header::IF_NONE_MATCH, etag).body(Body::empty()).unwrap();
    let again = app.send(request(&etag)).await;
    assert_eq!(again.status, 304);
    assert!(again.text.is_empty());
    let other = app.send(request(&"\"0123456789abcdef\"".parse().unwrap())).await;
    assert_eq!((other.status.as_u16(), &other.headers[header::ETAG]), (200, &etag));
    assert_ne!(get(&app, "/graphiql/roost.js").await.headers[header::ETAG], etag);
}

#[tokio::test]
async fn it_can_be_switched_off() {
    let app = TestApp::with(|config| config.graphiql = false).await;
    for path in ["/", "/graphiql/roost.js", "/graphiql/index.html"] {
        let answer = get(&app, path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.code(), "NOT_FOUND");
    }
    assert_eq!(app.anonymous().gql("{ __typename }", serde_json::json!({})).await.ok()["__typename"], "Query");
}
