//! Counts in Redis are those of a process, and all processes share them.

use std::net::{IpAddr, Ipv4Addr};

use entity::UserId;
use futures_util::stream::{self, StreamExt};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use roost::clock::{Clock, DAY, HOUR, MINUTE};
use roost::limit::address::Address;
use roost::limit::rate::{Account, Action, Demand, Quota, Rates, Rules, Subject};
use roost::redis::Redis;

use crate::support::proxy::Proxy;
use crate::support::services::redis_url;

#[derive(Clone, Debug)]
enum Step {
    Take(Vec<(usize, u64)>),
    Fail,
    Succeed,
    /// So many half hours; what comes back comes in whole ones, so that no boundary is ever near.
    Wait(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => proptest::collection::vec((0..3_usize, 0..6_u64), 1..3).prop_map(Step::Take),
        3 => Just(Step::Fail),
        1 => Just(Step::Succeed),
        2 => (1..12_i64).prop_map(|hours| Step::Wait(2 * hours)),
    ];
    proptest::collection::vec(step, 1..40)
}

fn rules() -> Rules {
    let quotas = vec![
        (Action::Tweets, Quota::new(5, 1, HOUR)),
        (Action::Follows, Quota::new(3, 2, 4 * HOUR)),
        (Action::LogIns, Quota::new(2, 1, 3 * HOUR)),
    ];
    Rules { quotas, longest_delay: DAY }
}

fn ada() -> (Account, Address) {
    (Account::of_login("ada"), Address::new(IpAddr::V4(Ipv4Addr::LOCALHOST)))
}

fn demands(wanted: &[(usize, u64)]) -> Vec<Demand> {
    let (account, address) = ada();
    let user = Subject::User(UserId(7));
    let actions = [
        (Action::Tweets, user),
        (Action::Follows, Subject::Address(address)),
        (Action::LogIns, Subject::Account(account, address)),
    ];
    let mut demands: Vec<Demand> = wanted
        .iter()
        .map(|(which, cost)| Demand { action: actions[*which].0, subject: actions[*which].1, cost: *cost })
        .collect();
    demands.dedup_by_key(|demand| demand.action);
    demands
}

fn redis(url: &str) -> Redis {
    Redis::new(url, &format!("test-{:016x}", rand::random::<u64>())).unwrap()
}

async fn check(url: &str, steps: &[Step]) {
    let clock = Clock::default();
    // Away from the boundaries, for the two look at the time one after the other.
    clock.advance(MINUTE);
    let redis = redis(url);
    let here = Rates::in_process(rules(), clock.clone());
    // Two processes.
    let shared = [0, 1].map(|_| Rates::shared(rules(), clock.clone(), redis.clone()));
    for (turn, step) in steps.iter().enumerate() {
        let shared = &shared[turn % 2];
        match step {
            Step::Take(wanted) => {
                let demands = demands(wanted);
                let (expected, found) = (here.take(&demands).await, shared.take(&demands).await);
                assert_eq!(found.is_ok(), expected.is_ok(), "{demands:?}: {found:?}, not {expected:?}");
                if let (Ok(Some(expected)), Ok(Some(found))) = (expected, found) {
                    assert_eq!((found.action, found.remaining), (expected.action, expected.remaining));
                }
            }
            Step::Fail => {
                here.failed(ada().0, ada().1).await;
                shared.failed(ada().0, ada().1).await;
            }
            Step::Succeed => {
                here.succeeded(ada().0, ada().1).await;
                shared.succeeded(ada().0, ada().1).await;
            }
            Step::Wait(halves) => clock.advance(halves * HOUR / 2 + MINUTE),
        }
    }
}

#[test]
fn counts_in_redis_are_the_same_as_in_a_process() {
    let Some(url) = redis_url() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let config = Config { cases: 60, failure_persistence: None, ..Config::default() };
    let tested = TestRunner::new(config).run(&steps(), |steps| {
        runtime.block_on(check(&url, &steps));
        Ok(())
    });
    tested.unwrap_or_else(|fault| panic!("{fault}"));
}

/// Of 64 at once, half of which have to be left for a process to let 4 through without asking Redis.
fn many() -> Rules {
    Rules { quotas: vec![(Action::Operations, Quota::new(64, 1, HOUR))], longest_delay: DAY }
}

fn operation(cost: u64) -> [Demand; 1] {
    [Demand { action: Action::Operations, subject: Subject::User(UserId(7)), cost }]
}

/// Costs, each with the process that is asked and whether some time goes by before.
fn operations() -> impl Strategy<Value = Vec<(u64, usize, Option<i64>)>> {
    let wait = prop_oneof![3 => Just(None), 1 => (1..45_i64).prop_map(Some)];
    proptest::collection::vec((1..6_u64, 0..3_usize, wait), 1..80)
}

async fn one_counts_as_without_redis(url: &str, operations: &[(u64, usize, Option<i64>)]) {
    let clock = Clock::default();
    clock.advance(MINUTE);
    let here = Rates::in_process(many(), clock.clone());
    let shared = Rates::shared(many(), clock.clone(), redis(url));
    for (cost, _, wait) in operations {
        if let Some(hours) = wait {
            clock.advance(hours * HOUR);
        }
        let (expected, found) = (here.take(&operation(*cost)).await, shared.take(&operation(*cost)).await);
        let told = [expected, found].map(|told| told.map(|standing| standing.map(|standing| standing.remaining)));
        let [expected, found] = told.map(|told| told.map_err(|limited| limited.standing.remaining));
        assert_eq!(found, expected);
    }
}

