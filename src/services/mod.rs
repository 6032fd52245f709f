//! The RPC interfaces of the CA: they decode arguments, call `enroll` or `admin`, and encode
//! answers.

mod call;
mod icertadmind;
mod icertpassage;
mod icertrequestd;
mod property;

pub use icertadmind::{C_CERT_ADMIN_D, CertAdmin, CertAdminClass};
pub use icertpassage::CertPassage;
pub use icertrequestd::{C_CERT_REQUEST_D, CertRequest, CertRequestClass};

#[cfg(test)]
mod tests;
