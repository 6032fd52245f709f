//! The variables in the settings' addresses: Windows' own, by number or by name.
//!
//! | number | name | value |
//! |---|---|---|
//! | `%1` | `<ServerDNSName>` | DNS name of the CA's machine |
//! | `%2` | `<ServerShortName>` | NetBIOS name of the CA's machine |
//! | `%3` | `<CaName>` | the CA's common name |
//! | `%4` | `<CertificateName>` | number of the CA's certificate; empty for the first |
//! | `%5` | `<DomainName>` | distinguished name of the domain |
//! | `%6` | `<ConfigurationContainer>` | distinguished name of the forest's configuration |
//! | `%7` | `<CATruncatedName>` | the CA's sanitized name, shortened |
//! | `%8` | `<CRLNameSuffix>` | number of the CA's key; empty for the first |
//! | `%9` | `<DeltaCRLAllowed>` | `+` in addresses of delta CRLs |
//! | `%10` | `<CDPObjectClass>` | what an LDAP address of a CRL ends with |
//! | `%11` | `<CAObjectClass>` | what an LDAP address of a CA certificate ends with |
//! | `%12` | `<CRLPartitionIndex>` | number of the CRL's partition: empty, as there is one |
//!
//! `%` with two hex digits that are none of `%10` to `%12` is a byte that is escaped already.

use super::config::{Generation, UrlConfig};
use super::error::CaError;
use super::names::CaNames;

/// The machine and the domain that a CA works in, for its addresses.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UrlHost {
    /// DNS name of the machine.
    pub dns_name: String,
    /// NetBIOS name of the machine.
    pub netbios_name: String,
    /// DNS name of the domain, which is its forest's root.
    pub dns_domain: String,
}

const CRL_OBJECT: &str = "?certificateRevocationList?base?objectClass=cRLDistributionPoint";
const CA_OBJECT: &str = "?cACertificate?base?objectClass=certificationAuthority";

/// Names of the variables, by number from 1 on.
const NAMES: [&str; 12] = [
    "ServerDNSName",
    "ServerShortName",
    "CaName",
    "CertificateName",
    "DomainName",
    "ConfigurationContainer",
    "CATruncatedName",
    "CRLNameSuffix",
    "DeltaCRLAllowed",
    "CDPObjectClass",
    "CAObjectClass",
    "CRLPartitionIndex",
];

/// The settings with a value in place of each variable, escaped as addresses are.
///
/// # Errors
/// Names the address with a variable that there is not.
pub fn expand(
    urls: &UrlConfig,
    host: &UrlHost,
    names: &CaNames,
    generation: Generation,
) -> Result<UrlConfig, CaError> {
    let of_base = values(host, names, generation, "");
    let of_delta = values(host, names, generation, "+");
    let all = |list: &[String], values: &[String; 12]| {
        list.iter().map(|url| expand_one(url, values)).collect::<Result<Vec<_>, _>>()
    };
    Ok(UrlConfig {
        crl: all(&urls.crl, &of_base)?,
        delta_crl: all(&urls.delta_crl, &of_delta)?,
        ca_certificate: all(&urls.ca_certificate, &of_base)?,
        ocsp: all(&urls.ocsp, &of_base)?,
    })
}

fn values(host: &UrlHost, names: &CaNames, generation: Generation, delta: &str) -> [String; 12] {
    let components: Vec<_> = host.dns_domain.split('.').map(|part| format!("DC={part}")).collect();
    let domain = components.join(",");
    let configuration = format!("CN=Configuration,{domain}");
    let (certificate, key) = (generation.certificate_suffix(), generation.key_suffix());
    [
        &host.dns_name,
        &host.netbios_name,
        &names.common_name,
        &certificate,
        &domain,
        &configuration,
        &names.sanitized_short,
        &key,
        delta,
        CRL_OBJECT,
        CA_OBJECT,
        "",
    ]
    .map(str::to_owned)
}

fn expand_one(url: &str, values: &[String; 12]) -> Result<String, CaError> {
    let unknown = || CaError::Url(url.to_owned());
    let mut out = String::new();
    let mut rest = url;
    while let Some(next) = rest.chars().next() {
        let (value, after) = match next {
            '%' => match escaped(rest) {
                Some(after) => {
                    out.push_str(rest.strip_suffix(after).unwrap_or_default());
                    rest = after;
                    continue;
                }
                None => numbered(rest, values).ok_or_else(unknown)?,
            },
            '<' => named(rest, values).ok_or_else(unknown)?,
            plain => {
                let after = rest.strip_prefix(plain).unwrap_or_default();
                (rest.strip_suffix(after).unwrap_or_default(), after)
            }
        };
        escape_into(&mut out, value);
        rest = after;
    }
    Ok(out)
}

/// What follows an escaped byte at the beginning of `text`.
fn escaped(text: &str) -> Option<&str> {
    let (head, after) = text.split_at_checked(3)?;
    let digits = head.strip_prefix('%')?;
    let is_byte = digits.chars().all(|digit| digit.is_ascii_hexdigit());
    (is_byte && !["10", "11", "12"].contains(&digits)).then_some(after)
}

