//! Counts in Redis are those of a process, and all processes share them.

use std::net::{IpAddr, Ipv4Addr};

use entity::UserId;
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
