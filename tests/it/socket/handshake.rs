//! Who may open a socket, and as whom.

use std::time::Duration;

use axum::http::Response;
use roost::http::Timings;
use serde_json::{Value, json};

use crate::support::{PROTOCOL, Person, Served, Socket};

const WHO: &str = "{ viewer { user { username } } }";
const LOG_OUT: &str = "mutation { logOut { userErrors { code } } }";

async fn who(socket: &mut Socket) -> Value {
    socket.subscribe("who", WHO, json!({})).await;
    let data = socket.event("who").await;
    assert_eq!(socket.next().await, json!({ "id": "who", "type": "complete" }));
    data["viewer"]["user"]["username"].clone()
}

fn code(answer: &Response<Option<Vec<u8>>>) -> Value {
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("application/json"));
    let body: Value = serde_json::from_slice(answer.body().as_deref().unwrap()).unwrap();
    body["errors"][0]["extensions"]["code"].clone()
}

#[tokio::test]
async fn the_subprotocol_has_to_be_asked_for() {
    let served = Served::new().await;
    for headers in [&[][..], &[("sec-websocket-protocol", "mqtt")]] {
        let answer = served.dial(headers).await.err().expect("refused");
        assert_eq!(answer.status(), 400);
        assert_eq!(code(&answer), "BAD_USER_INPUT");
    }
    // The client library does not take a socket without the protocol that it asked for: so by hand.
    assert!(legacy_handshake(&served).await.contains("Subprotocol not acceptable"));
}

/// Asks for the old subprotocol only, and returns all that the server says until it hangs up.
async fn legacy_handshake(served: &Served) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(served.address).await.unwrap();
    let request = "GET /graphql HTTP/1.1\r\nHost: roost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                   Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                   Sec-WebSocket-Protocol: graphql-ws\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(answer.windows(2).any(|code| code == 4406_u16.to_be_bytes()), "{answer:?}");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn ours_is_chosen_among_several_subprotocols() {
    let served = Served::new().await;
    let several = ("sec-websocket-protocol", "graphql-ws, graphql-transport-ws");
    let mut socket = served.dial(&[several]).await.unwrap();
    assert_eq!(socket.protocol.as_ref().unwrap(), PROTOCOL.1);
    socket.send(&json!({ "type": "connection_init", "payload": null })).await;
    assert_eq!(socket.next().await, json!({ "type": "connection_ack" }));
}

#[tokio::test]
async fn a_handshake_that_is_none_is_400() {
    let served = Served::new().await;
    let request = axum::http::Request::get("/graphql").header("upgrade", "websocket").header("connection", "upgrade");
    let answer = served.app.send(request.body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (400, "BAD_USER_INPUT"), "{}", answer.text);
}

#[tokio::test]
async fn a_socket_that_is_not_initialised_in_time_is_closed() {
    let timings = Timings { init: Duration::from_millis(20), ..Timings::default() };
    let served = Served::with(|_| (), timings).await;
    let expected = (4408, "Connection initialisation timeout".to_owned());
    assert_eq!(served.raw().await.closed().await, expected);
}

#[tokio::test]
async fn a_token_in_connection_init_says_who_asks() {
    let served = Served::new().await;
    let ada = served.app.person("ada").await;
    assert_eq!(who(&mut served.of(&ada).await).await, "ada");
    assert_eq!(who(&mut served.anonymous().await).await, Value::Null);
}

