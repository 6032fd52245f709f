//! What comes from directories and files: descriptors, templates, LDAP, the configuration.

use std::path::Path;

use wcce::config::Config;
use wcce::directory::active_directory::{Entry, examine};
use wcce::directory::embedded::EmbeddedDirectory;
use wcce::directory::{Attributes, export};
use wcce::domain::examine_winbind;
use wcce::domain::netlogon::validated;
use wcce::generated::netlogon::NetrLogonSamLogonExOut;
use wcce::model::{AccessMask, SecurityDescriptor, Sid, parse_duration};
use wcce::ndr;
use zeroize::Zeroizing;

use super::security::caller;
use super::{parts, stubs};

/// A security descriptor.
pub fn security_descriptor(input: &[u8]) {
    let Ok(descriptor) = SecurityDescriptor::from_bytes(input) else { return };
    let again = SecurityDescriptor::from_bytes(&descriptor.to_bytes(false)).expect("our own");
    assert_eq!(again, descriptor);
    let domain = domain();
    let (text, mut spelt) = (descriptor.to_sddl(), descriptor.clone());
    // What SDDL has no letters for.
    spelt.dacl.iter_mut().flat_map(|dacl| &mut dacl.aces).for_each(|ace| ace.flags &= !0x20);
    assert_eq!(SecurityDescriptor::from_sddl(&text, &domain), Ok(spelt), "{text}");
    let token = &caller(1103).token;
    let granted = descriptor.grants(token, AccessMask(0x100));
    assert_eq!(granted, again.grants(token, AccessMask(0x100)));
    descriptor.trustees(AccessMask(0x100)).for_each(drop);
}

fn domain() -> Sid {
    "S-1-5-21-1-2-3".parse().expect("a SID")
}

/// SDDL.
pub fn sddl(input: &[u8]) {
    let domain = domain();
    let text = String::from_utf8_lossy(input);
    let Ok(descriptor) = SecurityDescriptor::from_sddl(&text, &domain) else { return };
    let again = SecurityDescriptor::from_sddl(&descriptor.to_sddl(), &domain);
    assert_eq!(again, Ok(descriptor));
}

/// A SID, in bytes and in text; numbers that are read from text.
pub fn sid(input: &[u8]) {
    if let Ok(sid) = Sid::from_bytes(input) {
        assert_eq!(Sid::from_bytes(&sid.to_bytes()), Ok(sid.clone()));
        assert_eq!(sid.to_string().parse(), Ok(sid));
    }
    let text = String::from_utf8_lossy(input);
    if let Ok(sid) = text.parse::<Sid>() {
        assert_eq!(sid.to_string().parse(), Ok(sid));
    }
    if let Ok(oid) = text.parse::<wcce::model::Oid>() {
        assert_eq!(oid.to_string().parse(), Ok(oid));
    }
    let _ = parse_duration(&text);
}

/// The attributes of a template, and what each is called: parts behind their lengths, a number before
/// each says which.
pub fn template_attributes(input: &[u8]) {
    let mut attributes = Attributes::default();
    for part in parts(input) {
        let [which, value @ ..] = part else { continue };
        attributes.insert(NAMES[usize::from(*which) % NAMES.len()], [value.to_vec()]);
    }
    if let Ok(template) = attributes.to_template() {
        drop(format!("{template:?}"));
    }
    let _ = attributes.to_issuance_policy();
}

/// The attributes that are read ([MS-CRTD]).
pub const NAMES: [&str; 25] = [
    "cn",
    "displayName",
    "flags",
    "revision",
    "pKIDefaultKeySpec",
    "pKIKeyUsage",
    "pKIMaxIssuingDepth",
    "pKICriticalExtensions",
    "pKIExpirationPeriod",
    "pKIOverlapPeriod",
    "pKIExtendedKeyUsage",
    "pKIDefaultCSPs",
    "msPKI-RA-Signature",
    "msPKI-Enrollment-Flag",
    "msPKI-Private-Key-Flag",
    "msPKI-Certificate-Name-Flag",
    "msPKI-Minimal-Key-Size",
    "msPKI-Template-Schema-Version",
    "msPKI-Template-Minor-Revision",
    "msPKI-Cert-Template-OID",
    "msPKI-Supersede-Templates",
    "msPKI-RA-Policies",
    "msPKI-RA-Application-Policies",
    "msPKI-Certificate-Application-Policy",
    "nTSecurityDescriptor",
];

/// An export of templates.
pub fn export_file(input: &[u8]) {
    for exported in export::read(input).iter().flatten() {
        drop(format!("{exported:?}"));
    }
}

/// A stream of LDAP messages from a server: what passes can be read by ldap3 without end or depth.
pub fn ldap(input: &[u8]) {
    let (passes, _) = examine(input);
    if !passes {
        return;
    }
    let mut rest = input;
    while !rest.is_empty() {
        match lber::Parser::new().parse(rest) {
            Ok((after, message)) => {
                drop(Entry::from_ldap(message));
                rest = after;
            }
            Err(error) => {
                assert!(error.is_incomplete(), "a message that passes is not read");
                let missing = missing(rest);
                assert!(missing > 0, "ldap3 waits for a message that is there");
                return;
            }
        }
    }
}

/// How many bytes the message at the start still lacks.
fn missing(bytes: &[u8]) -> usize {
    let length = match bytes {
        [_, length @ ..=0x7F, ..] => usize::from(*length) + 2,
        [_, count, digits @ ..] => {
            let count = usize::from(count & 0x7F);
            let Some(digits) = digits.get(..count) else { return 1 };
            digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit)) + 2 + count
        }
        _ => return 1,
    };
    length.saturating_sub(bytes.len())
}

/// One entry of a search result.
pub fn ldap_entry(input: &[u8]) {
    if !examine(input).0 {
        return;
    }
    let Ok((_, message)) = lber::Parser::new().parse(input) else { return };
    let Some(entry) = Entry::from_ldap(message) else { return };
    entry.texts("memberOf").for_each(drop);
    let _ = (entry.text("cn"), entry.number("userAccountControl"), entry.value("objectSid"));
    let _ = entry.attributes.to_template();
}

/// wcced.toml.
pub fn config(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    if let Ok(config) = Config::parse(&text, Path::new("/etc/wcce/wcced.toml")) {
        let _ = (config.limits.of_connections(), config.enrollment.limits());
        let _ = (config.has_idle_ntlm(), config.authentication.takes_raw_ntlm());
    }
}

/// directory.toml.
pub fn directory_toml(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let Ok(directory) = EmbeddedDirectory::parse(&text, Path::new("directory.toml")) else {
        return;
    };
    let user = directory.domain_sid().with_rid(1103);
    let _ = user.map(|user| directory.token(&user));
    drop(directory.table());
}

/// A domain controller's answer to a logon.
pub fn netlogon_answer(input: &[u8]) {
    let [encoding, stub @ ..] = input else { return };
    let encoding = stubs::ENCODINGS[usize::from(*encoding) % stubs::ENCODINGS.len()];
    let Ok(answer) = ndr::from_stub::<NetrLogonSamLogonExOut>(encoding, stub) else { return };
    let key = Zeroizing::new([5; 16]);
    if let Ok(logon) = validated(answer.validation_information, &key) {
        assert!(logon.caller.account.contains('\\'));
        assert_ne!(logon.caller.token.user().rid(), Some(501), "Guest");
        assert_ne!(*logon.session_base_key, [0; 16], "a null key");
    }
}

/// What winbindd's helpers say.
pub fn winbind_answer(input: &[u8]) {
    examine_winbind(&String::from_utf8_lossy(input));
}
