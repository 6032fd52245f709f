//! A load generator: many connections that do the same thing again and again.

use std::fmt;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::auth::BoxFuture;

/// Pause after a request that failed: a server that is gone is not to be called in a tight loop.
const FAILURE_PAUSE: Duration = Duration::from_millis(100);

/// The percentiles of a report, by name.
const PERCENTILES: [(&str, usize); 4] = [("p50", 50), ("p90", 90), ("p99", 99), ("max", 100)];

/// One request of one connection; called with the request's number.
pub trait Load: Send {
    /// Makes ready, such as by connecting. All loads do so before any time counts.
    fn prepare(&mut self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }

    /// Carries out a request.
    fn request(&mut self, number: u64) -> BoxFuture<'_, Result<(), String>>;

    /// Takes leave, when no time counts any more.
    fn finish(&mut self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }
}

/// How much is done, and how fast.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Plan {
    /// When it ends.
    pub until: Until,
    /// Pause of each connection after each request.
    pub interval: Duration,
}

/// When a run ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Until {
    /// After so many requests, spread evenly over the loads.
    Requests(u64),
    /// After this time; requests that began before are finished.
    Elapsed(Duration),
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

/// Runs the loads, each of which works alone.
///
/// # Errors
/// Where one cannot make ready.
pub async fn run(loads: Vec<Box<dyn Load>>, plan: Plan) -> Result<Report, String> {
    let loads = prepare(loads).await?;
    let workers = u64::try_from(loads.len()).unwrap_or(u64::MAX).max(1);
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    for (worker, load) in (0..workers).zip(loads) {
        tasks.spawn(Worker { load, worker, workers, started, plan }.run());
    }
    let mut report = Report { latencies: Vec::new(), failures: None, elapsed: Duration::ZERO };
    let mut done = Vec::new();
    while let Some(outcome) = tasks.join_next().await {
        match outcome {
            Ok((part, load)) => {
                report.add(part);
                done.push(load);
            }
            Err(error) => report.fail(1, error.to_string()),
        }
    }
    for mut load in done {
        if let Err(failure) = load.finish().await {
            report.fail(1, failure);
        }
    }
    report.latencies.sort_unstable();
    Ok(report)
}

/// Makes all ready, side by side.
async fn prepare(loads: Vec<Box<dyn Load>>) -> Result<Vec<Box<dyn Load>>, String> {
    let mut tasks = JoinSet::new();
    for mut load in loads {
        tasks.spawn(async move { load.prepare().await.map(|()| load) });
    }
    let mut ready = Vec::new();
    while let Some(outcome) = tasks.join_next().await {
        ready.push(outcome.map_err(|error| error.to_string())??);
    }
    Ok(ready)
}

/// One load at work: every request whose number is its own among all workers.
struct Worker {
    load: Box<dyn Load>,
    worker: u64,
    workers: u64,
    started: Instant,
    plan: Plan,
}

impl Worker {
    async fn run(mut self) -> (Report, Box<dyn Load>) {
        let mut report = Report { latencies: Vec::new(), failures: None, elapsed: Duration::ZERO };
        let mut number = self.worker;
        while self.goes_on(number) {
            let began = Instant::now();
            match self.load.request(number).await {
                Ok(()) => report.latencies.push(began.elapsed()),
                Err(failure) => {
                    report.fail(1, failure);
                    tokio::time::sleep(FAILURE_PAUSE).await;
                }
            }
            report.elapsed = self.started.elapsed();
            if !self.plan.interval.is_zero() {
                tokio::time::sleep(self.plan.interval).await;
            }
            number = number.saturating_add(self.workers);
        }
        (report, self.load)
    }

    fn goes_on(&self, number: u64) -> bool {
        match self.plan.until {
            Until::Requests(requests) => number < requests,
            Until::Elapsed(limit) => self.started.elapsed() < limit,
        }
    }
}

impl Report {
    fn fail(&mut self, times: u64, failure: String) {
        match &mut self.failures {
            Some((count, _)) => *count = count.saturating_add(times),
            None => self.failures = Some((times, failure)),
        }
    }

