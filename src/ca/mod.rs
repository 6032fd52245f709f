//! The certificate authority: keys, signing, lint, certificates and CRLs.
