//! How often somebody may do something: a burst at once, and then so many in a time.
//!
//! `action` is the table of what is counted, `quota` how much of it, `gcra` the arithmetic and `bucket` what it is applied to;
//! `memory` is where this process keeps what was counted, `shared` where all processes do that have a Redis, and `tab` what is let
//! through before it is counted there.
//!
//! Log-ins have one rule more. Each is counted for the account and the address together, and for the address; after a burst
//! of failures, every further failure for an account from an address doubles the time for which that address has to leave
//! that account alone, up to a longest delay, and a success forgets them. So whoever guesses is slowed down, and nobody is
//! ever kept out by somebody elsewhere: the owner's address is another one. An account is known by what was typed, so that an
//! account that does not exist behaves as one that does. The count of an address alone has no such growth: behind one
//! address there may be many people.

mod action;
mod bucket;
pub mod gcra;
mod memory;
mod quota;
mod shared;
mod tab;

use std::sync::Arc;

use entity::UserId;
use sha2::{Digest, Sha256};

use super::address::Address;
use crate::clock::{Clock, SECOND};
use crate::redis::Redis;
pub use action::Action;
use memory::Memory;
pub use quota::Quota;
use shared::Shared;

/// Who does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    User(UserId),
    Address(Address),
    /// Somebody at an address who says that this is their account.
    Account(Account, Address),
}

/// An account that somebody gives a password for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Account {
    /// The digest of what was typed as the login; there may be no such account.
    Login([u8; 32]),
    User(UserId),
}

impl Account {
    /// The account that a login stands for, in any case.
    pub fn of_login(login: &str) -> Self {
        Self::Login(Sha256::digest(login.trim().to_lowercase()).into())
    }
}

/// So much of an action that is to be done now.
#[derive(Clone, Copy, Debug)]
pub struct Demand {
    pub action: Action,
    pub subject: Subject,
    pub cost: u64,
}

/// How somebody stands with a limit. Times are in seconds, rounded up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub action: Action,
    pub quota: Quota,
    /// How much can be done now.
    pub remaining: u64,
    /// Until all of the quota is there again.
    pub full_in: u64,
}

impl Standing {
    /// Whether this limit is nearer to its end than another one.
    pub fn binds_before(&self, other: &Self) -> bool {
        let left = |one: &Self, of: &Self| u128::from(one.remaining) * u128::from(of.quota.burst);
        left(self, other) < left(other, self)
    }
}

/// It was too much: nothing was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limited {
    pub standing: Standing,
    /// In seconds, at least 1.
    pub retry_after: u64,
}

/// What is allowed.
#[derive(Clone, Debug)]
pub struct Rules {
    pub quotas: Vec<(Action, Quota)>,
    /// The longest time for which failures close an account to an address, in milliseconds.
    pub longest_delay: i64,
}

/// Counts what is done. All clones share one count.
#[derive(Clone)]
pub struct Rates {
    rules: Arc<Rules>,
    clock: Clock,
    store: Store,
}

/// Where the counts are.
#[derive(Clone)]
enum Store {
    Off,
    InProcess(Arc<Memory>),
    /// In Redis; in this process while that does not answer.
    Shared(Arc<Shared>, Arc<Memory>),
}

impl Rates {
    /// Counts in this process.
    pub fn in_process(rules: Rules, clock: Clock) -> Self {
        Self { rules: Arc::new(rules), clock, store: Store::InProcess(Arc::default()) }
    }

    /// Counts together with all processes that share this Redis.
    pub fn shared(rules: Rules, clock: Clock, redis: Redis) -> Self {
        Self { rules: Arc::new(rules), clock, store: Store::Shared(Arc::new(Shared::new(redis)), Arc::default()) }
    }

    /// Allows everything.
    pub fn off(clock: Clock) -> Self {
        let rules = Arc::new(Rules { quotas: Vec::new(), longest_delay: 0 });
        Self { rules, clock, store: Store::Off }
    }

    /// Counts all of the demands if each is within its limit, else none. Returns how one stands with the limit that binds;
    /// none if nothing is limited.
    ///
    /// # Errors
    /// With the limit that makes one wait longest.
    pub async fn take(&self, demands: &[Demand]) -> Result<Option<Standing>, Limited> {
        let demands: Vec<Demand> = demands.iter().copied().filter(|demand| demand.cost > 0).collect();
        match &self.store {
            Store::Off => Ok(None),
            _ if demands.is_empty() => Ok(None),
            Store::InProcess(memory) => memory.take(&self.rules, &demands, self.now()),
            Store::Shared(shared, memory) => match shared.take(&self.rules, &demands, self.ahead(), self.now()).await {
                Some(taken) => taken,
                None => memory.take(&self.rules, &demands, self.now()),
            },
        }
    }

    /// Somebody gave a wrong password: the next try has to wait longer.
    pub async fn failed(&self, account: Account, address: Address) {
        let subject = Subject::Account(account, address);
        match &self.store {
            Store::Off => (),
            Store::InProcess(memory) => memory.failed(&self.rules, subject, self.now()),
            Store::Shared(shared, memory) => {
                if shared.failed(&self.rules, subject, self.ahead()).await.is_none() {
                    memory.failed(&self.rules, subject, self.now());
                }
            }
        }
    }

    /// Somebody gave the right password: what they tried before is forgotten.
    pub async fn succeeded(&self, account: Account, address: Address) {
        let subject = Subject::Account(account, address);
        match &self.store {
            Store::Off => (),
            Store::InProcess(memory) => memory.succeeded(subject),
            Store::Shared(shared, memory) => {
                memory.succeeded(subject);
                shared.succeeded(subject).await;
            }
        }
    }

    /// By how much our clock is ahead of the system's, in microseconds: nothing, outside tests.
    fn ahead(&self) -> i64 {
        self.clock.offset().saturating_mul(quota::MILLISECOND)
    }

    /// In microseconds.
    fn now(&self) -> i64 {
        self.clock.now().saturating_mul(quota::MILLISECOND)
    }
}

impl Rules {
    fn quota(&self, action: Action) -> Quota {
        let found = self.quotas.iter().find(|(configured, _)| *configured == action);
        found.map_or(action.quota(), |(_, quota)| *quota)
    }

    /// How long a failure closes an account to an address, in microseconds, after so many failures without a success.
    fn delay(&self, failures: u32) -> i64 {
        let quota = self.quota(Action::LogIns);
        let doublings = failures.saturating_sub(quota.burst);
        let longest = self.longest_delay.saturating_mul(quota::MILLISECOND);
        match doublings {
            0 => 0,
            _ => quota.interval().saturating_mul(1_i64.checked_shl(doublings.min(40)).unwrap_or(i64::MAX)).min(longest),
        }
    }
}

/// In seconds, rounded up.
fn seconds(microseconds: i64) -> u64 {
    u64::try_from(microseconds).unwrap_or(0).div_ceil((SECOND * quota::MILLISECOND).unsigned_abs())
}
