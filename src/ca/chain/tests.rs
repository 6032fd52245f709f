//! Chains made by OpenSSL: its own verification and ours have to agree.

use std::time::Duration;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::asn1::pem;
use crate::ca::testing::{Bench, DAY, attempt, run};

/// A folder with keys and certificates by OpenSSL.
struct Pki {
    folder: TempDir,
    serial: std::cell::Cell<u32>,
}

const CA: [&str; 2] =
    ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"];
const AGENT: [&str; 2] =
    ["keyUsage=critical,digitalSignature", "extendedKeyUsage=1.3.6.1.4.1.311.20.2.1"];

impl Pki {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("config"), "[req]\ndistinguished_name=dn\n[dn]\n")
            .unwrap();
        Self { folder, serial: 100.into() }
    }

    /// Makes a key and a certificate for it. `issuer` may be its own name.
    fn issue(&self, name: &str, issuer: &str, extensions: &[&str]) -> Vec<u8> {
        self.issue_with(
            name,
            issuer,
            extensions,
            &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
        )
    }

    fn issue_with(
        &self,
        name: &str,
        issuer: &str,
        extensions: &[&str],
        options: &[&str],
    ) -> Vec<u8> {
        self.serial.set(self.serial.get() + 1);
        let serial = self.serial.get().to_string();
        let file = |name: &str, end: &str| format!("{name}.{end}");
        let (key, out) = (file(name, "key"), file(name, "pem"));
        let (ca, ca_key) = (file(issuer, "pem"), file(issuer, "key"));
        let subject = format!("/CN={name}");
        let mut arguments = vec!["req", "-x509", "-config", "config", "-nodes", "-days", "30"];
        arguments.extend([
            "-set_serial",
            &serial,
            "-subj",
            &subject,
            "-keyout",
            &key,
            "-out",
            &out,
        ]);
        if issuer != name {
            arguments.extend(["-CA", &ca, "-CAkey", &ca_key]);
        }
        arguments.extend(options);
        for extension in extensions.iter().chain(&["subjectKeyIdentifier=hash"]) {
            arguments.extend(["-addext", extension]);
        }
        if issuer != name {
            arguments.extend(["-addext", "authorityKeyIdentifier=keyid"]);
        }
        run("openssl", &arguments, self.folder.path());
        self.der(&out)
    }

    fn der(&self, file: &str) -> Vec<u8> {
        let text = std::fs::read(self.folder.path().join(file)).unwrap();
        pem::decode(&text).unwrap().first().unwrap().der.to_vec()
    }

    fn write(&self, file: &str, label: &str, ders: &[&[u8]]) {
        let text: String = ders.iter().map(|der| pem::encode(label, der).to_string()).collect();
        std::fs::write(self.folder.path().join(file), text).unwrap();
    }

    /// The CRL of `issuer` that revokes these serial numbers.
    fn crl(&self, issuer: &str, revoked: &[u32]) -> Vec<u8> {
        let index: String = revoked
            .iter()
            .map(|serial| {
                format!("R\t491231235959Z\t200101000000Z\t{serial:04X}\tunknown\t/CN=x\n")
            })
            .collect();
        std::fs::write(self.folder.path().join("index"), index).unwrap();
        let config = "[ca]\ndefault_ca=d\n[d]\ndatabase=index\ndefault_md=sha256\n\
                      crl_extensions=e\n[e]\nauthorityKeyIdentifier=keyid\n";
        std::fs::write(self.folder.path().join("ca.config"), config).unwrap();
        let (key, cert) = (format!("{issuer}.key"), format!("{issuer}.pem"));
        run(
            "openssl",
            &[
                "ca",
                "-gencrl",
                "-config",
                "ca.config",
                "-keyfile",
                &key,
                "-cert",
                &cert,
                "-crldays",
                "7",
                "-out",
                "list.pem",
            ],
            self.folder.path(),
        );
        self.der("list.pem")
    }

    /// Whether OpenSSL accepts the chain.
    fn openssl(&self, root: &[u8], extra: &[Vec<u8>], leaf: &[u8], more: &[&str]) -> bool {
        // An empty file would be an error.
        let extra: Vec<&[u8]> = extra.iter().map(Vec::as_slice).chain([root]).collect();
        self.write("root", "CERTIFICATE", &[root]);
        self.write("extra", "CERTIFICATE", &extra);
        self.write("leaf", "CERTIFICATE", &[leaf]);
        let mut arguments = vec!["verify", "-auth_level", "2", "-CAfile", "root"];
        arguments.extend(["-no-CApath", "-no-CAstore", "-untrusted", "extra"]);
        arguments.extend(more);
        arguments.push("leaf");
        attempt("openssl", &arguments, self.folder.path()).0
    }
}

