//! Messages that carry certificates to clients: chains as PKCS#7, and the CMC full response that
//! the CA signs.

use super::issue::{CertificateAuthority, IssueError};
use crate::asn1::cmc::PkiResponse;
use crate::asn1::cms::{
    SignedData, SignerId, SignerInfo, encode_certificates_only, encode_signed_attributes,
};
use crate::asn1::{AlgorithmIdentifier, oids};

impl CertificateAuthority {
    /// PKCS#7 with `certificate` and the CA's chain up to the root, and these CRLs
    /// ([MS-WCCE] 3.2.1.4.2.1.4.8.1).
    pub fn chain_with<'a>(
        &'a self,
        certificate: &'a [u8],
        crls: impl IntoIterator<Item = &'a [u8]>,
    ) -> Vec<u8> {
        encode_certificates_only(std::iter::once(certificate).chain(self.certificates()), crls)
    }

    /// PKCS#7 with the CA's chain up to the root, and these CRLs ([MS-WCCE] 3.2.1.4.3.2.13
    /// and .32).
    pub fn own_chain<'a>(&'a self, crls: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
        encode_certificates_only(self.certificates(), crls)
    }

    /// The exchange certificate as the content of a SignedData that nobody signed, with the
    /// CA's chain and these CRLs ([MS-WCCE] 3.2.1.4.3.2.16 and .33).
    pub fn exchange_chain<'a>(
        &'a self,
        exchange: &'a [u8],
        crls: impl IntoIterator<Item = &'a [u8]>,
    ) -> Vec<u8> {
        SignedData {
            digests: vec![self.signer().algorithm().hash()],
            certificates: self.certificates().collect(),
            crls: crls.into_iter().collect(),
            ..SignedData::new(oids::CMS_DATA, Some(exchange))
        }
        .encode()
    }

    /// A CMC full response, signed by the CA's key; with the certificate of the answer, the
    /// CA's chain and these CRLs ([MS-WCCE] 3.2.1.4.2.1.4.8.2).
    ///
    /// # Errors
    /// Where the key fails, or a time is out of range.
    pub fn full_response<'a>(
        &'a self,
        response: &PkiResponse,
        certificate: Option<&'a [u8]>,
        crls: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Vec<u8>, IssueError> {
        let content = response.encode()?;
        let algorithm = self.signer().algorithm();
        let hash = algorithm.hash();
        let attributes = encode_signed_attributes(&oids::CMC_PKI_RESPONSE, &content, hash);
        let signature = self.signer().sign(&attributes)?;
        let signer = SignerInfo {
            signer: SignerId::IssuerAndSerial {
                issuer: &self.certificate().issuer,
                serial: &self.certificate().serial.0,
            },
            digest: AlgorithmIdentifier::with_null(hash.oid()),
            signed_attributes: Some(attributes),
            algorithm: algorithm.cms_identifier(),
            signature: &signature,
            unsigned_attributes: &[],
        };
        let mut certificates: Vec<_> = certificate.into_iter().chain(self.certificates()).collect();
        // A SET OF in DER, as Windows writes it here.
        certificates.sort_unstable();
        let message = SignedData {
            digests: vec![hash],
            certificates,
            crls: crls.into_iter().collect(),
            signers: vec![signer],
            ..SignedData::new(oids::CMC_PKI_RESPONSE, Some(&content))
        };
        Ok(message.encode())
    }
}

#[cfg(test)]
mod tests;
