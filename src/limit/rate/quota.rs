//! How much of something there may be, as it stands in the configuration: `30, 300/3h` is 30 at once, and 300 in 3 hours.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::clock::{DAY, HOUR, MINUTE, SECOND};

/// In microseconds: the unit of all arithmetic here. Of the times of a century, a double still holds each one.
pub const MILLISECOND: i64 = 1_000;

/// The longest time that an empty quota may take to be full again.
const LONGEST: i64 = 365 * DAY;

const UNITS: [(char, i64); 4] = [('d', DAY), ('h', HOUR), ('m', MINUTE), ('s', SECOND)];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Quota {
    /// So many at once.
    pub burst: u32,
    /// And so many in each period.
    count: u32,
    /// In milliseconds.
    period: i64,
}

impl Quota {
    pub const fn new(burst: u32, count: u32, period: i64) -> Self {
        Self { burst, count, period }
    }

    /// The time in which one comes back, in microseconds. Rounded up, never 0.
    pub fn interval(&self) -> i64 {
        let (period, count) = (self.period.saturating_mul(MILLISECOND), i64::from(self.count.max(1)));
        (period.saturating_add(count - 1) / count).max(1)
    }

    /// The same in seconds, rounded up.
    pub fn window_seconds(&self) -> u64 {
        super::seconds(self.window())
    }

    /// The time in which so many come back, in microseconds. Who wants more than there can be wants all.
    pub fn price(&self, cost: u64) -> i64 {
        self.interval().saturating_mul(i64::try_from(cost.min(self.burst.into())).unwrap_or(i64::MAX))
    }

    /// The time in which all come back, in microseconds.
    pub fn window(&self) -> i64 {
        self.interval().saturating_mul(i64::from(self.burst))
    }
}

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, length) = UNITS.into_iter().find(|(_, length)| self.period % length == 0).unwrap_or(('s', SECOND));
        write!(f, "{}, {}/", self.burst, self.count)?;
        match self.period / length {
            1 => write!(f, "{unit}"),
            number => write!(f, "{number}{unit}"),
        }
    }
}

impl FromStr for Quota {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let quota = parse(text).ok_or_else(|| {
            format!("{text:?} is no limit: write how many at once and then how many in a time, such as \"30, 300/3h\"")
        })?;
        if quota.window() > LONGEST * MILLISECOND {
            return Err(format!("of {text:?} it would take more than a year until all are there again"));
        }
        Ok(quota)
    }
}

fn parse(text: &str) -> Option<Quota> {
    let (burst, rate) = text.split_once(',')?;
    let (count, period) = rate.split_once('/')?;
    let period = period.trim();
    let (unit, length) = UNITS.into_iter().find(|(unit, _)| period.ends_with(*unit))?;
    let number = match period.trim_end_matches(unit).trim() {
        "" => 1,
        number => number.parse::<u32>().ok()?,
    };
    let quota = Quota::new(burst.trim().parse().ok()?, count.trim().parse().ok()?, length * i64::from(number));
    (quota.burst > 0 && quota.count > 0 && quota.period > 0).then_some(quota)
}

impl TryFrom<String> for Quota {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Quota> for String {
    fn from(quota: Quota) -> Self {
        quota.to_string()
    }
}
