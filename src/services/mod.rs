//! The RPC interfaces of the CA: they decode arguments, call `enroll`, and encode answers.

mod icertpassage;

pub use icertpassage::CertPassage;

#[cfg(test)]
mod tests;
