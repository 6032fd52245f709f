//! Degenerate SignedData (RFC 5652 5.1): a bag of certificates and CRLs that nobody signed.

use super::{Tag, oids, sequence};

/// ContentInfo of a SignedData with these certificates and CRLs and nothing else, in this order
/// ([MS-WCCE] 3.2.1.4.2.1.4.8.1: version 1, no digest algorithms, no content, no signers).
pub fn encode_certificates_only<'a>(
    certificates: impl IntoIterator<Item = &'a [u8]>,
    crls: impl IntoIterator<Item = &'a [u8]>,
) -> Vec<u8> {
    sequence(|content_info| {
        content_info.oid(&oids::CMS_SIGNED_DATA);
        content_info.nested(Tag::context(0), |explicit| {
            explicit.sequence(|signed_data| {
                signed_data.u32(1);
                signed_data.element(Tag::SET, &[]);
                signed_data.sequence(|content| content.oid(&oids::CMS_DATA));
                signed_data.nested(Tag::context(0), |set| {
                    certificates.into_iter().for_each(|der| set.raw(der));
                });
                let mut crls = crls.into_iter().peekable();
                if crls.peek().is_some() {
                    signed_data.nested(Tag::context(1), |set| crls.for_each(|der| set.raw(der)));
                }
                signed_data.element(Tag::SET, &[]);
            });
        });
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_encoding() {
        let der = encode_certificates_only([&[0x30, 0][..], &[2, 1, 5]], []);
        let expected = concat!(
            "302a06092a864886f70d010702a01d301b0201013100300b06092a864886f70d010701",
            "a00530000201053100"
        );
        assert_eq!(hex::encode(der), expected);

        let der = encode_certificates_only([], [&[0x30, 0][..]]);
        assert!(hex::encode(der).ends_with("a000a10230003100"));
    }
}
