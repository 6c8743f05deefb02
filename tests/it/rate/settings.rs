//! Limits as they are configured.

use roost::limit::rate::Quota;
use serde_json::json;

use crate::support::process::{Place, ended};

const WHO: &str = "{ viewer { id } }";

#[test]
fn a_limit_is_written_as_it_is_read() {
    for (text, same) in [
        ("30, 300/3h", "30, 300/3h"),
        ("1,1/s", "1, 1/s"),
        (" 10 , 1 / 10s ", "10, 1/10s"),
        ("5, 7/60s", "5, 7/m"),
        ("5, 7/48h", "5, 7/2d"),
        ("5, 7/90m", "5, 7/90m"),
    ] {
        let quota: Quota = text.parse().unwrap();
        assert_eq!(quota.to_string(), same);
        assert_eq!(same.parse::<Quota>().unwrap(), quota);
    }
    for text in ["", "30", "30, 300", "30, 300/", "30, 300/3", "0, 1/s", "1, 0/s", "1, 1/0s", "-1, 1/s", "1, 1/y"] {
        assert!(text.parse::<Quota>().unwrap_err().contains("30, 300/3h"), "{text}");
    }
    assert!("4000000000, 1/d".parse::<Quota>().unwrap_err().contains("a year"));
}

#[tokio::test]
async fn limits_are_set_in_the_file_and_by_variables_and_a_flag_turns_them_off() {
    let mut place = Place::with(|config| {
        config.rate_limit = true;
        config.rate_anonymous_operations = "2, 1/h".parse().unwrap();
    });
    // Each server is to begin anew.
    place.config.redis_url = None;
    let server = place.serve().await;
    for status in [200, 200, 429] {
        assert_eq!(server.client().gql(None, WHO, json!({})).await.unwrap().status, status);
    }
    let mut command = place.roost(&["serve"]);
    let server = place.start(command.env("ROOST_RATE_ANONYMOUS_OPERATIONS", "1, 1/h")).await;
    for status in [200, 429] {
        assert_eq!(server.client().gql(None, WHO, json!({})).await.unwrap().status, status);
    }
    let server = place.start(&mut place.roost(&["serve", "--no-rate-limit"])).await;
    for _ in 0..5 {
        assert_eq!(server.client().gql(None, WHO, json!({})).await.unwrap().status, 200);
    }
}

#[tokio::test]
async fn what_is_no_limit_and_no_proxy_is_refused_in_one_sentence() {
    let place = Place::new();
    for (file, expected) in [
        ("rate_tweets = \"many\"", "rate_tweets"),
        ("rate_tweets = \"0, 1/s\"", "is no limit"),
        ("rate_tweets = 5", "rate_tweets"),
        ("trusted_proxies = \"10.0.0.0/40\"", "is no address and no range of addresses"),
    ] {
        std::fs::write(place.path("roost.toml"), file).unwrap();
        let answer = place.run(&["migrate"]).await;
        assert_eq!((answer.code, answer.stdout.as_str()), (Some(2), ""), "{answer:?}");
        assert!(answer.stderr.contains(expected) && answer.stderr.lines().count() == 1, "{answer:?}");
    }
}

#[tokio::test]
async fn proxies_are_a_list_in_one_line() {
    let place = Place::new();
    let mut command = place.roost(&["config"]);
    let answer = ended(command.env("ROOST_TRUSTED_PROXIES", "10.0.0.0/8, ::1")).await;
    assert!(answer.stdout.contains("trusted_proxies = \"10.0.0.0/8, ::1/128\"\n"), "{answer:?}");
}
