//! The embedded directory: one TOML file with a domain, its accounts, and templates.

mod accounts;
mod file;
mod names;
mod templates;

use std::fs;
use std::io::Read;
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use zeroize::Zeroizing;

use self::accounts::Accounts;
use self::file::File;
use super::{Directory, DirectoryError, Trustees};
use crate::model::{
    Authorities, BoxFuture, LocalAccount, LocalAccounts, Principal, SddlError, SecurityDescriptor,
    Sid, TemplateTable, Token,
};

/// The directory file as it was when it was read.
pub struct EmbeddedDirectory {
    accounts: Accounts,
    templates: RwLock<Arc<TemplateTable>>,
}

/// A value of the file that makes no sense, before the path is put to it.
struct Problem {
    key: String,
    problem: String,
}

fn problem(key: impl Into<String>, problem: impl ToString) -> Problem {
    Problem { key: key.into(), problem: problem.to_string() }
}

/// The line of an error, counted from 1.
fn line_of(text: &str, span: Option<Range<usize>>) -> usize {
    let before = span.and_then(|span| text.get(..span.start)).unwrap_or_default();
    before.matches('\n').count().saturating_add(1)
}

impl EmbeddedDirectory {
    /// Reads a directory file. It holds password hashes, so nobody but its owner may read it.
    ///
    /// # Errors
    /// Where the file cannot be read, others can read it, or a value of it makes no sense: the
    /// error names file, entry and key.
    pub fn load(path: &Path) -> Result<Self, DirectoryError> {
        let at = |source| DirectoryError::Read { path: path.to_owned(), source };
        let mut file = fs::File::open(path).map_err(at)?;
        let mode = file.metadata().map_err(at)?.mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(DirectoryError::Mode { path: path.to_owned(), mode });
        }
        let mut text = Zeroizing::new(String::new());
        file.read_to_string(&mut text).map_err(at)?;
        Self::parse(&text, path)
    }

    /// Reads the text of a directory file; `path` is for errors.
    ///
    /// # Errors
    /// As [`Self::load`], the file itself aside.
    pub fn parse(text: &str, path: &Path) -> Result<Self, DirectoryError> {
        let mut file: File = toml::from_str(text).map_err(|error| DirectoryError::Syntax {
            path: path.to_owned(),
            line: line_of(text, error.span()),
            problem: error.message().to_owned(),
        })?;
        Self::build(&mut file).map_err(|Problem { key, problem }| DirectoryError::Value {
            path: path.to_owned(),
            key,
            problem,
        })
    }

    fn build(file: &mut File) -> Result<Self, Problem> {
        let accounts = Accounts::new(file)?;
        let policies = std::mem::take(&mut file.issuance_policies);
        let entries = std::mem::take(&mut file.templates);
        let templates = templates::table(entries, policies, &accounts)?;
        Ok(Self { accounts, templates: RwLock::new(Arc::new(templates)) })
    }

    /// The text of a new directory file: default templates in the manner of a Windows CA, and
    /// no account.
    pub fn default_file(netbios: &str, dns: &str, domain_sid: &Sid) -> String {
        include_str!("default.toml")
            .replace("@NETBIOS@", netbios)
            .replace("@DNS@", dns)
            .replace("@SID@", &domain_sid.to_string())
            .replace("@OIDS@", &template_arc(domain_sid))
    }

    /// NetBIOS name of the domain.
    pub fn netbios_domain(&self) -> &str {
        &self.accounts.netbios
    }

    /// DNS name of the domain.
    pub fn dns_domain(&self) -> &str {
        &self.accounts.dns
    }

    /// SID of the domain.
    pub fn domain_sid(&self) -> &Sid {
        &self.accounts.domain_sid
    }

    /// The template table.
    pub fn table(&self) -> Arc<TemplateTable> {
        Arc::clone(&self.templates.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads SDDL with the aliases of this domain.
    ///
    /// # Errors
    /// Names the part of the text that is not understood.
    pub fn security_descriptor(&self, sddl: &str) -> Result<SecurityDescriptor, SddlError> {
        SecurityDescriptor::from_sddl(sddl, &self.accounts.domain_sid)
    }

    /// The token of an account of this directory, as a logon would make it.
    pub fn token(&self, sid: &Sid) -> Option<Token> {
        self.accounts.token(sid)
    }
}

/// The arc that Windows puts the OIDs of a forest's templates under: six numbers of the forest's
/// own, here made from the domain's SID.
fn template_arc(domain_sid: &Sid) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &domain_sid.to_bytes());
    let (arcs, _) = digest.as_ref().as_chunks::<3>();
    let arcs = arcs.iter().take(6).map(|[a, b, c]| u32::from_be_bytes([0, *a, *b, *c]).to_string());
    format!("1.3.6.1.4.1.311.21.8.{}.1", arcs.collect::<Vec<_>>().join("."))
}

impl Directory for EmbeddedDirectory {
    fn templates(&self) -> BoxFuture<'_, Result<Arc<TemplateTable>, DirectoryError>> {
        Box::pin(std::future::ready(Ok(self.table())))
    }

    /// Until the next start: the file is its owner's.
    fn enable_templates<'a>(
        &'a self,
        names: &'a [String],
    ) -> BoxFuture<'a, Result<(), DirectoryError>> {
        let mut templates = self.templates.write().unwrap_or_else(PoisonError::into_inner);
        *templates = Arc::new(templates.with_enabled(names));
        Box::pin(std::future::ready(Ok(())))
    }

    fn principal_by_sid<'a>(
        &'a self,
        sid: &'a Sid,
    ) -> BoxFuture<'a, Result<Option<Principal>, DirectoryError>> {
        Box::pin(std::future::ready(Ok(self.accounts.by_sid(sid).cloned())))
    }

    fn principal_by_account<'a>(
        &'a self,
        account: &'a str,
    ) -> BoxFuture<'a, Result<Option<Principal>, DirectoryError>> {
        let (domain, user) = account.split_once('\\').unwrap_or(("", account));
        Box::pin(std::future::ready(Ok(self.accounts.by_name(domain, user).cloned())))
    }

    fn token_by_sid<'a>(
        &'a self,
        sid: &'a Sid,
    ) -> BoxFuture<'a, Result<Option<Token>, DirectoryError>> {
        Box::pin(std::future::ready(Ok(self.accounts.token(sid))))
    }

    fn authorities(&self) -> BoxFuture<'_, Result<Option<Arc<Authorities>>, DirectoryError>> {
        Box::pin(std::future::ready(Ok(None)))
    }
}

impl Trustees for EmbeddedDirectory {
    fn trustee<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Sid>, DirectoryError>> {
        Box::pin(std::future::ready(Ok(self.accounts.qualified_trustee(name))))
    }
}

impl LocalAccounts for EmbeddedDirectory {
    fn local_account(&self, domain: &str, user: &str) -> Option<LocalAccount> {
        self.accounts.local_account(domain, user)
    }
}

#[cfg(test)]
mod tests;