async fn several_count_all(url: &str, operations: &[(u64, usize, Option<i64>)]) {
    let clock = Clock::default();
    let redis = redis(url);
    let processes = [0, 1, 2].map(|_| Rates::shared(many(), clock.clone(), redis.clone()));
    let mut admitted = 0;
    for (cost, process, wait) in operations {
        if let Some(seconds) = wait {
            clock.advance(seconds * 1_000);
        }
        if processes[*process].take(&operation(*cost)).await.is_ok() {
            admitted += cost;
        }
    }
    assert!(admitted <= 64 + 3 * 4, "{admitted}");
    // When every process has asked again, nothing is owed any more.
    clock.advance(MINUTE);
    let mut remaining = 0;
    for process in &processes {
        remaining = match process.take(&operation(1)).await {
            Ok(standing) => {
                admitted += 1;
                standing.unwrap().remaining
            }
            Err(limited) => limited.standing.remaining,
        };
    }
    assert_eq!(remaining, 64_u64.saturating_sub(admitted));
}

#[test]
fn operations_that_are_let_through_without_asking_are_counted() {
    let Some(url) = redis_url() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let config = Config { cases: 60, failure_persistence: None, ..Config::default() };
    let tested = TestRunner::new(config).run(&operations(), |operations| {
        runtime.block_on(one_counts_as_without_redis(&url, &operations));
        runtime.block_on(several_count_all(&url, &operations));
        Ok(())
    });
    tested.unwrap_or_else(|fault| panic!("{fault}"));
}

#[tokio::test]
async fn what_was_owed_long_ago_has_come_back() {
    let Some(url) = redis_url() else { return };
    let (clock, redis) = (Clock::default(), redis(&url));
    let [one, other] = [0, 1].map(|_| Rates::shared(many(), clock.clone(), redis.clone()));
    let remaining = async |rates: &Rates, cost| rates.take(&operation(cost)).await.unwrap().unwrap().remaining;
    assert_eq!((remaining(&one, 1).await, remaining(&one, 4).await), (63, 59));
    clock.advance(66 * HOUR);
    assert_eq!(remaining(&other, 10).await, 54);
    assert_eq!(remaining(&one, 1).await, 53);
}

#[tokio::test]
async fn who_is_far_from_the_limit_seldom_costs_redis_a_question() {
    let Some(url) = redis_url() else { return };
    let way = Proxy::to(&url).await;
    let clock = Clock::default();
    let rules = Rules { quotas: vec![(Action::Operations, Quota::new(1_600, 1, HOUR))], longest_delay: DAY };
    let rates = Rates::shared(rules.clone(), clock.clone(), redis(&way.url(&url)));
    let patient = Rates::shared(rules, clock.clone(), redis(&way.url(&url)));
    let remaining = async |rates: &Rates, cost| rates.take(&operation(cost)).await.unwrap().unwrap().remaining;
    assert_eq!((remaining(&patient, 10).await, remaining(&rates, 10).await), (1_590, 1_590));
    way.cut();
    for count in 1..=10 {
        if count == 6 {
            clock.advance(20_000);
        }
        assert_eq!(remaining(&rates, 10).await, 1_590 - 10 * count, "without Redis");
    }
    // A sixteenth of the quota, or half a minute, and it has to be asked. It is away: a process counts for itself then.
    assert_eq!(remaining(&rates, 10).await, 1_590);
    assert_eq!(remaining(&patient, 10).await, 1_580, "without Redis");
    clock.advance(15_000);
    assert_eq!(remaining(&patient, 10).await, 1_590);
}

#[tokio::test]
async fn there_is_room_for_whoever_comes_after_very_many() {
    let Some(url) = redis_url() else { return };
    let way = Proxy::to(&url).await;
    let clock = Clock::default();
    let rules = Rules { quotas: vec![(Action::Operations, Quota::new(1_600, 1, HOUR))], longest_delay: DAY };
    let rates = Rates::shared(rules, clock.clone(), redis(&way.url(&url)));
    // More than it is remembered for that they are far from their limit.
    let many = stream::iter(1_000..67_000).for_each_concurrent(64, async |user| {
        let demand = Demand { action: Action::Operations, subject: Subject::User(UserId(user)), cost: 1 };
        assert_eq!(rates.take(&[demand]).await.unwrap().unwrap().remaining, 1_599);
    });
    many.await;
    clock.advance(2_000);
    let remaining = async || rates.take(&operation(10)).await.unwrap().unwrap().remaining;
    assert_eq!(remaining().await, 1_590);
    way.cut();
    assert_eq!(remaining().await, 1_580, "without Redis");
}

#[tokio::test]
async fn without_redis_every_process_counts_for_itself() {
    let Some(url) = redis_url() else { return };
    let way = Proxy::to(&url).await;
    let rates = Rates::shared(rules(), Clock::default(), redis(&way.url(&url)));
    let tweet = demands(&[(0, 1)]);
    assert_eq!(rates.take(&tweet).await.unwrap().unwrap().remaining, 4);
    way.cut();
    for remaining in (0..5).rev() {
        assert_eq!(rates.take(&tweet).await.unwrap().unwrap().remaining, remaining);
    }
    assert!(rates.take(&tweet).await.is_err());
}