/// Trust in `root`, and in `issuers` as those of agents.
fn trust(root: &[u8], issuers: &[&[u8]]) -> Trust {
    let mut trust = Trust::of(&Bench::new().ca);
    trust.roots = vec![root.to_vec()];
    trust.nt_auth = issuers.iter().map(|der| der.to_vec()).collect();
    trust.allow_unknown_revocation = true;
    trust
}

fn validator<'a>(trust: &'a Trust, extra: &'a [Vec<u8>]) -> ChainValidator<'a> {
    let issued: &(dyn Fn(&[u8]) -> Standing + Sync) = &|_| Standing::Unknown;
    ChainValidator { trust, extra, issued, crls: &[], now: SystemTime::now() }
}

fn agent_policy() -> Vec<Oid> {
    vec![oids::ENROLLMENT_AGENT]
}

#[test]
fn a_good_chain_is_good_for_openssl_and_for_us() {
    let pki = Pki::new();
    let root = pki.issue("root", "root", &CA);
    let sub = pki.issue("sub", "root", &CA);
    let agent = pki.issue("agent", "sub", &AGENT);
    let trusted = trust(&root, &[&sub]);
    let extra = [agent.clone(), sub.clone(), root.clone()];
    assert!(pki.openssl(&root, &extra, &agent, &[]));
    let verdict = validator(&trusted, &extra).judge(&agent);
    assert_eq!(verdict.chain, Ok(()));
    assert_eq!(verdict.application_policies, agent_policy());
    assert_eq!(verdict.issuance_policies, []);

    let missing = validator(&trusted, &[]).judge(&agent);
    assert_eq!(missing.chain, Err(ChainProblem::NoIssuer("CN=sub".into())));
    assert_eq!(missing.application_policies, [], "nothing counts without a chain");
    assert!(!pki.openssl(&root, &[], &agent, &[]));
    let configured = Trust { intermediates: vec![sub.clone()], ..trusted.clone() };
    assert_eq!(validator(&configured, &[]).judge(&agent).chain, Ok(()));

    let elsewhere = pki.issue("elsewhere", "elsewhere", &CA);
    let verdict = validator(&trust(&elsewhere, &[&sub]), &extra).judge(&agent);
    assert_eq!(verdict.chain, Err(ChainProblem::UntrustedRoot("CN=root".into())));
    assert!(!pki.openssl(&elsewhere, &extra, &agent, &[]));

    let verdict = validator(&trust(&root, &[&root]), &extra).judge(&agent);
    assert_eq!(verdict.chain, Err(ChainProblem::NotInNtAuth("CN=sub".into())));

    let mut forged = agent.clone();
    *forged.last_mut().unwrap() ^= 1;
    let verdict = validator(&trusted, &extra).judge(&forged);
    assert_eq!(verdict.chain, Err(ChainProblem::BadSignature("CN=agent".into())));
    assert!(!pki.openssl(&root, &extra, &forged, &[]));
    assert!(validator(&trusted, &extra).judge(&root).chain.is_err(), "a root is no agent");
}

