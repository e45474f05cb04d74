//! The result of a run: responses by status, and the median and the 99th percentile of their latency.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::connection::Response;

pub(crate) struct Summary {
    started: Instant,
    statuses: BTreeMap<u16, u64>,
    latencies: Vec<Duration>,
}

impl Summary {
    pub(crate) fn start() -> Self {
        Self { started: Instant::now(), statuses: BTreeMap::new(), latencies: Vec::new() }
    }

    pub(crate) fn add(&mut self, response: Response) {
        *self.statuses.entry(response.status).or_default() += 1;
        self.latencies.push(response.latency);
    }

    pub(crate) fn into_json(mut self) -> String {
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
        let index = self.latencies.len().saturating_sub(1) * percent / 100;
        self.latencies.get(index).map_or(0.0, |latency| latency.as_secs_f64() * 1e6)
    }
}
