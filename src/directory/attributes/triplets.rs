//! The triplet syntax of msPKI-RA-Application-Policies ([MS-CRTD] 2.23): name, type and value,
//! each with a grave accent behind it, again and again.

use super::AttributeProblem;
use crate::model::{KeyAlgorithms, Oid};

/// Ends each part.
pub(super) const DELIMITER: char = '`';

/// Reads application policies that signers need, and what the triplets say of keys. Unknown
/// names are passed over; whatever else is not understood is refused, since it may have been a
/// demand.
pub(super) fn read(text: &str) -> Result<(Vec<Oid>, KeyAlgorithms), AttributeProblem> {
    let mut policies = Vec::new();
    let mut algorithms = KeyAlgorithms::default();
    let mut seen = Vec::new();
    for (name, kind, value) in split(text)? {
        if seen.contains(&name) {
            return Err(wrong(format!("{name} occurs twice")));
        }
        seen.push(name);
        let KeyAlgorithms { asymmetric, hash, symmetric, symmetric_key_length, .. } =
            &mut algorithms;
        match name {
            "msPKI-RA-Application-Policies" => policies = oids(string(name, kind, value)?)?,
            "msPKI-Asymmetric-Algorithm" => *asymmetric = Some(owned(name, kind, value)?),
            "msPKI-Hash-Algorithm" => *hash = Some(owned(name, kind, value)?),
            "msPKI-Symmetric-Algorithm" => *symmetric = Some(owned(name, kind, value)?),
            "msPKI-Symmetric-Key-Length" => {
                *symmetric_key_length = Some(number(name, kind, value)?);
            }
            "msPKI-Key-Usage" => algorithms.key_usage = Some(number(name, kind, value)?),
            "msPKI-Key-Security-Descriptor" | "msPKI-SecurityDescriptor" => {
                algorithms.key_security = Some(owned(name, kind, value)?);
            }
            _ => {}
        }
    }
    Ok((policies, algorithms))
}

fn split(text: &str) -> Result<Vec<(&str, &str, &str)>, AttributeProblem> {
    let unfinished = || wrong(format!("{text:?} does not end with a grave accent"));
    let parts = text.strip_suffix(DELIMITER).ok_or_else(unfinished)?;
    let parts: Vec<&str> = parts.split(DELIMITER).collect();
    let (triplets, rest) = parts.as_chunks::<3>();
    match rest {
        [] => Ok(triplets.iter().map(|[name, kind, value]| (*name, *kind, *value)).collect()),
        _ => Err(wrong(format!("{} parts are not triplets", parts.len()))),
    }
}

fn string<'a>(name: &str, kind: &str, value: &'a str) -> Result<&'a str, AttributeProblem> {
    match kind {
        "PZPWSTR" => Ok(value),
        _ => Err(wrong(format!("{name} is of the type {kind:?}, not PZPWSTR"))),
    }
}

fn owned(name: &str, kind: &str, value: &str) -> Result<String, AttributeProblem> {
    string(name, kind, value).map(str::to_owned)
}

fn number(name: &str, kind: &str, value: &str) -> Result<u32, AttributeProblem> {
    let number = (kind == "DWORD").then(|| value.parse().ok()).flatten();
    number.ok_or_else(|| wrong(format!("{name} is {value:?} of the type {kind:?}, not a DWORD")))
}

fn oids(list: &str) -> Result<Vec<Oid>, AttributeProblem> {
    let oid =
        |text: &str| text.trim().parse().map_err(|_| AttributeProblem::NotAnOid(text.to_owned()));
    list.split(',').map(oid).collect()
}

fn wrong(problem: String) -> AttributeProblem {
    AttributeProblem::Triplets(problem)
}
