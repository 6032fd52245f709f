//! Captures as something to start from. What grows from them is never kept: they may not be
//! redistributed.

use std::fs;
use std::path::{Path, PathBuf};

use super::pcap::{self, Direction};

/// What a folder of captures holds.
#[derive(Default)]
pub struct Captured {
    to_server: Vec<Vec<u8>>,
    to_client: Vec<Vec<u8>>,
    pdus: Vec<Vec<u8>>,
    captures: Vec<Vec<u8>>,
    /// Files of other kinds: requests, certificates, templates, vectors.
    files: Vec<Vec<u8>>,
}

/// The longest stream, and the longest file, in bytes.
const LONGEST: usize = 64 * 1024;

/// Reads a folder.
pub fn of(folder: &Path) -> Captured {
    let mut captured = Captured::default();
    let mut paths = Vec::new();
    walk(folder, &mut paths);
    for path in paths {
        let end = path.extension().unwrap_or_default().to_string_lossy().into_owned();
        match &*end {
            "pcap" | "pcapng" => {
                captured.add(&path);
                let content = fs::read(&path).expect("a file");
                if content.len() <= LONGEST {
                    captured.captures.push(content);
                }
            }
            _ => {
                let content = fs::read(&path).expect("a file");
                if content.len() <= LONGEST {
                    captured.files.push(content);
                }
            }
        }
    }
    captured
}

fn walk(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => walk(&path, paths),
            false => paths.push(path),
        }
    }
}

impl Captured {
    fn add(&mut self, path: &Path) {
        for connection in pcap::connections(path) {
            let (mut up, mut down) = (Vec::new(), Vec::new());
            for (direction, pdu) in &connection.pdus {
                let stream = if *direction == Direction::ToServer { &mut up } else { &mut down };
                if stream.len() + pdu.len() <= LONGEST {
                    stream.extend_from_slice(pdu);
                }
                self.pdus.push(pdu.clone());
            }
            self.to_server.push(up);
            self.to_client.push(down);
        }
    }

    /// Inputs of a target.
    pub fn of(&self, target: &str) -> Vec<Vec<u8>> {
        let behind = |prefixes: &[&[u8]], what: &[Vec<u8>]| {
            let all = prefixes
                .iter()
                .flat_map(|prefix| what.iter().map(move |bytes| [prefix, &bytes[..]].concat()));
            all.collect()
        };
        match target {
            "pdu" => self.pdus.clone(),
            "capture" => self.captures.clone(),
            "association" => behind(&[&[0]], &self.to_server),
            "association_client" => behind(&[&[0], &[1], &[3]], &self.to_client),
            "request" => behind(&[&[0, 0]], &self.files),
            "enrollment" => behind(&[&[0, 0, 0]], &self.files),
            "normalize"
            | "pkcs10"
            | "cms"
            | "cmc"
            | "spkac"
            | "certificate"
            | "crl"
            | "keytab"
            | "pem"
            | "export"
            | "full_response"
            | "security_descriptor" => self.files.clone(),
            _ => Vec::new(),
        }
    }
}