/// The value of the numbered variable at the beginning of `text`, and what follows it.
fn numbered<'t>(text: &'t str, values: &'t [String; 12]) -> Option<(&'t str, &'t str)> {
    let digits = text.strip_prefix('%')?;
    [2, 1].into_iter().find_map(|length| {
        let (number, after) = digits.split_at_checked(length)?;
        let index = number.parse::<usize>().ok()?.checked_sub(1)?;
        values.get(index).map(|value| (value.as_str(), after))
    })
}

/// The value of the named variable at the beginning of `text`, and what follows it.
fn named<'t>(text: &'t str, values: &'t [String; 12]) -> Option<(&'t str, &'t str)> {
    let (name, after) = text.strip_prefix('<')?.split_once('>')?;
    let index = NAMES.iter().position(|known| known.eq_ignore_ascii_case(name))?;
    values.get(index).map(|value| (value.as_str(), after))
}

/// Appends text, with what no address may hold (RFC 3986 2) escaped as bytes of UTF-8.
fn escape_into(out: &mut String, text: &str) {
    for byte in text.bytes() {
        let plain = char::from(byte);
        if plain.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=".contains(plain) {
            out.push(plain);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host() -> UrlHost {
        UrlHost {
            dns_name: "ca1.lab.test".to_owned(),
            netbios_name: "CA1".to_owned(),
            dns_domain: "lab.test".to_owned(),
        }
    }

    fn expanded(url: &str) -> Result<String, CaError> {
        let urls = UrlConfig { crl: vec![url.to_owned()], ..UrlConfig::default() };
        let names = CaNames::new("Lab CA/1");
        Ok(expand(&urls, &host(), &names, Generation::default())?.crl.concat())
    }

    #[test]
    fn windows_default_addresses_become_its_own() {
        for (url, expected) in [
            (
                "ldap:///CN=%7%8,CN=%2,CN=CDP,CN=Public Key Services,CN=Services,%6%10",
                "ldap:///CN=Lab%20CA!002f1,CN=CA1,CN=CDP,CN=Public%20Key%20Services,CN=Services,\
                 CN=Configuration,DC=lab,DC=test\
                 ?certificateRevocationList?base?objectClass=cRLDistributionPoint",
            ),
            (
                "ldap:///CN=%7,CN=AIA,CN=Public Key Services,CN=Services,%6%11",
                "ldap:///CN=Lab%20CA!002f1,CN=AIA,CN=Public%20Key%20Services,CN=Services,\
                 CN=Configuration,DC=lab,DC=test\
                 ?cACertificate?base?objectClass=certificationAuthority",
            ),
            ("http://%1/CertEnroll/%3%8%9.crl", "http://ca1.lab.test/CertEnroll/Lab%20CA/1.crl"),
            (
                "http://<serverDNSName>/<CaName><CRLNameSuffix><DeltaCRLAllowed>.crl",
                "http://ca1.lab.test/Lab%20CA/1.crl",
            ),
            (
                "http://%1/%1_%3%4.crt?%5",
                "http://ca1.lab.test/ca1.lab.test_Lab%20CA/1.crt?DC=lab,DC=test",
            ),
            ("http://x/a%20b%C3%A4.crl%12", "http://x/a%20b%C3%A4.crl"),
            ("http://x/ä", "http://x/%C3%A4"),
        ] {
            assert_eq!(expanded(url).expect(url), expected);
        }
    }

    #[test]
    fn unknown_variables_are_refused() {
        for url in ["http://%0/", "http://x/%", "http://x/%x", "http://<Host>/", "http://x/<CaName"]
        {
            assert!(matches!(expanded(url), Err(CaError::Url(named)) if named == url), "{url}");
        }
    }

    #[test]
    fn addresses_of_delta_crls_have_the_sign_of_theirs() {
        let url = || vec!["http://%1/%3%8%9.crl".to_owned()];
        let urls = UrlConfig { crl: url(), delta_crl: url(), ..UrlConfig::default() };
        let urls = expand(&urls, &host(), &CaNames::new("CA"), Generation::default())
            .expect("known variables");
        assert_eq!(urls.crl, ["http://ca1.lab.test/CA.crl"]);
        assert_eq!(urls.delta_crl, ["http://ca1.lab.test/CA+.crl"]);
    }

    #[test]
    fn renewals_have_their_numbers_in_their_addresses() {
        let url = |text: &str| vec![text.to_owned()];
        let urls = UrlConfig {
            crl: url("http://%1/%3%8%9.crl"),
            ca_certificate: url("http://%1/%3%4.crt"),
            ..UrlConfig::default()
        };
        let generation = Generation { certificate: 3, key: 2 };
        let urls =
            expand(&urls, &host(), &CaNames::new("CA"), generation).expect("known variables");
        assert_eq!(urls.crl, ["http://ca1.lab.test/CA(2).crl"]);
        assert_eq!(urls.ca_certificate, ["http://ca1.lab.test/CA(3).crt"]);
    }
}