#[tokio::test]
async fn a_bad_token_in_connection_init_closes_the_socket() {
    let served = Served::new().await;
    let ada = served.app.person("ada").await;
    for authorization in ["Bearer nonsense".to_owned(), ada.token] {
        let mut socket = served.raw().await;
        let payload = json!({ "Authorization": authorization });
        socket.send(&json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(socket.closed().await, (4403, "Forbidden".to_owned()), "{authorization}");
    }
}

#[tokio::test]
async fn a_bad_bearer_token_at_the_upgrade_is_401() {
    let served = Served::new().await;
    let answer = served.dial(&[PROTOCOL, ("authorization", "Bearer nonsense")]).await.err().expect("refused");
    assert_eq!(answer.status(), 401);
    assert_eq!(code(&answer), "UNAUTHENTICATED");
}

#[tokio::test]
async fn the_cookie_of_the_upgrade_counts_until_connection_init_names_somebody() {
    let served = Served::new().await;
    let [ada, bob] = served.app.cast(["ada", "bob"]).await;
    let cookie = format!("roost_session={}", ada.token);
    let headers = [PROTOCOL, ("cookie", cookie.as_str())];

    let mut socket = served.dial(&headers).await.unwrap();
    socket.send(&json!({ "type": "connection_init" })).await;
    socket.next().await;
    assert_eq!(who(&mut socket).await, "ada");

    let mut socket = served.dial(&headers).await.unwrap();
    socket.init(&bob.token).await;
    socket.next().await;
    assert_eq!(who(&mut socket).await, "bob");

    let mut socket = served.dial(&[PROTOCOL, ("cookie", "roost_session=nonsense")]).await.unwrap();
    socket.send(&json!({ "type": "connection_init" })).await;
    socket.next().await;
    assert_eq!(who(&mut socket).await, Value::Null);
}

#[tokio::test]
async fn pages_of_other_sites_may_not_open_sockets() {
    let served = Served::new().await;
    let port = served.address.port();
    for foreign in ["https://evil.example", "http://127.0.0.1:1", "null", "http://localhost.evil.example"] {
        let answer = served.dial(&[PROTOCOL, ("origin", foreign)]).await.err().expect("refused");
        assert_eq!(answer.status(), 403, "{foreign}");
        assert_eq!(code(&answer), "FORBIDDEN");
    }
    for host in ["127.0.0.1", "localhost", "[::1]"] {
        let own = format!("http://{host}:{port}");
        served.dial(&[PROTOCOL, ("origin", &own)]).await.unwrap();
    }
}

#[tokio::test]
async fn with_a_public_url_only_its_pages_may() {
    let set =
        |config: &mut roost::config::Config| config.public_url = Some("https://Social.example:443/app".to_owned());
    let served = Served::with(set, Timings::default()).await;
    served.dial(&[PROTOCOL]).await.unwrap();
    served.dial(&[PROTOCOL, ("origin", "https://social.example")]).await.unwrap();
    let local = format!("http://localhost:{}", served.address.port());
    for foreign in [local.as_str(), "http://social.example", "https://social.example:8443"] {
        let answer = served.dial(&[PROTOCOL, ("origin", foreign)]).await.err().expect("refused");
        assert_eq!(answer.status(), 403, "{foreign}");
    }
}

#[tokio::test]
async fn pages_of_configured_origins_may_as_well() {
    let set = |config: &mut roost::config::Config| config.allowed_origins = vec!["https://app.example".to_owned()];
    let served = Served::with(set, Timings::default()).await;
    served.dial(&[PROTOCOL, ("origin", "https://app.example")]).await.unwrap();
    for foreign in ["http://app.example", "https://app.example:8443", "https://app.example.evil.example"] {
        let answer = served.dial(&[PROTOCOL, ("origin", foreign)]).await.err().expect("refused");
        assert_eq!(answer.status(), 403, "{foreign}");
    }
}

#[tokio::test]
async fn logging_out_closes_that_sessions_sockets_and_no_others() {
    let served = Served::new().await;
    let ada = served.app.person("ada").await;
    let elsewhere = roost::auth::log_in(&served.app.app, "ada", Person::PASSWORD.to_owned(), None);
    let elsewhere = Person { token: elsewhere.await.unwrap().token, ..ada.clone() };
    let (mut one, mut two) = (served.of(&ada).await, served.of(&ada).await);
    let mut other = served.of(&elsewhere).await;

    served.app.as_user(&ada).gql(LOG_OUT, json!({})).await.changed("logOut");
    for socket in [&mut one, &mut two] {
        assert_eq!(socket.closed().await.0, 4401);
    }
    other.quiet().await;
}

#[tokio::test]
async fn logging_out_over_a_socket_closes_it() {
    let served = Served::new().await;
    for round in 0..20 {
        let ada = served.app.person(&format!("ada{round}")).await;
        let mut socket = served.of(&ada).await;
        socket.subscribe("out", LOG_OUT, json!({})).await;
        let code = loop {
            match socket.frame().await {
                tokio_tungstenite::tungstenite::Message::Close(Some(frame)) => break u16::from(frame.code),
                frame => assert!(frame.is_text(), "{frame:?}"),
            }
        };
        assert_eq!(code, 4401);
    }
}

#[tokio::test]
async fn a_session_that_ends_between_upgrade_and_connection_init_is_not_let_in() {
    let served = Served::new().await;
    let ada = served.app.person("ada").await;
    let cookie = format!("roost_session={}", ada.token);
    let mut socket = served.dial(&[PROTOCOL, ("cookie", &cookie)]).await.unwrap();
    served.app.as_user(&ada).gql(LOG_OUT, json!({})).await.changed("logOut");
    socket.send(&json!({ "type": "connection_init" })).await;
    assert_eq!(socket.next().await, json!({ "type": "connection_ack" }));
    assert_eq!(socket.closed().await.0, 4401);
}