    fn add(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
        self.elapsed = self.elapsed.max(other.elapsed);
        if let Some((count, first)) = other.failures {
            self.fail(count, first);
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

    /// The report for programs: `requests` (successful ones), `failures`, `first_failure`,
    /// `seconds`, `rate` per second, and latencies in milliseconds as `latency_ms.p50` and so on
    /// (null where nothing succeeded).
    pub fn to_json(&self) -> Value {
        let millis = |percent| self.percentile(percent).map(millis);
        let latencies =
            PERCENTILES.map(|(name, percent)| (name.to_owned(), json!(millis(percent))));
        let (failures, first) = self.failures.clone().unzip();
        json!({
            "requests": self.successes(),
            "failures": failures.unwrap_or(0),
            "first_failure": first,
            "seconds": self.elapsed.as_secs_f64(),
            "rate": self.rate(),
            "latency_ms": Value::Object(latencies.into_iter().collect()),
        })
    }
}

fn millis(latency: Duration) -> f64 {
    latency.as_secs_f64() * 1000.0
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (successes, elapsed) = (self.successes(), self.elapsed.as_secs_f64());
        writeln!(f, "{successes} requests in {elapsed:.2} s: {:.1} per second", self.rate())?;
        write!(f, "latency")?;
        for (name, percent) in PERCENTILES {
            write!(f, "  {name} {:.2} ms", millis(self.percentile(percent).unwrap_or_default()))?;
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

    /// Records what it is asked for: requests by their number, and preparation and leave.
    #[derive(Default)]
    struct Recorder {
        seen: Arc<Mutex<Vec<u64>>>,
        steps: Arc<Mutex<Vec<&'static str>>>,
        unprepared: bool,
    }

    impl Load for Recorder {
        fn prepare(&mut self) -> BoxFuture<'_, Result<(), String>> {
            self.steps.lock().unwrap().push("prepare");
            Box::pin(async { if self.unprepared { Err("no server".into()) } else { Ok(()) } })
        }

        fn request(&mut self, number: u64) -> BoxFuture<'_, Result<(), String>> {
            self.seen.lock().unwrap().push(number);
            self.steps.lock().unwrap().push("request");
            Box::pin(async move { if number == 3 { Err("three".into()) } else { Ok(()) } })
        }

        fn finish(&mut self) -> BoxFuture<'_, Result<(), String>> {
            self.steps.lock().unwrap().push("finish");
            Box::pin(async { Ok(()) })
        }
    }

    fn recorders(count: usize, one: &Recorder) -> Vec<Box<dyn Load>> {
        let (seen, steps) = (&one.seen, &one.steps);
        let load = |_| {
            let (seen, steps) = (Arc::clone(seen), Arc::clone(steps));
            Box::new(Recorder { seen, steps, unprepared: one.unprepared }) as Box<dyn Load>
        };
        (0..count).map(load).collect()
    }

    fn plan(until: Until) -> Plan {
        Plan { until, interval: Duration::ZERO }
    }

    #[tokio::test]
    async fn every_request_is_made_once_and_failures_are_counted() {
        let all = Recorder::default();
        let report = run(recorders(3, &all), plan(Until::Requests(10))).await.unwrap();
        let mut numbers = all.seen.lock().unwrap().clone();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..10).collect::<Vec<_>>());
        assert_eq!(report.successes(), 9);
        assert_eq!(report.failures, Some((1, "three".into())));
    }

    #[tokio::test]
    async fn all_are_ready_before_the_first_request_and_leave_after_the_last() {
        let all = Recorder::default();
        run(recorders(2, &all), plan(Until::Requests(2))).await.unwrap();
        let steps = all.steps.lock().unwrap().clone();
        assert_eq!(steps, ["prepare", "prepare", "request", "request", "finish", "finish"]);
        let unprepared = Recorder { unprepared: true, ..Recorder::default() };
        let refused = run(recorders(2, &unprepared), plan(Until::Requests(2))).await;
        assert_eq!(refused, Err("no server".into()));
        assert!(unprepared.seen.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_run_by_time_ends_then_and_keeps_its_interval() {
        let all = Recorder::default();
        let until = Until::Elapsed(Duration::from_millis(100));
        let plan = Plan { until, interval: Duration::from_millis(30) };
        let report = run(recorders(1, &all), plan).await.unwrap();
        // Request 3 fails, and pauses for that.
        assert!((1..=4).contains(&all.seen.lock().unwrap().len()), "{report}");
        assert!(report.elapsed < Duration::from_secs(30), "{report}");
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

    #[test]
    fn the_report_for_programs_has_all_numbers() {
        let latencies = (1..=200).map(Duration::from_millis).collect();
        let failures = Some((2, "no".to_owned()));
        let report = Report { latencies, failures, elapsed: Duration::from_secs(2) };
        let expected = json!({
            "requests": 200, "failures": 2, "first_failure": "no", "seconds": 2.0, "rate": 100.0,
            "latency_ms": { "p50": 100.0, "p90": 180.0, "p99": 198.0, "max": 200.0 },
        });
        assert_eq!(report.to_json(), expected);
    }
}
