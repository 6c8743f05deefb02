//! The arithmetic against a bucket into which tokens drip one by one.

use proptest::prelude::{ProptestConfig, Strategy};
use proptest::{prop_assert, prop_assert_eq, proptest};
use roost::limit::rate::Quota;
use roost::limit::rate::gcra::take;

/// Counts tokens, every microsecond anew.
struct Drip {
    tokens: u64,
    /// Microseconds since the last token, if the bucket is not full.
    since: i64,
}

impl Drip {
    fn wait(&mut self, quota: &Quota, microseconds: i64) {
        for _ in 0..microseconds {
            if self.tokens < u64::from(quota.burst) {
                self.since += 1;
            }
            if self.since == quota.interval() {
                self.tokens += 1;
                self.since = 0;
            }
        }
    }

    fn take(&mut self, quota: &Quota, cost: u64) -> bool {
        let cost = cost.min(quota.burst.into());
        let is_admitted = cost <= self.tokens;
        if is_admitted {
            self.tokens -= cost;
        }
        is_admitted
    }
}

fn quotas() -> impl Strategy<Value = Quota> {
    (1..8_u32, 1..40_u32, 1..4_i64).prop_map(|(burst, count, period)| Quota::new(burst, count, period))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_is_a_bucket_into_which_tokens_drip(
        quota in quotas(),
        start in 0..2_000_000_000_000_000_i64,
        steps in proptest::collection::vec((0..9_000_i64, 1..10_u64), 1..40),
    ) {
        let mut drip = Drip { tokens: quota.burst.into(), since: 0 };
        let (mut now, mut full_at) = (start, 0);
        for (pause, cost) in steps {
            now += pause;
            drip.wait(&quota, pause);
            let verdict = take(full_at, &quota, cost, now);
            prop_assert_eq!(verdict.is_admitted, drip.take(&quota, cost));
            prop_assert_eq!(verdict.remaining, drip.tokens);
            if !verdict.is_admitted {
                // So long and no shorter.
                prop_assert!(!take(verdict.full_at, &quota, cost, now + verdict.wait - 1).is_admitted);
                prop_assert!(take(verdict.full_at, &quota, cost, now + verdict.wait).is_admitted);
            }
            full_at = verdict.full_at;
        }
    }

    #[test]
    fn no_time_lets_through_more_than_the_burst_and_what_came_back(
        quota in quotas(),
        pauses in proptest::collection::vec(0..3_000_i64, 1..300),
    ) {
        let (mut now, mut full_at) = (1_000_000, 0);
        let mut admitted = Vec::new();
        for pause in pauses {
            now += pause;
            let verdict = take(full_at, &quota, 1, now);
            full_at = verdict.full_at;
            if verdict.is_admitted {
                admitted.push(now);
            }
        }
        for (place, first) in admitted.iter().enumerate() {
            for (many, last) in admitted[place..].iter().enumerate() {
                let back = (last - first) / quota.interval();
                prop_assert!(i64::try_from(many + 1).unwrap() <= i64::from(quota.burst) + back);
            }
        }
    }
}

#[test]
fn a_clock_that_was_set_back_keeps_nobody_out_for_long() {
    let quota = Quota::new(2, 1, 1_000);
    let verdict = take(9_000_000_000_000, &quota, 1, 1_000_000);
    assert!(!verdict.is_admitted);
    assert_eq!(verdict.wait, quota.interval());
}

#[test]
fn numbers_at_the_edge_do_not_overflow() {
    let quota: Quota = "4000000000, 4000000000/s".parse().unwrap();
    for (full_at, cost, now) in [(i64::MAX, u64::MAX, i64::MIN), (i64::MIN, u64::MAX, i64::MAX), (0, 0, 0)] {
        take(full_at, &quota, cost, now);
    }
}
