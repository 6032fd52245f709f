//! What this process counts, for Prometheus: atomic numbers, one set for the process, written
//! where things happen and read by whoever asks. They name nobody: no accounts, no templates.

use std::fmt::Write;
use std::future::Future;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::auth::AuthType;
use crate::enroll::Answer;
use crate::generated::icertpassage::I_CERT_PASSAGE;
use crate::model::{Disposition, HResult};
use crate::rpc::CallContext;

/// A number that only goes up.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Zero.
    const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// One more.
    pub fn add(&self) {
        self.add_many(1);
    }

    /// So many more.
    pub fn add_many(&self, count: usize) {
        self.0.fetch_add(u64::try_from(count).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How many of something there are now.
#[derive(Debug)]
pub struct Gauge(AtomicI64);

impl Gauge {
    const fn new(value: i64) -> Self {
        Self(AtomicI64::new(value))
    }

    /// One more, until what is returned is dropped.
    pub fn hold(&'static self) -> Held {
        self.0.fetch_add(1, Ordering::Relaxed);
        Held(self)
    }

    /// As many as this.
    pub fn set(&self, value: i64) {
        self.0.store(value, Ordering::Relaxed);
    }

    fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// One of what a [`Gauge`] counts.
#[derive(Debug)]
pub struct Held(&'static Gauge);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Connections that are open, and those that were refused or ended for their number.
pub struct Connections {
    /// Open now.
    pub open: Gauge,
    /// All so far.
    pub accepted: Counter,
    /// Refused so far.
    pub refused: Counter,
    /// Ended so far, as another needed the place more.
    pub shown_out: Counter,
}

impl Connections {
    const fn new() -> Self {
        Self {
            open: Gauge::new(0),
            accepted: Counter::new(),
            refused: Counter::new(),
            shown_out: Counter::new(),
        }
    }

    /// Counts one in; it is open until what is returned is dropped.
    pub fn hold(&'static self) -> Held {
        self.accepted.add();
        self.open.hold()
    }
}

/// DCE/RPC connections.
pub static RPC: Connections = Connections::new();
/// HTTP connections.
pub static HTTP: Connections = Connections::new();
/// DCE/RPC connections that were closed because the memory for what clients send was used up.
pub static RPC_OUT_OF_MEMORY: Counter = Counter::new();
/// Times that a connection could not be accepted, such as for want of file descriptors.
pub static ACCEPT_FAILED: Counter = Counter::new();
/// Whether the secure channel to a domain controller stands: 1 or 0, and -1 while none was tried.
pub static SECURE_CHANNEL: Gauge = Gauge::new(-1);
/// OCSP requests that got a signed answer, and those that got an error.
pub static OCSP: [Counter; 2] = [Counter::new(), Counter::new()];

/// What became of a call to Request or CertServerRequest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Verdict {
    Issued,
    Pending,
    Denied,
    Failed,
    Retrieved,
    Error,
}

const VERDICTS: [&str; 6] = ["issued", "pending", "denied", "failed", "retrieved", "error"];
const INTERFACES: [&str; 2] = ["ICertPassage", "ICertRequestD"];
const AUTHS: [&str; 4] = ["negotiate", "ntlm", "kerberos", "other"];
/// Upper bounds of the histogram, in microseconds.
const BUCKETS: [u64; 12] = [
    1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    10_000_000,
];

struct Requests {
    /// By interface, authentication and verdict.
    counts: [[[Counter; 6]; 4]; 2],
    /// Durations by interface: buckets, the last without bound.
    durations: [[Counter; 13]; 2],
    /// All durations together, in microseconds.
    total: [AtomicU64; 2],
}

static REQUESTS: Requests = Requests {
    counts: [const { [const { [const { Counter::new() }; 6] }; 4] }; 2],
    durations: [const { [const { Counter::new() }; 13] }; 2],
    total: [AtomicU64::new(0), AtomicU64::new(0)],
};

/// Counts a call to one of the enrollment interfaces by what it returns.
pub async fn observe(
    call: &CallContext,
    retrieval: bool,
    work: impl Future<Output = Result<Answer, HResult>>,
) -> Result<Answer, HResult> {
    let started = Instant::now();
    let result = work.await;
    let verdict = match &result {
        Err(_) => Verdict::Error,
        Ok(_) if retrieval => Verdict::Retrieved,
        Ok(answer) => match answer.recorded {
            Disposition::Issued => Verdict::Issued,
            Disposition::Pending => Verdict::Pending,
            Disposition::Failed => Verdict::Failed,
            _ => Verdict::Denied,
        },
    };
    let interface = usize::from(call.interface.uuid != I_CERT_PASSAGE.uuid);
    let auth = match call.auth {
        Some((AuthType::Negotiate, _)) => 0,
        Some((AuthType::Ntlm, _)) => 1,
        Some((AuthType::Kerberos, _)) => 2,
        _ => 3,
    };
    REQUESTS.note(interface, auth, verdict, started.elapsed());
    result
}

impl Requests {
    fn note(&self, interface: usize, auth: usize, verdict: Verdict, duration: Duration) {
        let verdict = match verdict {
            Verdict::Issued => 0,
            Verdict::Pending => 1,
            Verdict::Denied => 2,
            Verdict::Failed => 3,
            Verdict::Retrieved => 4,
            Verdict::Error => 5,
        };
        let of_interface = self.counts.get(interface).and_then(|counts| counts.get(auth));
        if let Some(counter) = of_interface.and_then(|counts| counts.get(verdict)) {
            counter.add();
        }
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let bucket = BUCKETS.iter().position(|bound| micros <= *bound).unwrap_or(BUCKETS.len());
        if let Some(counter) = self.durations.get(interface).and_then(|all| all.get(bucket)) {
            counter.add();
        }
        if let Some(total) = self.total.get(interface) {
            total.fetch_add(micros, Ordering::Relaxed);
        }
    }

    fn write(&self, page: &mut Page) {
        page.family(
            "wcce_requests_total",
            "counter",
            "Calls for enrollment by what became of them.",
        );
        for (counts, interface) in self.counts.iter().zip(INTERFACES) {
            for (counts, auth) in counts.iter().zip(AUTHS) {
                for (counter, verdict) in counts.iter().zip(VERDICTS) {
                    let labels = [("interface", interface), ("auth", auth), ("verdict", verdict)];
                    page.sample("wcce_requests_total", &labels, counter.get());
                }
            }
        }
        let name = "wcce_request_duration_seconds";
        page.family(name, "histogram", "How long calls for enrollment took.");
        for ((buckets, total), interface) in self.durations.iter().zip(&self.total).zip(INTERFACES)
        {
            let mut sum = 0_u64;
            for (at, bucket) in buckets.iter().enumerate() {
                sum = sum.saturating_add(bucket.get());
                let bound = BUCKETS.get(at).map_or("+Inf".to_owned(), |bound| seconds(*bound));
                let labels = [("interface", interface), ("le", bound.as_str())];
                page.sample("wcce_request_duration_seconds_bucket", &labels, sum);
            }
            let labels = [("interface", interface)];
            let total = seconds(total.load(Ordering::Relaxed));
            page.sample("wcce_request_duration_seconds_sum", &labels, total);
            page.sample("wcce_request_duration_seconds_count", &labels, sum);
        }
    }
}

/// Microseconds as seconds, exactly.
fn seconds(micros: u64) -> String {
    let (whole, rest) = (micros / 1_000_000, micros % 1_000_000);
    let text = format!("{whole}.{rest:06}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A page in the text format of Prometheus (version 0.0.4).
#[derive(Default)]
pub struct Page(String);

impl Page {
    /// Everything that this process counts by itself.
    pub fn of_process() -> Self {
        let mut page = Self::default();
        REQUESTS.write(&mut page);
        page.family("wcce_connections", "gauge", "Connections that are open.");
        let all = [("rpc", &RPC), ("http", &HTTP)];
        for (protocol, connections) in all {
            page.sample("wcce_connections", &[("protocol", protocol)], connections.open.get());
        }
        let name = "wcce_connections_total";
        page.family(name, "counter", "Connections so far, those refused for their number, and those ended as others needed their place.");
        for (protocol, connections) in all {
            for (outcome, counter) in [
                ("accepted", &connections.accepted),
                ("refused", &connections.refused),
                ("shown-out", &connections.shown_out),
            ] {
                let labels = [("protocol", protocol), ("outcome", outcome)];
                page.sample(name, &labels, counter.get());
            }
        }
        let help = "DCE/RPC connections closed as the memory for what clients send was used up.";
        page.one("wcce_out_of_memory_total", "counter", help, RPC_OUT_OF_MEMORY.get());
        let help = "Times that a connection could not be accepted.";
        page.one("wcce_accept_failed_total", "counter", help, ACCEPT_FAILED.get());
        page.family("wcce_ocsp_requests_total", "counter", "OCSP requests by their answer.");
        for (counter, outcome) in OCSP.iter().zip(["answered", "error"]) {
            page.sample("wcce_ocsp_requests_total", &[("outcome", outcome)], counter.get());
        }
        let channel = SECURE_CHANNEL.get();
        if channel >= 0 {
            let help = "Whether the secure channel to a domain controller stands.";
            page.one("wcce_secure_channel_up", "gauge", help, channel);
        }
        page
    }

    /// Begins a family of samples.
    pub fn family(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a String does not fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// A sample. Labels have no characters that would need an escape.
    pub fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        let labels: Vec<_> = labels.iter().map(|(key, text)| format!("{key}=\"{text}\"")).collect();
        let labels =
            if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.0, "{name}{labels} {value}");
    }

    /// A family of one sample.
    pub fn one(&mut self, name: &str, kind: &str, help: &str, value: impl std::fmt::Display) {
        self.family(name, kind, help);
        self.sample(name, &[], value);
    }

    /// The text.
    pub fn into_text(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_interface_authentication_and_verdict() {
        static REQUESTS: Requests = Requests {
            counts: [const { [const { [const { Counter::new() }; 6] }; 4] }; 2],
            durations: [const { [const { Counter::new() }; 13] }; 2],
            total: [AtomicU64::new(0), AtomicU64::new(0)],
        };
        REQUESTS.note(0, 1, Verdict::Issued, Duration::from_millis(3));
        REQUESTS.note(0, 1, Verdict::Issued, Duration::from_micros(1_000));
        REQUESTS.note(1, 0, Verdict::Denied, Duration::from_secs(60));
        let mut page = Page::default();
        REQUESTS.write(&mut page);
        let text = page.into_text();
        for line in [
            r#"wcce_requests_total{interface="ICertPassage",auth="ntlm",verdict="issued"} 2"#,
            r#"wcce_requests_total{interface="ICertRequestD",auth="negotiate",verdict="denied"} 1"#,
            r#"wcce_requests_total{interface="ICertRequestD",auth="ntlm",verdict="issued"} 0"#,
            r#"wcce_request_duration_seconds_bucket{interface="ICertPassage",le="0.001"} 1"#,
            r#"wcce_request_duration_seconds_bucket{interface="ICertPassage",le="0.005"} 2"#,
            r#"wcce_request_duration_seconds_bucket{interface="ICertPassage",le="+Inf"} 2"#,
            r#"wcce_request_duration_seconds_sum{interface="ICertPassage"} 0.004"#,
            r#"wcce_request_duration_seconds_bucket{interface="ICertRequestD",le="10"} 0"#,
            r#"wcce_request_duration_seconds_count{interface="ICertRequestD"} 1"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }

    #[test]
    fn a_gauge_goes_down_again() {
        static GAUGE: Gauge = Gauge::new(0);
        let held = [GAUGE.hold(), GAUGE.hold()];
        assert_eq!(GAUGE.get(), 2);
        drop(held);
        assert_eq!(GAUGE.get(), 0);
    }
}
