//! Logging to standard error, as text or JSON. What clients send never breaks a line: control
//! characters are written as escapes, wherever in a line they are.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Deserialize;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Settings of logging: section `[log]`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// `text` (default) or `json`.
    pub format: LogFormat,
    /// `error`, `warn`, `info` (default), `debug` or `trace`; also by room: `info,wcce::rpc=debug`.
    pub level: String,
}

/// How lines look.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// An object a line.
    Json,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: "info".to_owned() }
    }
}

impl LogConfig {
    /// What is logged.
    ///
    /// # Errors
    /// Where the level cannot be understood.
    pub fn filter(&self) -> Result<EnvFilter, LoggingError> {
        Ok(EnvFilter::builder().parse(&self.level)?)
    }
}

/// What would be logged as often as a client wants, and is not: a line in ten seconds says how often
/// it happened, so that nobody fills the disk from outside.
pub(crate) struct Seldom {
    state: Mutex<(Option<Instant>, u64)>,
}

impl Seldom {
    const INTERVAL: Duration = Duration::from_secs(10);

    pub(crate) const fn new() -> Self {
        Self { state: Mutex::new((None, 0)) }
    }

    /// Counts so many more. How many they are since the last line, where it is time for one.
    pub(crate) fn happened(&self, times: usize) -> Option<u64> {
        self.happened_at(times, Instant::now())
    }

    fn happened_at(&self, times: usize, now: Instant) -> Option<u64> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (last, count) = &mut *state;
        *count = count.saturating_add(u64::try_from(times).unwrap_or(u64::MAX));
        let due = last.is_none_or(|last| now.saturating_duration_since(last) >= Self::INTERVAL);
        if *count == 0 || !due {
            return None;
        }
        *last = Some(now);
        Some(std::mem::take(count))
    }
}

/// May be written: a line about a client, who could have as many of them as it wants.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Line {
    /// How many lines about this client were left out before, if any.
    pub(crate) unsaid: Option<u64>,
}

/// Whether a line about this client (an account, or an address) may be written that leaves nothing but
/// the line. `None` once there were many in a short time: the next one that may be written counts them.
pub(crate) fn line_about(client: &str) -> Option<Line> {
    static LINES: LazyLock<Lines> = LazyLock::new(Lines::default);
    LINES.about(client, Instant::now())
}

/// How many lines there are about whom.
#[derive(Default)]
struct Lines(Mutex<HashMap<String, Recent>>);

/// Lines about one client.
struct Recent {
    since: Instant,
    written: u32,
    unsaid: u64,
}

impl Lines {
    /// So many lines about one client are written in [`Seldom::INTERVAL`].
    const MOST: u32 = 100;
    /// So many clients are told apart at once; the others count as one.
    const CLIENTS: usize = 4096;

    fn about(&self, client: &str, now: Instant) -> Option<Line> {
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = |since| now.saturating_duration_since(since) >= Seldom::INTERVAL;
        if clients.len() >= Self::CLIENTS && !clients.contains_key(client) {
            clients.retain(|_, recent| !is_over(recent.since));
        }
        let has_place = clients.len() < Self::CLIENTS || clients.contains_key(client);
        let recent = clients
            .entry(if has_place { client } else { "" }.to_owned())
            .or_insert(Recent { since: now, written: 0, unsaid: 0 });
        if is_over(recent.since) {
            (recent.since, recent.written) = (now, 0);
        }
        if recent.written >= Self::MOST {
            recent.unsaid = recent.unsaid.saturating_add(1);
            return None;
        }
        recent.written = recent.written.saturating_add(1);
        let unsaid = std::mem::take(&mut recent.unsaid);
        Some(Line { unsaid: (unsaid > 0).then_some(unsaid) })
    }
}

/// Why logging cannot start.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    /// The level cannot be understood.
    #[error("setting log.level: {0}")]
    Level(#[from] tracing_subscriber::filter::ParseError),
    /// It was started before.
    #[error("logging has been started already")]
    Started,
}

/// Starts logging for the whole process.
///
/// # Errors
/// Where the level cannot be understood, or logging has been started already.
pub fn start(config: &LogConfig) -> Result<(), LoggingError> {
    let filter = config.filter()?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(EscapedStderr);
    match config.format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    }
    .map_err(|_| LoggingError::Started)
}

/// Makes writers to standard error that escape control characters.
struct EscapedStderr;

