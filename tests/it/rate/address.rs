//! Who a request comes from: the connection, and behind trusted proxies what they say.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderValue};
use roost::limit::address::{Address, Proxies};
use serde_json::json;

use super::{from, limited, quota};
use crate::support::TestApp;

fn address(text: &str) -> Address {
    Address::new(text.parse().unwrap())
}

fn client(proxies: &str, peer: &str, forwarded: &[&str]) -> Address {
    let proxies = Proxies::try_from(proxies.to_owned()).unwrap();
    proxies.client(peer.parse::<IpAddr>().unwrap(), forwarded.iter().copied())
}

#[test]
fn only_trusted_proxies_are_believed_and_only_as_far_as_they_wrote() {
    for (proxies, peer, forwarded, expected) in [
        // Nobody is trusted: whatever the header says.
        ("", "192.0.2.1", &["198.51.100.7"][..], "192.0.2.1"),
        ("10.0.0.0/8", "192.0.2.1", &["198.51.100.7"], "192.0.2.1"),
        ("10.0.0.0/8", "10.1.2.3", &["198.51.100.7"], "198.51.100.7"),
        ("10.1.2.3", "10.1.2.3", &[], "10.1.2.3"),
        // The client itself wrote what stands to the left.
        ("10.0.0.0/8", "10.1.2.3", &["203.0.113.9, 198.51.100.7"], "198.51.100.7"),
        ("10.0.0.0/8", "10.1.2.3", &["203.0.113.9", "198.51.100.7"], "198.51.100.7"),
        ("10.0.0.0/8", "10.1.2.3", &["203.0.113.9, 198.51.100.7, 10.9.9.9"], "198.51.100.7"),
        // All of them are ours: the first one asked.
        ("10.0.0.0/8", "10.1.2.3", &["10.0.0.1, 10.0.0.2"], "10.0.0.1"),
        // What cannot be read ends the list.
        ("10.0.0.0/8", "10.1.2.3", &["198.51.100.7, unknown, 10.9.9.9"], "10.9.9.9"),
        ("10.0.0.0/8", "10.1.2.3", &[""], "10.1.2.3"),
        ("10.0.0.0/8, ::1", "::1", &["198.51.100.7:4711"], "198.51.100.7"),
        ("::1", "::1", &["[2001:db8::7]:4711"], "2001:db8::7"),
        ("fd00::/8", "fd12::1", &["2001:db8::7"], "2001:db8::7"),
        ("0.0.0.0/0", "192.0.2.1", &["198.51.100.7, 203.0.113.9"], "198.51.100.7"),
        ("::/0", "2001:db8::1", &["198.51.100.7"], "198.51.100.7"),
        // IPv4 inside IPv6 is IPv4.
        ("10.0.0.0/8", "::ffff:10.1.2.3", &["::ffff:198.51.100.7"], "198.51.100.7"),
    ] {
        assert_eq!(client(proxies, peer, forwarded), address(expected), "{proxies} {peer} {forwarded:?}");
    }
}

#[test]
fn an_ipv6_customer_is_one_client() {
    assert_eq!(address("2001:db8:1:2:3:4:5:6"), address("2001:db8:1:2::1"));
    assert_ne!(address("2001:db8:1:2::1"), address("2001:db8:1:3::1"));
    assert_ne!(address("192.0.2.1"), address("192.0.2.2"));
}

#[test]
fn what_is_no_address_is_refused() {
    for text in ["here", "10.0.0.0/33", "::1/129", "10.0.0.0/", "10.0.0/8", "10.0.0.0/-1"] {
        Proxies::try_from(text.to_owned()).unwrap_err();
    }
}

/// Whether a request of nobody's is let in.
async fn is_let_in(app: &TestApp, peer: &str, forwarded: Option<&str>) -> bool {
    let mut request = from(peer, app.anonymous().request(&json!({ "query": "{ viewer { id } }" })));
    let mut headers = HeaderMap::new();
    headers.extend(
        forwarded.map(|value| {
            (axum::http::HeaderName::from_static("x-forwarded-for"), HeaderValue::from_str(value).unwrap())
        }),
    );
    request.headers_mut().extend(headers);
    app.send(request).await.status == 200
}

#[tokio::test]
async fn a_forged_header_changes_nothing() {
    let app = limited(|config| config.rate_anonymous_operations = quota("2, 1/h")).await;
    assert!(is_let_in(&app, "192.0.2.1", Some("198.51.100.1")).await);
    assert!(is_let_in(&app, "192.0.2.1", Some("198.51.100.2")).await);
    assert!(!is_let_in(&app, "192.0.2.1", Some("198.51.100.3")).await);
    assert!(is_let_in(&app, "192.0.2.2", Some("192.0.2.1")).await, "nor does it cost somebody else");
    assert!(is_let_in(&app, "192.0.2.2", None).await);
}

#[tokio::test]
async fn behind_a_trusted_proxy_everybody_has_their_own_limit() {
    let app = limited(|config| {
        config.rate_anonymous_operations = quota("1, 1/h");
        config.trusted_proxies = "127.0.0.1, 10.0.0.0/8".to_owned().try_into().unwrap();
    })
    .await;
    assert!(is_let_in(&app, "10.0.0.1", Some("198.51.100.1")).await);
    assert!(is_let_in(&app, "10.0.0.1", Some("198.51.100.2")).await);
    assert!(!is_let_in(&app, "10.0.0.1", Some("198.51.100.1")).await);
    assert!(!is_let_in(&app, "10.0.0.2", Some("forged, 198.51.100.2")).await);
    assert!(!is_let_in(&app, "127.0.0.1", Some("203.0.113.1, 198.51.100.2, 10.0.0.2")).await);
}
