//! Vectors that other implementations encoded (`tests/vectors`).

use std::collections::HashMap;

use serde_json::Value;
use wcce::generated::icertpassage::CertServerRequestIn;
use wcce::ndr::{self, Encoding};

use crate::codecs::{Codec, NDR, NDR_BIG, NDR64, codec};
use crate::freedom::same;
use crate::tally;
use crate::tree::Tree;

/// The tools, and how many vectors each made.
const TOOLS: [(&str, &str, usize); 4] = [
    ("scapy", include_str!("../vectors/scapy.json"), 117),
    ("impacket", include_str!("../vectors/impacket.json"), 54),
    ("Samba", include_str!("../vectors/samba.json"), 50),
    ("hand", include_str!("../vectors/by_hand.json"), 4),
];

/// One foreign encoding of a known value.
pub struct Vector {
    /// Name of the vector, tool and encoding.
    pub name: String,
    /// How it is encoded.
    pub encoding: Encoding,
    /// The encoding.
    pub stub: Vec<u8>,
    /// Whether it is a stream of type serialization version 1.
    pub is_stream: bool,
    /// The codec of its type.
    pub codec: Codec,
    /// The value.
    pub value: Value,
}

/// Every vector of a tool.
pub fn vectors(tool: &str, json: &str) -> Vec<Vector> {
    let values = values();
    let file: Value = serde_json::from_str(json).expect("a file of vectors");
    let list = file["vectors"].as_array().expect("vectors");
    list.iter().map(|vector| read(tool, vector, &values)).collect()
}

/// The values by the vectors' names.
fn values() -> HashMap<String, Value> {
    serde_json::from_str(include_str!("../vectors/values.json")).expect("values.json")
}

fn read(tool: &str, vector: &Value, values: &HashMap<String, Value>) -> Vector {
    let text = |key: &str| vector[key].as_str().expect("text");
    let value = &values[text("name")];
    let of = value["of"].as_str().expect("of");
    Vector {
        name: format!("{} {tool} {}", text("name"), text("encoding")),
        encoding: match text("encoding") {
            "ndr" | "type1" => NDR,
            "ndr-big" => NDR_BIG,
            "ndr64" => NDR64,
            other => panic!("unknown encoding {other}"),
        },
        is_stream: text("encoding") == "type1",
        stub: hex::decode(text("stub")).expect("hex"),
        codec: codec(of).unwrap_or_else(|| panic!("no codec for {of}")),
        value: value["values"].clone(),
    }
}

/// Every vector of every tool.
pub fn all() -> Vec<Vector> {
    TOOLS.iter().flat_map(|(tool, json, _)| vectors(tool, json)).collect()
}

#[test]
fn foreign_encodings_decode_to_the_values_and_encode_to_the_same_bytes() {
    let mut failures = Vec::new();
    let mut unused = values();
    for (tool, json, count) in TOOLS {
        let vectors = vectors(tool, json);
        let kind = if tool == "hand" { "vector-by-hand" } else { "vector" };
        assert_eq!(vectors.len(), count, "vectors of {tool}");
        for vector in vectors {
            unused.retain(|name, _| !vector.name.starts_with(&format!("{name} ")));
            match check(&vector) {
                Ok(()) => tally::ran(kind, &vector.name),
                Err(error) => failures.push(format!("{}: {error}", vector.name)),
            }
        }
    }
    assert!(unused.is_empty(), "values without a vector: {:?}", unused.keys());
    assert!(failures.is_empty(), "{} vectors:\n{}", failures.len(), failures.join("\n\n"));
}

fn check(vector: &Vector) -> Result<(), String> {
    let Vector { encoding, stub, codec, value, .. } = vector;
    let decoded = codec(*encoding, stub).map_err(|error| error.to_string())?;
    Tree::parse(&decoded.debug)
        .matches(value)
        .map_err(|error| format!("{error}\n{}", decoded.debug))?;
    let again = decoded.again.map_err(|error| error.to_string())?;
    same(*codec, *encoding, &padded(vector), &again)
}

/// impacket does not pad the streams of type serialization version 1 ([MS-RPCE] 2.2.6), nor
/// count the padding in their length; decoding must bear that, our encoding does it right.
fn padded(vector: &Vector) -> Vec<u8> {
    let mut stub = vector.stub.clone();
    if vector.is_stream {
        stub.resize(stub.len().next_multiple_of(8), 0);
        let length = u32::try_from(stub.len() - 16).expect("a short stream");
        stub[8..12].copy_from_slice(&length.to_le_bytes());
    }
    stub
}

#[test]
fn stubs_of_certipy_hold_its_request() {
    let (submit, retrieve): (CertServerRequestIn, CertServerRequestIn) = (
        reencoded("certipy submit", include_bytes!("../vectors/ndr_icpr_request.bin")),
        reencoded("certipy retrieve", include_bytes!("../vectors/ndr_icpr_retrieve.bin")),
    );
    let authority = Some("Wcce-Test-CA".into());
    let request = include_bytes!("../fixtures/requests/certipy-pkcs10.der");
    assert_eq!(submit.pwsz_authority, authority);
    assert_eq!((submit.dw_flags, submit.pdw_request_id), (0, 0));
    assert_eq!(submit.pctb_request.pb.as_deref(), Some(&request[..]));
    let attributes: Vec<u16> =
        submit.pctb_attribs.pb.expect("attributes").chunks(2).map(unit).collect();
    let attributes = String::from_utf16(&attributes).expect("UTF-16");
    assert!(attributes.starts_with("CertificateTemplate:WcceUser\n"), "{attributes:?}");
    assert!(attributes.ends_with('\0'), "{attributes:?}");

    assert_eq!(retrieve.pwsz_authority, authority);
    assert_eq!((retrieve.dw_flags, retrieve.pdw_request_id), (0, 7));
    assert_eq!((retrieve.pctb_attribs.pb, retrieve.pctb_request.pb), (None, None));
}

fn unit(octets: &[u8]) -> u16 {
    u16::from_le_bytes([octets[0], octets[1]])
}

fn reencoded(name: &str, stub: &[u8]) -> CertServerRequestIn {
    let request = ndr::from_stub(NDR, stub).expect("a sound stub");
    let again = ndr::to_stub(NDR, &request).expect("a sound value");
    let codec = codec("ICertPassage.CertServerRequest.in").expect("a codec");
    if let Err(error) = same(codec, NDR, stub, &again) {
        panic!("{name}: {error}");
    }
    tally::ran("vector", name);
    request
}
