//! DER structures: PKCS#10, X.509 names and extensions, Microsoft attributes.
