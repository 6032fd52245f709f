//! What the example says: each step as it happens, and a table in the end.

use super::desk::{Sent, Way};
use crate::Failure;

/// What became of a step: what was seen, or what was wrong.
pub type Seen = Result<String, String>;

/// The story so far.
pub struct Narration {
    verbose: bool,
    way: &'static str,
    told: Vec<Told>,
}

struct Told {
    way: &'static str,
    id: &'static str,
    what: &'static str,
    /// `None`: the step is not one of an embedded directory, or of the protocol.
    seen: Option<Seen>,
    why_not: &'static str,
}

impl Narration {
    pub fn new(verbose: bool) -> Self {
        Self { verbose, way: "", told: Vec::new() }
    }

    pub fn title(&mut self, way: Way) {
        self.way = way.short();
        println!("\n=== Over {} ===", way.name());
    }

    pub fn say(&self, text: &str) {
        println!("{text}");
    }

    pub fn detail(&self, text: &str) {
        println!("      {text}");
    }

    /// Tells of a step, and what became of it.
    pub fn step(&mut self, id: &'static str, what: &'static str, seen: Seen) {
        println!("\n{id:<4}  {what}");
        self.became(id, what, seen);
    }

    /// Tells of a step that went over the wire.
    pub fn call(&mut self, id: &'static str, what: &'static str, sent: &Sent, seen: Seen) {
        println!("\n{id:<4}  {what}");
        self.wire(sent);
        self.became(id, what, seen);
    }

    /// Tells of a step that is not taken here, and why not.
    pub fn not_here(&mut self, id: &'static str, what: &'static str, why_not: &'static str) {
        println!("\n{id:<4}  {what}");
        println!("      not here: {why_not}");
        self.told.push(Told { way: self.way, id, what, seen: None, why_not });
    }

    fn became(&mut self, id: &'static str, what: &'static str, seen: Seen) {
        match &seen {
            Ok(seen) => println!("      ok: {seen}"),
            Err(wrong) => println!("      FAILED: {wrong}"),
        }
        self.told.push(Told { way: self.way, id, what, seen: Some(seen), why_not: "" });
    }

    /// What a call sent and received.
    pub fn wire(&self, sent: &Sent) {
        self.detail(&sent.call());
        for line in sent.traffic(self.verbose) {
            self.detail(&line);
        }
        self.detail(&sent.answer());
    }

    /// Something made the rest impossible.
    pub fn broke_off(&mut self, error: &(dyn std::error::Error + Send + Sync)) {
        println!("\n      BROKEN OFF: {error}");
        let seen = Some(Err(error.to_string()));
        let what = "the rest was not run";
        self.told.push(Told { way: self.way, id: "-", what, seen, why_not: "" });
    }

    /// The table; an error where a step failed.
    pub fn table(&self) -> Result<(), Failure> {
        println!("\n=== Result ===");
        for Told { way, id, what, seen, why_not } in &self.told {
            let (verdict, text) = match seen {
                Some(Ok(seen)) => ("ok", seen.as_str()),
                Some(Err(wrong)) => ("FAILED", wrong.as_str()),
                None => ("-", *why_not),
            };
            println!("{way:<5} {id:<5} {verdict:<7} {what}: {text}");
        }
        let played: Vec<_> = self.told.iter().filter_map(|told| told.seen.as_ref()).collect();
        let (all, failed) = (played.len(), played.iter().filter(|seen| seen.is_err()).count());
        let left = self.told.len().saturating_sub(all);
        match failed {
            0 => {
                println!(
                    "all {all} steps and cases came out as the example says; {left} are not here"
                );
                Ok(())
            }
            _ => Err(format!("{failed} of {all} steps and cases failed").into()),
        }
    }
}