#[test]
fn times_are_those_of_receipt() {
    let pki = Pki::new();
    let root = pki.issue("root", "root", &CA);
    let agent = pki.issue("agent", "root", &AGENT);
    let trusted = trust(&root, &[&root]);
    let now = SystemTime::now();
    for (at, expected) in [
        (now + DAY, None),
        (now + 31 * DAY, Some(ChainProblem::Expired("CN=agent".into()))),
        (now - DAY, Some(ChainProblem::NotYetValid("CN=agent".into()))),
    ] {
        let seconds = at.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs().to_string();
        let theirs = pki.openssl(&root, &[], &agent, &["-attime", &seconds]);
        let ours = ChainValidator { now: at, ..validator(&trusted, &[]) }.judge(&agent);
        assert_eq!(theirs, expected.is_none());
        assert_eq!(ours.chain.err(), expected);
    }
}

/// Each of these is refused by OpenSSL too.
#[test]
fn issuers_must_be_cas_for_such_a_chain() {
    let pki = Pki::new();
    let root = pki.issue("root", "root", &CA);
    let short = ["basicConstraints=critical,CA:TRUE,pathlen:0", CA[1]];
    let no_ca = ["basicConstraints=critical,CA:FALSE", "keyUsage=critical,keyCertSign"];
    let no_signing = [CA[0], "keyUsage=critical,cRLSign"];
    let odd = [CA[0], CA[1], "1.2.3.4=critical,ASN1:NULL"];
    let constrained = [CA[0], CA[1], "nameConstraints=critical,permitted;DNS:lab.test"];
    let sub = |name: &str, extensions: &[&str]| pki.issue(name, "root", extensions);
    let not_an_issuer = |name: &str| ChainProblem::NotAnIssuer(format!("CN={name}"));
    for (name, extensions, theirs, expected) in [
        ("leaf-as-ca", &no_ca[..], false, not_an_issuer("leaf-as-ca")),
        ("no-constraints", &AGENT[..1], false, not_an_issuer("no-constraints")),
        ("no-signing", &no_signing[..], false, not_an_issuer("no-signing")),
        (
            "odd",
            &odd[..],
            false,
            ChainProblem::Malformed("the extension 1.2.3.4 of CN=odd is not understood".into()),
        ),
        // OpenSSL looks at names; here, they are not looked at and nothing is let through.
        (
            "constrained",
            &constrained[..],
            true,
            ChainProblem::NotAnIssuer("CN=constrained (name constraints)".into()),
        ),
    ] {
        let ca = sub(name, extensions);
        let agent = pki.issue("agent", name, &AGENT);
        let extra = [ca.clone()];
        assert_eq!(pki.openssl(&root, &extra, &agent, &[]), theirs, "{name}");
        let verdict = validator(&trust(&root, &[&ca]), &extra).judge(&agent);
        assert_eq!(verdict.chain, Err(expected), "{name}");
    }

    let upper = sub("upper", &short);
    let lower = pki.issue("lower", "upper", &CA);
    let agent = pki.issue("agent", "lower", &AGENT);
    let extra = [upper.clone(), lower.clone()];
    assert!(!pki.openssl(&root, &extra, &agent, &[]));
    let verdict = validator(&trust(&root, &[&lower]), &extra).judge(&agent);
    assert_eq!(verdict.chain, Err(not_an_issuer("upper")), "pathLenConstraint");
    let direct = pki.issue("direct", "upper", &AGENT);
    assert!(pki.openssl(&root, &extra, &direct, &[]));
    assert_eq!(validator(&trust(&root, &[&upper]), &extra).judge(&direct).chain, Ok(()));
}

