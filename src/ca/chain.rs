//! Chains of certificates that sign requests for others ([MS-WCCE] 3.2.2.6.2.1.2.1): found among
//! this CA's certificates, the trusted ones and those that came along, and judged by RFC 5280 6
//! and by what an enrollment agent's chain has to be beyond it.
//!
//! Sans-IO: bytes, time, CRLs and what the Request table says go in. The search is bounded in
//! length, in certificates and in signatures that it verifies, whatever comes along.
//!
//! Stricter than RFC 5280, always to the safe side: name constraints are not understood and stop
//! a chain; policy mappings are ignored; of extended key usage and application policies, where a
//! certificate has both, what both allow counts; any purpose stands for nothing but itself.

mod node;
mod policies;
mod revocation;

use std::time::SystemTime;

use self::node::Node;
use super::trust::Trust;
use crate::asn1::{Certificate, Hash, Name, oids, verify_signature};
use crate::model::{ChainProblem, KeyUsage, Oid, PublicKeyKind, Standing};

/// Certificates of a chain at most, the signer's own and the root among them.
const MAX_LENGTH: usize = 8;
/// Certificates that came along and are looked at.
const MAX_EXTRA: usize = 32;
/// Signatures that are verified at most.
const MAX_SIGNATURES: usize = 64;
/// The shortest RSA key in a chain.
const MIN_RSA_BITS: u32 = 2048;

/// Judges certificates.
#[derive(Clone, Copy)]
pub struct ChainValidator<'a> {
    /// Whom to trust.
    pub trust: &'a Trust,
    /// DER of the certificates that came along with the request; nothing vouches for them.
    pub extra: &'a [Vec<u8>],
    /// What the Request table says of a certificate of this CA.
    pub issued: &'a (dyn Fn(&[u8]) -> Standing + Sync),
    /// DER of CRLs of other CAs.
    pub crls: &'a [Vec<u8>],
    /// The time to judge by.
    pub now: SystemTime,
}

/// What was found out about a certificate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChainVerdict {
    /// Whether it may sign for others.
    pub chain: Result<(), ChainProblem>,
    /// Application policies that hold through the chain; none where there is no chain.
    pub application_policies: Vec<Oid>,
    /// Issuance policies that hold through the chain; none where there is no chain.
    pub issuance_policies: Vec<Oid>,
}

