//! Tests of the run-time through the generated code.

use super::{ByteOrder, Encoding, Syntax, from_stub, to_stub};
use crate::generated::certtransblob::CERTTRANSBLOB;
use crate::generated::icertpassage::CertServerRequestIn;

const ENCODINGS: [Encoding; 4] = [
    Encoding { syntax: Syntax::Ndr20, order: ByteOrder::Little },
    Encoding { syntax: Syntax::Ndr20, order: ByteOrder::Big },
    Encoding { syntax: Syntax::Ndr64, order: ByteOrder::Little },
    Encoding { syntax: Syntax::Ndr64, order: ByteOrder::Big },
];

#[test]
fn enrollment_requests_survive_every_encoding() {
    let request = CertServerRequestIn {
        dw_flags: 0x100,
        pwsz_authority: Some("Test CA".into()),
        pdw_request_id: 7,
        pctb_attribs: CERTTRANSBLOB { cb: 3, pb: Some(vec![1, 2, 3]) },
        pctb_request: CERTTRANSBLOB::default(),
    };
    for encoding in ENCODINGS {
        let stub = to_stub(encoding, &request).unwrap();
        assert_eq!(from_stub::<CertServerRequestIn>(encoding, &stub).unwrap(), request);
    }
    let stub = to_stub(ENCODINGS[0], &request).unwrap();
    assert_eq!(
        hex::encode(stub),
        "00010000\
         00000200 08000000 00000000 08000000 5400650073007400200043004100 0000\
         07000000\
         03000000 04000200 03000000 010203 00\
         00000000 00000000"
            .replace(' ', "")
    );
}
