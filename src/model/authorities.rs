//! The certification authorities that the members of a forest trust.

/// Certificates of CAs, DER, as a directory publishes them ([MS-WCCE] 2.2.2.11.3 to .5). Nothing
/// vouches for them but the directory: whoever uses them checks them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Authorities {
    /// CN=Certification Authorities: chains may end in them.
    pub roots: Vec<Vec<u8>>,
    /// CN=AIA: CAs between roots and what they issue.
    pub intermediates: Vec<Vec<u8>>,
    /// CN=NTAuthCertificates: CAs that may issue certificates that log on, or enroll for others.
    pub nt_auth: Vec<Vec<u8>>,
}