impl MakeWriter<'_> for EscapedStderr {
    type Writer = Escaping<io::StderrLock<'static>>;

    fn make_writer(&self) -> Self::Writer {
        Escaping(io::stderr().lock())
    }
}

/// Writes lines with control characters escaped. It gets a whole line at once, and the newline
/// at its end is the only one that it lets through.
struct Escaping<W>(W);

impl<W: Write> Write for Escaping<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        let (text, end) = match text.strip_suffix('\n') {
            Some(text) => (text, "\n"),
            None => (&*text, ""),
        };
        match text.bytes().all(|byte| matches!(byte, 0x20..=0x7E)) {
            true => self.0.write_all(line)?,
            false => self.0.write_all((escape(text) + end).as_bytes())?,
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Control characters, and those that end lines or change the direction of text, as `\uXXXX`:
/// the form is right inside the strings of JSON too.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(character)));
            }
            control if control.is_control() => {
                out.push_str(&format!("\\u{:04x}", u32::from(control)));
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Collected(Arc<Mutex<Vec<u8>>>);

    impl Write for Collected {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("not poisoned").extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    const HOSTILE: &str = "alice\r\n2026-01-01 INFO forged \x1b[2J\u{9b}\u{202e}\0 ü";

    fn logged(json: bool) -> String {
        let collected = Collected::default();
        let writer = collected.clone();
        let builder = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || Escaping(writer.clone()));
        let log = || tracing::info!(requester = HOSTILE, template = ?HOSTILE, "{HOSTILE}");
        if json {
            tracing::subscriber::with_default(builder.json().flatten_event(true).finish(), log);
        } else {
            tracing::subscriber::with_default(builder.finish(), log);
        }
        let bytes = collected.0.lock().expect("not poisoned").clone();
        String::from_utf8(bytes).expect("text")
    }

    #[test]
    fn a_hostile_value_stays_in_its_line() {
        for json in [false, true] {
            let text = logged(json);
            assert!(text.ends_with('\n') && text.contains('ü'), "{text}");
            let line = text.trim_end_matches('\n');
            assert_eq!(text.len() - line.len(), 1);
            assert!(!line.chars().any(|c| c.is_control() || c == '\u{202e}'), "{line:?}");
        }
    }

    #[test]
    fn json_stays_json() {
        let text = logged(true);
        assert!(text.starts_with('{') && text.ends_with("}\n"), "{text}");
        assert!(text.contains(r"alice\r\n2026"), "{text}");
        assert!(text.contains(r"\u009b\u202e\u0000 ü"), "{text}");
    }

    #[test]
    fn what_happens_often_is_said_seldom_and_none_of_it_is_lost() {
        let seldom = Seldom::new();
        let now = Instant::now();
        let at = |seconds| now.checked_add(Duration::from_secs(seconds)).expect("a time");
        assert_eq!(seldom.happened_at(0, now), None, "nothing happened");
        assert_eq!(seldom.happened_at(2, now), Some(2));
        assert_eq!([seldom.happened_at(1, at(1)), seldom.happened_at(3, at(9))], [None, None]);
        assert_eq!(seldom.happened_at(1, at(10)), Some(5));
    }

    #[test]
    fn one_client_fills_no_log_and_silences_no_other() {
        let (lines, now) = (Lines::default(), Instant::now());
        let later = now.checked_add(Seldom::INTERVAL).expect("a time");
        let written = (0..1000)
            .filter(|_| lines.about("mallory", now) == Some(Line { unsaid: None }))
            .count();
        assert_eq!(written, 100);
        assert_eq!(lines.about("alice", now), Some(Line { unsaid: None }));
        assert_eq!(lines.about("mallory", later), Some(Line { unsaid: Some(900) }));
        assert_eq!(lines.about("mallory", later), Some(Line { unsaid: None }));
    }

    #[test]
    fn names_without_end_count_as_one_and_take_no_memory_without_end() {
        let (lines, now) = (Lines::default(), Instant::now());
        let written =
            (0..20_000_u32).filter(|n| lines.about(&n.to_string(), now).is_some()).count();
        assert_eq!(written, Lines::CLIENTS + 100);
        let clients = || lines.0.lock().expect("not poisoned").len();
        assert_eq!(clients(), Lines::CLIENTS + 1);
        let later = now.checked_add(Seldom::INTERVAL).expect("a time");
        assert!(lines.about("new", later).is_some());
        assert_eq!(clients(), 1, "those of whom nothing was heard are forgotten");
    }
}