impl ChainValidator<'_> {
    /// Finds a chain for the certificate, and judges it.
    pub fn judge(&self, leaf: &[u8]) -> ChainVerdict {
        match self.chain_of(leaf) {
            Ok((application_policies, issuance_policies)) => {
                ChainVerdict { chain: Ok(()), application_policies, issuance_policies }
            }
            Err(problem) => ChainVerdict {
                chain: Err(problem),
                application_policies: Vec::new(),
                issuance_policies: Vec::new(),
            },
        }
    }

    fn chain_of(&self, leaf: &[u8]) -> Result<(Vec<Oid>, Vec<Oid>), ChainProblem> {
        let leaf = Node::read(leaf).map_err(|error| ChainProblem::Malformed(error.to_string()))?;
        let pool = self.pool(&leaf);
        let mut search =
            Search { validator: self, pool: &pool, signatures: MAX_SIGNATURES, problem: None };
        let mut path = vec![&leaf];
        if search.extend(&mut path) {
            return Ok((policies::application(&path), policies::issuance(&path)));
        }
        let problem = search.problem.map(|(_, problem)| problem);
        Err(problem.unwrap_or_else(|| no_issuer(&leaf)))
    }

    /// Certificates that may stand above the leaf: the trusted first, so that those that came
    /// along cannot crowd them out. What cannot be read is none.
    fn pool<'p>(&'p self, leaf: &Node<'_>) -> Vec<Node<'p>> {
        let trusted =
            self.trust.own.iter().chain(&self.trust.roots).chain(&self.trust.intermediates);
        let mut pool: Vec<Node<'p>> = Vec::new();
        for der in trusted.chain(self.extra.iter().take(MAX_EXTRA)) {
            let Ok(node) = Node::read(der) else { continue };
            let known = |other: &Node<'_>| other.certificate.raw == node.certificate.raw;
            if !known(leaf) && !pool.iter().any(known) {
                pool.push(node);
            }
        }
        pool
    }

    /// Whether chains may end here: at a trusted root, or at that of this CA.
    fn is_anchor(&self, node: &Node<'_>) -> bool {
        let own_root = self.trust.own.last();
        self.trust.roots.iter().chain(own_root).any(|root| *root == node.certificate.raw)
    }

    /// Whether it is this CA's own certificate or one above it: the CA could not work without
    /// trust in those.
    fn is_own(&self, node: &Node<'_>) -> bool {
        self.trust.own.iter().chain(&self.trust.earlier).any(|own| *own == node.certificate.raw)
    }

    /// Whether the key of `issuer` signed `node`, in a way that holds.
    fn signs(&self, issuer: &Node<'_>, node: &Node<'_>) -> bool {
        let Certificate { tbs, signature_algorithm, signature, .. } = &node.certificate;
        match verify_signature(&issuer.key, signature_algorithm, tbs, signature) {
            Ok(scheme) => self.trust.allow_sha1 || scheme.hash() != Some(Hash::Sha1),
            Err(_) => false,
        }
    }

    /// Judges a chain whose signatures are valid, from the signer's certificate to an anchor.
    fn check(&self, path: &[&Node<'_>]) -> Result<(), ChainProblem> {
        path.iter().try_for_each(|node| self.check_each(node))?;
        let (Some(leaf), above) = (path.first(), path.get(1..).unwrap_or_default()) else {
            return Ok(());
        };
        if leaf.usage.is_some_and(|usage| !is_for_signatures(usage)) {
            let reason = "its key usage does not allow signatures";
            return Err(ChainProblem::Malformed(reason.to_owned()));
        }
        check_issuers(above)?;
        path.windows(2).try_for_each(|pair| match pair {
            [node, issuer] => self.check_revocation(node, issuer),
            _ => Ok(()),
        })?;
        match above.first() {
            Some(issuer) if self.trust.nt_auth.iter().any(|ca| *ca == issuer.certificate.raw) => {
                Ok(())
            }
            Some(issuer) => Err(ChainProblem::NotInNtAuth(issuer.name())),
            None => Err(ChainProblem::NotInNtAuth(leaf.name())),
        }
    }

    /// What holds for each certificate of a chain.
    fn check_each(&self, node: &Node<'_>) -> Result<(), ChainProblem> {
        let certificate = &node.certificate;
        if self.now < certificate.not_before {
            return Err(ChainProblem::NotYetValid(node.name()));
        }
        if self.now > certificate.not_after {
            return Err(ChainProblem::Expired(node.name()));
        }
        if let Some(extension) = node.not_understood() {
            let reason = format!("the extension {extension} of {} is not understood", node.name());
            return Err(ChainProblem::Malformed(reason));
        }
        if certificate.extensions.iter().any(|found| found.oid == oids::NAME_CONSTRAINTS) {
            return Err(ChainProblem::NotAnIssuer(format!("{} (name constraints)", node.name())));
        }
        match node.key.kind() {
            PublicKeyKind::Rsa { bits } if bits < MIN_RSA_BITS => {
                Err(ChainProblem::BadSignature(format!("{} (RSA, {bits} bits)", node.name())))
            }
            _ => Ok(()),
        }
    }

    fn check_revocation(&self, node: &Node<'_>, issuer: &Node<'_>) -> Result<(), ChainProblem> {
        if self.is_own(node) {
            return Ok(());
        }
        let standing = if self.is_of_this_ca(issuer) {
            (self.issued)(node.certificate.raw)
        } else {
            match revocation::standing(node, issuer, self) {
                Standing::Unknown if self.trust.allow_unknown_revocation => Standing::Issued,
                standing => standing,
            }
        };
        match standing {
            Standing::Issued => Ok(()),
            Standing::Revoked => Err(ChainProblem::Revoked(node.name())),
            Standing::Unknown => Err(ChainProblem::RevocationUnknown(node.name())),
        }
    }

    /// Whether it is a certificate of a key of this CA, whoever issued it: a cross certificate must
    /// not lead around the Request table.
    fn is_of_this_ca(&self, node: &Node<'_>) -> bool {
        let own = self.trust.own.first().into_iter().chain(&self.trust.earlier);
        let mut own = own.filter_map(|own| Certificate::parse(own).ok());
        own.any(|own| own.public_key.raw == node.certificate.public_key.raw)
    }
}

