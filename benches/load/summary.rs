//! What a run saw: how many answers of which status, how fast, and the latencies that most and nearly all stayed under.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::connection::Answer;

pub struct Summary {
    started: Instant,
    statuses: BTreeMap<u16, u64>,
    latencies: Vec<Duration>,
}

impl Summary {
    pub fn start() -> Self {
        Self { started: Instant::now(), statuses: BTreeMap::new(), latencies: Vec::new() }
    }

    pub fn add(&mut self, answer: Answer) {
        *self.statuses.entry(answer.status).or_default() += 1;
        self.latencies.push(answer.latency);
    }

    pub fn into_json(mut self) -> String {
        let seconds = self.started.elapsed().as_secs_f64();
        self.latencies.sort_unstable();
        let statuses: Vec<_> = self.statuses.iter().map(|(status, count)| format!("\"{status}\":{count}")).collect();
        format!(
            "{{\"requests\":{},\"seconds\":{seconds},\"p50_us\":{},\"p99_us\":{},\"statuses\":{{{}}}}}",
            self.latencies.len(),
            self.percentile(50),
            self.percentile(99),
            statuses.join(","),
        )
    }

    /// In microseconds.
    fn percentile(&self, percent: usize) -> f64 {
        let place = self.latencies.len().saturating_sub(1) * percent / 100;
        self.latencies.get(place).map_or(0.0, |latency| latency.as_secs_f64() * 1e6)
    }
}