#[test]
fn weak_signatures_and_keys_do_not_count() {
    let pki = Pki::new();
    let root = pki.issue("root", "root", &CA);
    let p256 = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-sha1"];
    let sha1 = pki.issue_with("sha1", "root", &AGENT, &p256);
    let trusted = trust(&root, &[&root]);
    assert!(!pki.openssl(&root, &[], &sha1, &[]));
    let verdict = validator(&trusted, &[]).judge(&sha1);
    assert_eq!(verdict.chain, Err(ChainProblem::BadSignature("CN=sha1".into())));
    let lenient = Trust { allow_sha1: true, ..trusted.clone() };
    assert_eq!(validator(&lenient, &[]).judge(&sha1).chain, Ok(()));

    let small = pki.issue_with("small", "root", &AGENT, &["-newkey", "rsa:1024"]);
    assert!(!pki.openssl(&root, &[], &small, &[]));
    let verdict = validator(&trusted, &[]).judge(&small);
    assert_eq!(verdict.chain, Err(ChainProblem::BadSignature("CN=small (RSA, 1024 bits)".into())));
}

#[test]
fn crls_of_other_cas_decide_and_without_them_nothing_counts() {
    let pki = Pki::new();
    let root = pki.issue("root", "root", &CA);
    let agent = pki.issue("agent", "root", &AGENT);
    let serial = pki.serial.get();
    let strict = Trust { allow_unknown_revocation: false, ..trust(&root, &[&root]) };
    let judge = |crls: &[Vec<u8>], at: Duration| {
        let now = SystemTime::now() + at;
        ChainValidator { crls, now, ..validator(&strict, &[]) }.judge(&agent).chain
    };
    let unknown = || Err(ChainProblem::RevocationUnknown("CN=agent".into()));
    let check = ["-crl_check", "-CRLfile", "list.pem"];
    let soon = Duration::from_secs(5);

    assert_eq!(judge(&[], soon), unknown());
    assert!(!pki.openssl(&root, &[], &agent, &["-crl_check"]));
    let good = pki.crl("root", &[serial + 1]);
    assert!(pki.openssl(&root, &[], &agent, &check));
    assert_eq!(judge(std::slice::from_ref(&good), soon), Ok(()));
    assert_eq!(judge(std::slice::from_ref(&good), 8 * DAY), unknown(), "a CRL that is out of date");
    let mut damaged = good.clone();
    *damaged.last_mut().unwrap() ^= 1;
    assert_eq!(judge(&[damaged], soon), unknown());

    let other = pki.issue("other", "other", &CA);
    assert!(!other.is_empty());
    assert_eq!(judge(&[pki.crl("other", &[])], soon), unknown(), "another CA's");

    let revoking = pki.crl("root", &[serial]);
    assert!(!pki.openssl(&root, &[], &agent, &check));
    let revoked = Err(ChainProblem::Revoked("CN=agent".into()));
    assert_eq!(judge(&[good, revoking], soon), revoked);
}

#[test]
fn certificates_of_this_ca_are_looked_up_in_its_table_whatever_the_settings() {
    let pki = Pki::new();
    let own = pki.issue("own", "own", &CA);
    let agent = pki.issue("agent", "own", &AGENT);
    let mut trusted = trust(&own, &[&own]);
    trusted.own = vec![own.clone()];
    // A CA that everybody trusts certifies this CA's key under another name of its own.
    for (standing, expected) in [
        (Standing::Issued, Ok(())),
        (Standing::Revoked, Err(ChainProblem::Revoked("CN=agent".into()))),
        (Standing::Unknown, Err(ChainProblem::RevocationUnknown("CN=agent".into()))),
    ] {
        let issued = |der: &[u8]| if der == agent { standing } else { Standing::Unknown };
        let verdict = ChainValidator { issued: &issued, ..validator(&trusted, &[]) }.judge(&agent);
        assert_eq!(verdict.chain, expected);
    }
}