/// basicConstraints and keyUsage of the CAs of a chain, the signer's issuer first.
fn check_issuers(above: &[&Node<'_>]) -> Result<(), ChainProblem> {
    let mut cas_below: u32 = 0;
    for node in above {
        let constraints = node.constraints.filter(|constraints| constraints.ca);
        let signs = node.usage.is_none_or(|usage| usage.contains(KeyUsage::KEY_CERT_SIGN));
        let long = |limit: u32| cas_below > limit;
        match constraints {
            Some(constraints) if signs && !constraints.path_length.is_some_and(long) => {}
            _ => return Err(ChainProblem::NotAnIssuer(node.name())),
        }
        // RFC 5280 4.2.1.9: certificates that a CA issues to itself do not count.
        if node.certificate.subject != node.certificate.issuer {
            cas_below = cas_below.saturating_add(1);
        }
    }
    Ok(())
}

fn is_for_signatures(usage: KeyUsage) -> bool {
    usage.contains(KeyUsage::DIGITAL_SIGNATURE) || usage.contains(KeyUsage::NON_REPUDIATION)
}

fn no_issuer(node: &Node<'_>) -> ChainProblem {
    ChainProblem::NoIssuer(Name::windows_text_of(node.certificate.issuer))
}

/// How far a chain came that failed; the problem of the one that came farthest is told.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    NoIssuer,
    Signature,
    Untrusted,
    Complete,
}

struct Search<'s> {
    validator: &'s ChainValidator<'s>,
    pool: &'s [Node<'s>],
    signatures: usize,
    problem: Option<(Stage, ChainProblem)>,
}

impl<'s> Search<'s> {
    /// Extends the path upward until it is a good chain. Depth first; each step costs one of the
    /// signatures that may be verified.
    fn extend<'n>(&mut self, path: &mut Vec<&'n Node<'s>>) -> bool
    where
        's: 'n,
    {
        let Some(top) = path.last().copied() else { return false };
        if self.validator.is_anchor(top) {
            return match self.validator.check(path) {
                Ok(()) => true,
                Err(problem) => self.fail(Stage::Complete, problem),
            };
        }
        let certificate = &top.certificate;
        if certificate.issuer == certificate.subject && self.validator.signs(top, top) {
            return self.fail(Stage::Untrusted, ChainProblem::UntrustedRoot(top.name()));
        }
        if path.len() >= MAX_LENGTH {
            return self.fail(Stage::NoIssuer, no_issuer(top));
        }
        let mut found = false;
        for issuer in self.pool {
            let on_path = path.iter().any(|node| node.is_same_ca(issuer));
            if on_path || !issuer.may_have_issued(top) {
                continue;
            }
            let Some(left) = self.signatures.checked_sub(1) else { break };
            self.signatures = left;
            found = true;
            if !self.validator.signs(issuer, top) {
                self.fail(Stage::Signature, ChainProblem::BadSignature(top.name()));
                continue;
            }
            path.push(issuer);
            if self.extend(path) {
                return true;
            }
            path.pop();
        }
        if !found {
            self.fail(Stage::NoIssuer, no_issuer(top));
        }
        false
    }

    /// Keeps the problem, unless that of a chain that came as far is known.
    fn fail(&mut self, stage: Stage, problem: ChainProblem) -> bool {
        if self.problem.as_ref().is_none_or(|(best, _)| *best < stage) {
            self.problem = Some((stage, problem));
        }
        false
    }
}

#[cfg(test)]
mod tests;
