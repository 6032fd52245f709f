//! A load generator: many connections that do the same thing again and again.

use std::fmt;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::auth::BoxFuture;

/// One request of one connection; called with the request's number.
pub trait Load: Send {
    /// Carries out a request.
    fn request(&mut self, number: u64) -> BoxFuture<'_, Result<(), String>>;
}

/// What a run showed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// Duration of each successful request, shortest first.
    latencies: Vec<Duration>,
    /// How many requests failed, and what the first failure said.
    pub failures: Option<(u64, String)>,
    /// From the first request to the last answer.
    pub elapsed: Duration,
}

/// Runs `requests` requests, spread evenly over the loads, each of which works alone.
pub async fn run(loads: Vec<Box<dyn Load>>, requests: u64) -> Report {
    let workers = u64::try_from(loads.len()).unwrap_or(u64::MAX).max(1);
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    for (worker, load) in (0..workers).zip(loads) {
        tasks.spawn(work(load, (worker..requests).step_by(step(workers))));
    }
    let mut report = Report { latencies: Vec::new(), failures: None, elapsed: Duration::ZERO };
    while let Some(outcome) = tasks.join_next().await {
        match outcome {
            Ok((latencies, failures)) => {
                report.latencies.extend(latencies);
                failures.into_iter().for_each(|failure| report.fail(failure));
            }
            Err(error) => report.fail(error.to_string()),
        }
    }
    report.elapsed = started.elapsed();
    report.latencies.sort_unstable();
    report
}

fn step(workers: u64) -> usize {
    usize::try_from(workers).unwrap_or(usize::MAX)
}

async fn work(
    mut load: Box<dyn Load>,
    numbers: impl Iterator<Item = u64>,
) -> (Vec<Duration>, Vec<String>) {
    let (mut latencies, mut failures) = (Vec::new(), Vec::new());
    for number in numbers {
        let started = Instant::now();
        match load.request(number).await {
            Ok(()) => latencies.push(started.elapsed()),
            Err(failure) => failures.push(failure),
        }
    }
    (latencies, failures)
}

impl Report {
    fn fail(&mut self, failure: String) {
        match &mut self.failures {
            Some((count, _)) => *count = count.saturating_add(1),
            None => self.failures = Some((1, failure)),
        }
    }

    /// How many requests succeeded.
    pub fn successes(&self) -> usize {
        self.latencies.len()
    }

    /// Successful requests per second.
    pub fn rate(&self) -> f64 {
        let successes = u32::try_from(self.latencies.len()).unwrap_or(u32::MAX);
        f64::from(successes) / self.elapsed.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// The latency that `percent` of the successful requests did not exceed (nearest rank).
    pub fn percentile(&self, percent: usize) -> Option<Duration> {
        let rank = self.latencies.len().saturating_mul(percent).div_ceil(100);
        self.latencies.get(rank.saturating_sub(1)).copied()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (successes, elapsed) = (self.successes(), self.elapsed.as_secs_f64());
        writeln!(f, "{successes} requests in {elapsed:.2} s: {:.1} per second", self.rate())?;
        write!(f, "latency")?;
        for (name, percent) in [("p50", 50), ("p90", 90), ("p99", 99), ("max", 100)] {
            let latency = self.percentile(percent).unwrap_or_default();
            write!(f, "  {name} {:.2} ms", latency.as_secs_f64() * 1000.0)?;
        }
        match &self.failures {
            None => Ok(()),
            Some((count, first)) => write!(f, "\n{count} requests failed; the first: {first}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    struct Recorder(Arc<Mutex<Vec<u64>>>);

    impl Load for Recorder {
        fn request(&mut self, number: u64) -> BoxFuture<'_, Result<(), String>> {
            self.0.lock().unwrap().push(number);
            Box::pin(async move { if number == 3 { Err("three".into()) } else { Ok(()) } })
        }
    }

    #[tokio::test]
    async fn every_request_is_made_once_and_failures_are_counted() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let loads = (0..3).map(|_| Box::new(Recorder(seen.clone())) as Box<dyn Load>);
        let report = run(loads.collect(), 10).await;
        let mut numbers = seen.lock().unwrap().clone();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..10).collect::<Vec<_>>());
        assert_eq!(report.successes(), 9);
        assert_eq!(report.failures, Some((1, "three".into())));
    }

    #[test]
    fn percentiles_are_nearest_ranks() {
        let latencies = (1..=200).map(Duration::from_millis).collect();
        let elapsed = Duration::from_secs(2);
        let report = Report { latencies, failures: None, elapsed };
        let millis = [50, 90, 99, 100].map(|p| report.percentile(p).unwrap().as_millis());
        assert_eq!(millis, [100, 180, 198, 200]);
        assert_eq!(
            report.to_string(),
            "200 requests in 2.00 s: 100.0 per second\n\
             latency  p50 100.00 ms  p90 180.00 ms  p99 198.00 ms  max 200.00 ms"
        );
        let none = Report { latencies: Vec::new(), ..report };
        assert_eq!(none.percentile(50), None);
    }
}
