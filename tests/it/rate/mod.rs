//! Limits on how often somebody may do something: the arithmetic, each action, the cost of operations, log-ins, proxies.

mod actions;
mod address;
mod flood;
mod gcra;
mod log_in;
mod operations;
mod settings;
mod shared;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request};
use roost::config::Config;
use roost::limit::rate::Quota;
use std::net::SocketAddr;

use crate::support::{Answer, TestApp};

/// An app with limits, which are the default ones but for what is changed.
async fn limited(change: impl FnOnce(&mut Config)) -> TestApp {
    TestApp::with(|config| {
        config.rate_limit = true;
        change(config);
    })
    .await
}

fn quota(text: &str) -> Quota {
    text.parse().unwrap()
}

/// A request as it comes over a connection from an address.
fn from(address: &str, mut request: Request<Body>) -> Request<Body> {
    let peer = SocketAddr::new(address.parse().unwrap(), 40_000);
    request.extensions_mut().insert(ConnectInfo(peer));
    request
}

/// What the RateLimit headers say.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    limit: String,
    /// How many in how many seconds.
    quota: (u64, u64),
    remaining: u64,
    full_in: u64,
}

fn told(headers: &HeaderMap) -> Told {
    let text = |name: &str| headers[name].to_str().unwrap().to_owned();
    let (policy, standing) = (text("ratelimit-policy"), text("ratelimit"));
    let (limit, parameters) = standing.split_once(';').unwrap();
    assert_eq!(policy.split(';').next().unwrap(), limit, "the two speak of one limit");
    let number = |of: &str, name: &str| {
        let found = of.split(';').find_map(|parameter| parameter.strip_prefix(&format!("{name}=")));
        found.unwrap_or_else(|| panic!("no {name} in {of}")).parse::<u64>().unwrap()
    };
    Told {
        limit: limit.trim_matches('"').to_owned(),
        quota: (number(&policy, "q"), number(&policy, "w")),
        remaining: number(parameters, "r"),
        full_in: number(parameters, "t"),
    }
}

/// The seconds after which to try again, of an answer whose only error is RATE_LIMITED.
#[track_caller]
fn retry_after(answer: &Answer) -> u64 {
    assert_eq!(answer.code(), "RATE_LIMITED", "{}", answer.text);
    let error = &answer.body["errors"][0];
    let seconds = error["extensions"]["retryAfter"].as_u64().unwrap_or_else(|| panic!("{error}"));
    assert!(seconds >= 1);
    assert!(error["message"].as_str().unwrap().contains(&format!("{seconds} seconds")), "{error}");
    seconds
}
