//! Messages: which there are, in which order, and how the server says that one is wrong.

use std::time::Duration;

use roost::http::Timings;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::support::Served;

#[tokio::test]
async fn a_second_connection_init_closes_the_socket() {
    let served = Served::new().await;
    let mut socket = served.anonymous().await;
    socket.send(&json!({ "type": "connection_init" })).await;
    assert_eq!(socket.closed().await, (4429, "Too many initialisation requests".to_owned()));
}

#[tokio::test]
async fn an_operation_before_the_acknowledgement_closes_the_socket() {
    let served = Served::new().await;
    let mut socket = served.raw().await;
    socket.subscribe("1", "{ __typename }", json!({})).await;
    assert_eq!(socket.closed().await, (4401, "Unauthorized".to_owned()));
}

#[tokio::test]
async fn whatever_is_no_message_of_the_protocol_closes_the_socket() {
    let served = Served::new().await;
    let ada = served.app.person("ada").await;
    for text in [
        "nonsense",
        "",
        "null",
        "[]",
        r#"["ping"]"#,
        r#"{"type":"ping","payload":1}"#,
        r#"{"type":"start","id":"1","payload":{"query":"{ __typename }"}}"#,
        r#"{"type":"connection_terminate"}"#,
        r#"{"type":"next","id":"1","payload":{}}"#,
        r#"{"type":1}"#,
        r#"{"id":"1"}"#,
        r#"{"type":"complete"}"#,
        r#"{"type":"subscribe","payload":{"query":"{ __typename }"}}"#,
        r#"{"type":"subscribe","id":1,"payload":{"query":"{ __typename }"}}"#,
        r#"{"type":"subscribe","id":"","payload":{"query":"{ __typename }"}}"#,
        r#"{"type":"subscribe","id":"1"}"#,
        r#"{"type":"subscribe","id":"1","payload":{}}"#,
        r#"{"type":"subscribe","id":"1","payload":{"query":1}}"#,
        r#"{"type":"subscribe","id":"1","payload":{"query":"{ __typename }","variables":[]}}"#,
        r#"{"type":"subscribe","id":"1","payload":["{ __typename }",null,null,null]}"#,
    ] {
        let mut socket = served.of(&ada).await;
        socket.send_raw(Message::text(text)).await;
        let (code, reason) = socket.closed().await;
        assert_eq!(code, 4400, "{text}");
        assert!(!reason.is_empty() && reason.len() <= 123, "{text}: {reason}");
    }
}

#[tokio::test]
async fn wrong_messages_before_the_acknowledgement_close_the_socket_as_well() {
    let served = Served::new().await;
    for text in ["nonsense", r#"{"type":"connection_init","payload":1}"#, r#"["connection_init",{}]"#] {
        let mut socket = served.raw().await;
        socket.send_raw(Message::text(text)).await;
        assert_eq!(socket.closed().await.0, 4400, "{text}");
    }
}

#[tokio::test]
async fn binary_messages_close_the_socket() {
    let served = Served::new().await;
    let mut socket = served.anonymous().await;
    socket.send_raw(Message::binary(br#"{"type":"ping"}"#.to_vec())).await;
    assert_eq!(socket.closed().await.0, 4400);
}

#[tokio::test]
async fn a_message_of_more_than_64_kib_closes_the_socket() {
    let served = Served::new().await;
    let mut socket = served.anonymous().await;
    let padded = |bytes: usize| {
        let message = r#"{"type":"ping","payload":{"pad":""}}"#;
        message.replace(r#""""#, &format!("\"{}\"", "x".repeat(bytes - message.len())))
    };
    let longest = padded(64 * 1024);
    assert_eq!(longest.len(), 65_536);
    socket.send_raw(Message::text(longest)).await;
    assert_eq!(socket.next().await["type"], "pong");
    socket.send_raw(Message::text(padded(64 * 1024 + 1))).await;
    assert_eq!(socket.closed().await, (4400, "The message is too long".to_owned()));
}

#[tokio::test]
async fn pings_are_answered_with_their_payload_before_and_after_the_acknowledgement() {
    let served = Served::new().await;
    let mut socket = served.raw().await;
    socket.send(&json!({ "type": "ping" })).await;
    assert_eq!(socket.next().await, json!({ "type": "pong" }));
    socket.send(&json!({ "type": "connection_init" })).await;
    assert_eq!(socket.next().await, json!({ "type": "connection_ack" }));
    for payload in [json!({}), json!({ "at": [1, null, "é"] })] {
        socket.send(&json!({ "type": "ping", "payload": payload })).await;
        assert_eq!(socket.next().await, json!({ "type": "pong", "payload": payload }));
    }
    socket.send(&json!({ "type": "ping", "payload": null })).await;
    assert_eq!(socket.next().await, json!({ "type": "pong" }));
}

#[tokio::test]
async fn pongs_are_taken_and_not_answered() {
    let served = Served::new().await;
    let mut socket = served.anonymous().await;
    socket.send(&json!({ "type": "pong" })).await;
    socket.send(&json!({ "type": "pong", "payload": { "at": 1 } })).await;
    socket.quiet().await;
}

#[tokio::test]
async fn the_server_pings_and_keeps_whoever_answers() {
    let timings = Timings { ping: Duration::from_millis(200), ..Timings::default() };
    let served = Served::with(|_| (), timings).await;
    let mut socket = served.anonymous().await;
    for _ in 0..5 {
        // The client library answers by itself while it reads.
        assert!(socket.frame().await.is_ping());
    }
}

#[tokio::test]
async fn close_reasons_fit_into_a_control_frame() {
    let served = Served::new().await;
    let ada = served.app.person("ada").await;
    // Three bytes a character: the cut may not fall inside one.
    let id = "日".repeat(1_000);
    let mut socket = served.of(&ada).await;
    for _ in 0..2 {
        socket.subscribe(&id, "subscription { notificationAdded { cursor } }", json!({})).await;
    }
    let (code, reason) = socket.closed().await;
    assert_eq!(code, 4409);
    assert!(reason.starts_with("Subscriber for 日日") && reason.len() <= 123, "{reason}");
}

#[tokio::test]
async fn a_server_that_stops_says_so() {
    let mut served = Served::new().await;
    let ada = served.app.person("ada").await;
    let mut sockets = [served.raw().await, served.of(&ada).await];
    served.stop().await;
    for socket in &mut sockets {
        assert_eq!(socket.closed().await.0, 1001);
    }
}
