//! What certificate managers decide about requests that wait for them ([MS-CSRA] 3.1.4.1.3).

use super::Extension;

/// A certificate manager's word that a request may be issued. It stands for the approval that
/// policy would wait for, and for nothing else.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Approval {
    /// Extensions that certificate managers have set, each at most once.
    pub extensions: Vec<SetExtension>,
}

/// An extension that a certificate manager has set for a request ([MS-CSRA] 3.1.4.1.1).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SetExtension {
    /// The extension.
    pub extension: Extension,
    /// It must not be in the certificate.
    pub disabled: bool,
}