#[test]
fn purposes_hold_only_as_far_as_every_ca_above_allows() {
    let pki = Pki::new();
    let root = pki.issue("root", "root", &CA);
    let both = "extendedKeyUsage=clientAuth,1.3.6.1.4.1.311.20.2.1";
    let any = "extendedKeyUsage=anyExtendedKeyUsage";
    let client = "extendedKeyUsage=clientAuth";
    // SEQUENCE { SEQUENCE { OID } } with the agent's policy, and with client authentication.
    let agent_policy_extension = "1.3.6.1.4.1.311.21.10=DER:300e300c060a2b060104018237140201";
    let client_policy_extension = "1.3.6.1.4.1.311.21.10=DER:300c300a06082b06010505070302";
    let client_auth = || vec![oids::CLIENT_AUTH];
    for (ca, leaf, expected) in [
        (vec![], vec![both], vec![oids::CLIENT_AUTH, oids::ENROLLMENT_AGENT]),
        (vec![client], vec![both], client_auth()),
        (vec![any], vec![both], vec![oids::CLIENT_AUTH, oids::ENROLLMENT_AGENT]),
        (vec![], vec![any], vec![oids::ANY_EXTENDED_KEY_USAGE]),
        (vec![client], vec![any], vec![]),
        (vec![], vec![], vec![]),
        (vec![client], vec![], vec![]),
        (vec![client_policy_extension], vec![both], client_auth()),
        (vec![], vec![client, client_policy_extension], client_auth()),
        (vec![], vec![client_policy_extension], client_auth()),
        // What a request smuggled into its application policies does not count (ESC15).
        (vec![], vec![client, agent_policy_extension], vec![]),
    ] {
        let extensions: Vec<&str> = CA.into_iter().chain(ca.iter().copied()).collect();
        let issuer = pki.issue("issuer", "root", &extensions);
        let extensions: Vec<&str> = [AGENT[0]].into_iter().chain(leaf.iter().copied()).collect();
        let agent = pki.issue("agent", "issuer", &extensions);
        let extra = [issuer.clone()];
        let verdict = validator(&trust(&root, &[&issuer]), &extra).judge(&agent);
        assert_eq!(verdict.chain, Ok(()), "{ca:?} {leaf:?}");
        assert_eq!(verdict.application_policies, expected, "{ca:?} {leaf:?}");
    }
}

#[test]
fn issuance_policies_hold_only_below_cas_that_have_them() {
    let pki = Pki::new();
    let root = pki.issue("root", "root", &CA);
    let one: Oid = "1.2.3.1".parse().unwrap();
    for (ca, expected) in [
        (None, vec![]),
        (Some("certificatePolicies=1.2.3.1,1.2.3.9"), vec![one.clone()]),
        (Some("certificatePolicies=2.5.29.32.0"), vec![one, "1.2.3.2".parse().unwrap()]),
    ] {
        let extensions: Vec<&str> = CA.into_iter().chain(ca).collect();
        let issuer = pki.issue("issuer", "root", &extensions);
        let policies = "certificatePolicies=1.2.3.1,1.2.3.2";
        let agent = pki.issue("agent", "issuer", &[AGENT[0], AGENT[1], policies]);
        let extra = [issuer.clone()];
        let verdict = validator(&trust(&root, &[&issuer]), &extra).judge(&agent);
        assert_eq!((verdict.chain, verdict.issuance_policies), (Ok(()), expected), "{ca:?}");
    }
    let direct = pki.issue("direct", "root", &[AGENT[0], AGENT[1], "certificatePolicies=1.2.3.1"]);
    let verdict = validator(&trust(&root, &[&root]), &[]).judge(&direct);
    assert_eq!(verdict.issuance_policies.len(), 1, "a root's own say nothing");
}

#[test]
fn a_signers_key_must_be_for_signatures() {
    let pki = Pki::new();
    let root = pki.issue("root", "root", &CA);
    let agent = pki.issue("agent", "root", &["keyUsage=critical,keyAgreement", AGENT[1]]);
    let verdict = validator(&trust(&root, &[&root]), &[]).judge(&agent);
    assert!(matches!(verdict.chain, Err(ChainProblem::Malformed(_))), "{verdict:?}");
}

