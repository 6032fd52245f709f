//! What nothing can be faster than: signatures of the CA's keys, and the verification of a request.

#![allow(
    missing_docs,
    clippy::expect_used,
    reason = "a benchmark that panics has failed, which is what it is for"
)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use wcce::asn1::{AlgorithmIdentifier, SubjectPublicKeyInfo, oids, verify_signature};
use wcce::ca::{KeyKind, RsaHash, Signer, SoftwareSigner};

/// As long as the part of a certificate that is signed.
const MESSAGE: &[u8] = &[0x5A; 1_200];

const KEYS: [(&str, KeyKind); 4] = [
    ("rsa-2048", KeyKind::Rsa2048),
    ("rsa-4096", KeyKind::Rsa4096),
    ("ecdsa-p256", KeyKind::EcdsaP256),
    ("ecdsa-p384", KeyKind::EcdsaP384),
];

fn signing(c: &mut Criterion) {
    for (name, kind) in KEYS {
        let (signer, _) = SoftwareSigner::generate(kind, RsaHash::Sha256).expect("a key");
        c.bench_function(&format!("sign {name}"), |b| {
            b.iter(|| signer.sign(black_box(MESSAGE)).expect("signed"));
        });
    }
}

fn verification(c: &mut Criterion) {
    let (signer, _) = SoftwareSigner::generate(KeyKind::Rsa2048, RsaHash::Sha256).expect("a key");
    let signature = signer.sign(MESSAGE).expect("signed");
    let algorithm = AlgorithmIdentifier::with_null(oids::SHA256_WITH_RSA);
    c.bench_function("verify rsa-2048", |b| {
        b.iter(|| {
            let key = SubjectPublicKeyInfo::parse(black_box(signer.public_key()));
            let key = key.and_then(|key| key.public_key()).expect("a key");
            verify_signature(&key, &algorithm, MESSAGE, &signature).expect("right");
        });
    });
}

criterion_group!(benches, signing, verification);
criterion_main!(benches);
