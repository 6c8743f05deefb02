//! The counts of all processes, in Redis. One script reads and changes them all, or none; what it has found is judged here
//! by the same arithmetic as the counts of one process.
//!
//! The time is that of Redis, so that processes whose clocks differ count alike. Its numbers are doubles, which hold every
//! microsecond of our time exactly.

use std::sync::LazyLock;

use redis::Script;
use redis::aio::ConnectionManager;

use super::bucket::{Bucket, judge};
use super::tab::Tabs;
use super::{Account, Action, Demand, Limited, Rules, Standing, Subject, quota};
use crate::redis::Redis;

/// KEYS are the counts. ARGV: by how much our clock is ahead, then of each count its window, what is wanted, and what a tab says:
/// when it was to be full when it was seen, when it is with what was let through since, and how much that is; in microseconds.
/// Returns the time, and of each count when it is full with that, and how long it is closed.
///
/// If nobody else has counted meanwhile, the tab knows best, unless our clock was set; else what is owed comes on top, as far as it
/// has not come back by the tab's own count.
static TAKE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"local time = redis.call('TIME')
        local now = time[1] * 1000000 + time[2] + ARGV[1]
        local said, kept, admitted = { string.format('%.0f', now) }, {}, true
        for place, key in ipairs(KEYS) do
            local numbers = {}
            for number = 1, 5 do numbers[number] = tonumber(ARGV[place * 5 + number - 4]) end
            local window, wanted, seen, own, owed = unpack(numbers)
            local found = redis.call('HMGET', key, 'full', 'closed', 'failures')
            local full, closed = tonumber(found[1] or 0), tonumber(found[2] or 0)
            if owed > 0 then
                owed = math.min(owed, math.max(own - now, 0))
                local most = math.max(full, now) + owed
                full = full <= seen and math.min(math.max(full, own), most) or most
            end
            local missing = math.min(math.max(full - now, 0), window)
            admitted = admitted and missing + wanted <= window and closed <= now
            kept[place] = { missing = missing, wanted = wanted, owed = owed, failures = found[3] }
            said[#said + 1] = string.format('%.0f', full)
            said[#said + 1] = string.format('%.0f', closed)
        end
        for place, key in ipairs(KEYS) do
            local keep = kept[place]
            local missing = keep.missing + (admitted and keep.wanted or 0)
            if admitted or keep.owed > 0 then
                redis.call('HSET', key, 'full', string.format('%.0f', now + missing))
                if not keep.failures then
                    redis.call('PEXPIRE', key, math.ceil(missing / 1000) + 1000)
                end
            end
        end
        return said",
    )
});

/// KEYS is one count. ARGV: by how much our clock is ahead, after how many failures it closes, for how long at first, for how
/// long at most, and for how long a failure counts, in microseconds.
static FAIL: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"local time = redis.call('TIME')
        local now = time[1] * 1000000 + time[2] + ARGV[1]
        local found = redis.call('HMGET', KEYS[1], 'failures', 'until')
        local failures = tonumber(found[1] or 0)
        if tonumber(found[2] or 0) <= now then failures = 0 end
        failures = failures + 1
        local delay = 0
        if failures > tonumber(ARGV[2]) then
            delay = math.min(ARGV[3] * 2 ^ math.min(failures - ARGV[2], 40), tonumber(ARGV[4]))
        end
        local last = now + delay + ARGV[5]
        redis.call('HSET', KEYS[1], 'failures', failures, 'closed', string.format('%.0f', now + delay),
            'until', string.format('%.0f', last))
        redis.call('PEXPIRE', KEYS[1], math.ceil((last - now) / 1000) + 1000)
        return failures",
    )
});

pub struct Shared {
    redis: Redis,
    tabs: Tabs,
}

impl Shared {
    pub fn new(redis: Redis) -> Self {
        Self { redis, tabs: Tabs::default() }
    }

    /// None if Redis does not answer: nothing is known then. `clock` is the time by our clock, in microseconds.
    pub async fn take(
        &self,
        rules: &Rules,
        demands: &[Demand],
        ahead: i64,
        clock: i64,
    ) -> Option<Result<Option<Standing>, Limited>> {
        if let [demand] = demands
            && let Some(standing) = self.tabs.take(rules, demand, clock)
        {
            return Some(Ok(Some(standing)));
        }
        let mut script = TAKE.prepare_invoke();
        script.arg(ahead);
        for demand in demands {
            let quota = rules.quota(demand.action);
            let tab = self.tabs.close(&(demand.action, demand.subject), clock);
            script.key(self.key(demand.action, demand.subject));
            script.arg(quota.window()).arg(quota.price(demand.cost)).arg(tab.seen).arg(tab.own).arg(tab.owed);
        }
        let said = self.redis.ask(async |mut redis: ConnectionManager| script.invoke_async(&mut redis).await).await?;
        let said: Vec<String> = said;
        let mut numbers = said.iter().map(|number| number.parse::<i64>().unwrap_or_default());
        let now = numbers.next()?;
        let mut found = Vec::with_capacity(demands.len());
        for demand in demands {
            let (full_at, closed_until) = (numbers.next()?, numbers.next()?);
            found.push((*demand, Bucket { full_at, closed_until, ..Bucket::default() }));
        }
        Some(judge(rules, &found, now).map(|admitted| {
            for (key, bucket) in admitted.kept.into_iter().filter(|(key, _)| key.0.has_points()) {
                self.tabs.open(key, &rules.quota(key.0), bucket.full_at, now, clock);
            }
            admitted.binding
        }))
    }

    /// None if Redis does not answer.
    pub async fn failed(&self, rules: &Rules, subject: Subject, ahead: i64) -> Option<()> {
        let mut script = FAIL.prepare_invoke();
        let quota = rules.quota(Action::LogIns);
        let longest = rules.longest_delay.saturating_mul(quota::MILLISECOND);
        script.key(self.key(Action::LogIns, subject)).arg(ahead).arg(quota.burst);
        script.arg(quota.interval()).arg(longest).arg(super::bucket::FAILURES);
        self.redis.ask(async |mut redis: ConnectionManager| script.invoke_async::<i64>(&mut redis).await).await?;
        Some(())
    }

    pub async fn succeeded(&self, subject: Subject) {
        let key = self.key(Action::LogIns, subject);
        let forget =
            async |mut redis: ConnectionManager| redis::cmd("DEL").arg(key).query_async::<i64>(&mut redis).await;
        self.redis.ask(forget).await;
    }

    fn key(&self, action: Action, subject: Subject) -> String {
        let subject = match subject {
            Subject::User(user) => format!("user:{user}"),
            Subject::Address(address) => format!("address:{address}"),
            Subject::Account(Account::User(user), address) => format!("account:{user}:{address}"),
            Subject::Account(Account::Login(digest), address) => {
                let login: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
                format!("login:{login}:{address}")
            }
        };
        self.redis.key(&format!("rate:{}:{subject}", action.name()))
    }
}