/// CAs that certify each other in a circle, each several times over: no end of paths, and no root.
#[test]
fn circles_and_heaps_of_cross_certificates_come_to_an_end() {
    let pki = Pki::new();
    let root = pki.issue("root", "root", &CA);
    let names = ["a", "b", "c"];
    for name in names {
        pki.issue(name, name, &CA);
    }
    let mut extra = Vec::new();
    for subject in names {
        for issuer in names.into_iter().filter(|issuer| *issuer != subject) {
            for _ in 0..3 {
                let (csr_key, ca, ca_key) =
                    (format!("{subject}.key"), format!("{issuer}.pem"), format!("{issuer}.key"));
                let subject = format!("/CN={subject}");
                pki.serial.set(pki.serial.get() + 1);
                let serial = pki.serial.get().to_string();
                let mut arguments = vec!["req", "-x509", "-config", "config", "-key", &csr_key];
                arguments.extend(["-CA", &ca, "-CAkey", &ca_key, "-subj", &subject]);
                arguments.extend(["-set_serial", &serial, "-out", "cross.pem"]);
                CA.iter().for_each(|extension| arguments.extend(["-addext", extension]));
                run("openssl", &arguments, pki.folder.path());
                extra.push(pki.der("cross.pem"));
            }
        }
    }
    let agent = pki.issue("agent", "a", &AGENT);
    let trusted = trust(&root, &[&root]);
    let verdict = validator(&trusted, &extra).judge(&agent);
    assert!(verdict.chain.is_err(), "{verdict:?}");
    assert!(!pki.openssl(&root, &extra, &agent, &[]));
    // Among all these, the one good chain is found.
    let good = pki.issue("good", "root", &AGENT);
    assert_eq!(validator(&trusted, &extra).judge(&good).chain, Ok(()));
}

#[test]
fn settings_name_files_of_cas_in_pem_or_der() {
    use crate::ca::{CaError, TrustConfig};
    let pki = Pki::new();
    let bench = Bench::new();
    let root = pki.issue("root", "root", &CA);
    let sub = pki.issue("sub", "root", &CA);
    let agent = pki.issue("agent", "sub", &AGENT);
    let path = |name: &str| pki.folder.path().join(name);
    std::fs::write(path("sub.der"), &sub).unwrap();
    pki.crl("root", &[]);
    let config = TrustConfig {
        roots: vec![path("root.pem")],
        intermediates: vec![path("sub.der")],
        nt_auth: Some(vec![path("sub.pem")]),
        crls: vec![path("list.pem"), path("missing.crl")],
        ..TrustConfig::default()
    };
    let loaded = Trust::load(&config, &bench.ca).expect("loads");
    assert_eq!((&loaded.roots, &loaded.intermediates), (&vec![root], &vec![sub.clone()]));
    assert_eq!(loaded.nt_auth, [sub], "and not this CA");
    assert_eq!(loaded.crls().len(), 1, "the missing one is left out");
    let crls = [pki.crl("root", &[]), pki.crl("sub", &[])];
    let verdict = ChainValidator { crls: &crls, ..validator(&loaded, &[]) };
    let verdict = ChainValidator { now: verdict.now + Duration::from_secs(5), ..verdict };
    assert_eq!(verdict.judge(&agent).chain, Ok(()));

    let own = Trust::load(&TrustConfig::default(), &bench.ca).expect("nothing to load");
    assert_eq!(own, Trust::of(&bench.ca));
    assert_eq!(own.nt_auth, [bench.ca.certificate().der.clone()]);
    let wrong = |change: fn(&mut TrustConfig, std::path::PathBuf), file: &str| {
        let mut config = TrustConfig::default();
        change(&mut config, path(file));
        match Trust::load(&config, &bench.ca) {
            Err(CaError::Form { path, reason }) => {
                assert!(path.ends_with(file));
                reason
            }
            other => panic!("{other:?}"),
        }
    };
    assert!(wrong(|config, path| config.roots = vec![path], "sub.pem").contains("intermediates"));
    assert!(wrong(|config, path| config.nt_auth = Some(vec![path]), "agent.pem").contains("CA"));
    assert!(wrong(|config, path| config.roots = vec![path], "root.key").contains("certificate"));
}

