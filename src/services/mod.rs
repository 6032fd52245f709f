//! The RPC interfaces of the CA: they decode arguments, call `enroll`, and encode answers.

mod call;
mod icertpassage;
mod icertrequestd;

pub use icertpassage::CertPassage;
pub use icertrequestd::{C_CERT_REQUEST_D, CertRequest, CertRequestClass};

#[cfg(test)]
mod tests;
