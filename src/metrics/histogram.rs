//! How often something took how long.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::text::{Labels, Text};

/// The bounds of the buckets, in microseconds and as Prometheus is told. Above the last is one bucket more.
const BOUNDS: [(u128, &str); 12] = [
    (1_000, "0.001"),
    (2_500, "0.0025"),
    (5_000, "0.005"),
    (10_000, "0.01"),
    (25_000, "0.025"),
    (50_000, "0.05"),
    (100_000, "0.1"),
    (250_000, "0.25"),
    (500_000, "0.5"),
    (1_000_000, "1"),
    (2_500_000, "2.5"),
    (10_000_000, "10"),
];

#[derive(Default)]
pub struct Histogram {
    buckets: [AtomicU64; BOUNDS.len() + 1],
    /// In microseconds.
    sum: AtomicU64,
}

impl Histogram {
    pub fn record(&self, took: Duration) {
        let micros = took.as_micros();
        let bucket = BOUNDS.partition_point(|(bound, _)| *bound < micros);
        if let Some(count) = self.buckets.get(bucket) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.sum.fetch_add(u64::try_from(micros).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Writes nothing if nothing was recorded.
    pub fn write(&self, text: &mut Text, labels: Labels<'_>) {
        let mut below = 0;
        let counts: Vec<u64> = self.buckets.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        if counts.iter().all(|count| *count == 0) {
            return;
        }
        let bounds = BOUNDS.iter().map(|(_, bound)| *bound).chain(["+Inf"]);
        for (bound, count) in bounds.zip(counts) {
            below += count;
            text.part("_bucket", &[labels, &[("le", bound)]].concat(), below);
        }
        text.part("_sum", labels, Duration::from_micros(self.sum.load(Ordering::Relaxed)).as_secs_f64());
        text.part("_count", labels, below);
    }
}