#[test]
fn the_cas_of_a_directory_count_beside_those_of_the_settings() {
    use crate::ca::{LiveTrust, TrustConfig};
    use crate::model::Authorities;
    let pki = Pki::new();
    let bench = Bench::new();
    let own = bench.ca.certificate().der.clone();
    let root = pki.issue("root", "root", &CA);
    let sub = pki.issue("sub", "root", &CA);
    let agent = pki.issue("agent", "sub", &AGENT);
    let published = std::sync::Arc::new(Authorities {
        // What does not sign itself is no root, and what is no CA nothing at all.
        roots: vec![root.clone(), sub.clone(), agent.clone(), vec![0]],
        intermediates: vec![sub.clone(), agent.clone()],
        nt_auth: vec![sub.clone(), agent.clone()],
    });
    let config = TrustConfig { allow_unknown_revocation: true, ..TrustConfig::default() };
    let live = LiveTrust::new(Trust::load(&config, &bench.ca).expect("nothing to load"));
    let trust = live.now(Some(&published));
    assert_eq!(trust.roots, [root]);
    assert_eq!((&trust.intermediates, &trust.nt_auth), (&vec![sub.clone()], &vec![sub.clone()]));
    assert_eq!(validator(&trust, &[]).judge(&agent).chain, Ok(()));
    assert!(std::sync::Arc::ptr_eq(&trust, &live.now(Some(&published))), "looked at once");

    // This CA alone where no directory tells, and not where one tells of others.
    assert_eq!(live.now(None).nt_auth, std::slice::from_ref(&own));
    let taken_out = Authorities { nt_auth: Vec::new(), ..(*published).clone() };
    let trust = live.now(Some(&taken_out.into()));
    assert!(matches!(
        validator(&trust, &[]).judge(&agent).chain,
        Err(ChainProblem::NotInNtAuth(_))
    ));

    // The settings' own list stands.
    pki.write("own.pem", "CERTIFICATE", &[&own]);
    let nt_auth = Some(vec![pki.folder.path().join("own.pem")]);
    let config = TrustConfig { nt_auth, ..config };
    let set = Trust::load(&config, &bench.ca).expect("loads").with(&published);
    assert_eq!(set.nt_auth, [own]);
}

/// A chain that is made once for all cases.
fn fixed() -> &'static ([Vec<u8>; 3], Trust) {
    static CHAIN: std::sync::OnceLock<([Vec<u8>; 3], Trust)> = std::sync::OnceLock::new();
    CHAIN.get_or_init(|| {
        let pki = Pki::new();
        let root = pki.issue("root", "root", &CA);
        let sub = pki.issue("sub", "root", &CA);
        let agent = pki.issue("agent", "sub", &AGENT);
        let trusted = trust(&root, &[&sub]);
        ([root, sub, agent], trusted)
    })
}

proptest! {
    /// No damaged certificate makes a chain, and none makes a panic.
    #[test]
    fn damage_is_refused(which: bool, at: prop::sample::Index, mask in 1u8..) {
        let ([_, sub, agent], trusted) = fixed();
        let (mut sub, mut agent) = (sub.clone(), agent.clone());
        let damaged = if which { &mut sub } else { &mut agent };
        let index = at.index(damaged.len());
        damaged[index] ^= mask;
        let extra = [sub, vec![0x30], Vec::new()];
        prop_assert!(validator(trusted, &extra).judge(&agent).chain.is_err());
    }

    /// Whatever comes along, and however often, the good chain is found.
    #[test]
    fn what_comes_along_does_not_matter(heap in prop::collection::vec(0usize..4, 0..20)) {
        let ([root, sub, agent], trusted) = fixed();
        let garbage = vec![0x30, 0x03, 0x02, 0x01, 0x00];
        let kinds = [root, sub, agent, &garbage];
        let mut extra: Vec<Vec<u8>> = heap.into_iter().map(|kind| kinds[kind].clone()).collect();
        extra.push(sub.clone());
        prop_assert_eq!(validator(trusted, &extra).judge(agent).chain, Ok(()));
    }
}
