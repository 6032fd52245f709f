use super::*;
#[cfg(feature = "active-directory")]
use crate::directory::config::Transport;
use crate::directory::embedded::EmbeddedDirectory;
use crate::model::Token;
use crate::policy::{self, Handling};

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(text, Path::new("/etc/wcce/wcced.toml"))
}

/// The text with every setting switched on that is commented out.
fn uncommented(text: &str) -> String {
    let line = |line: &str| match line.strip_prefix('#') {
        Some(setting) if setting.starts_with(|c: char| c.is_ascii_lowercase()) => {
            setting.to_owned()
        }
        _ => line.to_owned(),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_new_file_is_the_default_and_names_every_setting() {
    let text = NewConfig::default().text();
    let as_written = format!("{:?}", parse(&text).expect("valid"));
    assert_eq!(as_written, format!("{:?}", parse("").expect("empty")));
    let explicit = uncommented(&text)
        .replace("dns_name = \"ca.example.com\"", "")
        .replace("keytab = \"wcced.keytab\"", "")
        .replace("delta_overlap = \"12h\"", "")
        .replace("overlap = \"12h\"", "");
    assert_eq!(format!("{:?}", parse(&explicit).expect("valid")), as_written);
    let settings: toml::Table = uncommented(&text).parse().expect("valid");
    let count: usize = settings.values().map(|v| v.as_table().map_or(1, toml::Table::len)).sum();
    assert_eq!(
        count,
        2 + 2 + 4 + 8 + 6 + 8 + 8 + 6 + 16 + 9 + 5 + 3 + 2,
        "a setting without explanation?"
    );
}

#[test]
fn a_demo_stays_on_loopback_and_above_1024() {
    let new = NewConfig {
        demo: true,
        subject: Some("CN=Demo \"CA\"".to_owned()),
        ..NewConfig::default()
    };
    let config = parse(&new.text()).expect("valid");
    let ListenConfig { endpoint_mapper, enrollment, objects, .. } = config.listen;
    for address in endpoint_mapper.iter().chain(&enrollment).chain(&objects) {
        assert!(address.ip().is_loopback() && address.port() > 1024, "{address}");
    }
    assert_eq!(config.ca.subject, "CN=Demo \"CA\"");
    let new = NewConfig { state: Some("/var/lib/wcce".to_owned()), ..NewConfig::default() };
    assert_eq!(parse(&new.text()).expect("valid").state, Path::new("/var/lib/wcce"));
}

#[test]
fn somebody_can_log_on() {
    let nobody = parse("authentication.ntlm = 'refuse'").expect_err("no way in");
    assert!(nobody.to_string().contains("authentication.ntlm"), "{nobody}");
    let off = "authentication = { ntlm = 'refuse', keytab = 'k', kerberos = false }";
    assert!(parse(off).is_err());
    let kerberos = parse("authentication = { ntlm = 'refuse', keytab = 'k' }").expect("valid");
    let keytab = kerberos.authentication.kerberos_keytab();
    assert_eq!(keytab, Some(Path::new("/etc/wcce/k")));
}

#[test]
fn paths_are_relative_to_the_file() {
    let config = parse(
        "state = 'x'\ndirectory = '/srv/d.toml'\n\
         ca.existing = { form = 'pem', certificates = 'a.pem', key = '/k.pem' }\n\
         trust = { roots = ['r'], intermediates = ['i'], nt_auth = ['n'], crls = ['/c'] }",
    )
    .expect("valid");
    assert_eq!(config.state, Path::new("/etc/wcce/x"));
    assert_eq!(config.directory, DirectoryConfig::Embedded(PathBuf::from("/srv/d.toml")));
    let TrustConfig { roots, intermediates, nt_auth, crls, .. } = config.trust;
    let nt_auth = nt_auth.unwrap_or_default();
    let all = [roots, intermediates, nt_auth, crls].concat();
    let expected = ["/etc/wcce/r", "/etc/wcce/i", "/etc/wcce/n", "/c"];
    assert_eq!(all, expected.map(PathBuf::from));
    let (certificates, key) = (PathBuf::from("/etc/wcce/a.pem"), PathBuf::from("/k.pem"));
    assert_eq!(config.ca.existing, Some(ExistingCa::Pem { certificates, key }));
}

#[test]
fn settings_reach_their_rooms() {
    let config = parse(
        "[enrollment]\nmax_validity = '90d'\nsupplied_names = 'deny'\nmin_rsa_bits = 3072\n\
         max_rsa_bits = 4096\nmax_request_bytes = 5000\n\
         [limits]\nconnections = 5\ncall_bytes = 20000\nidle_time = '7s'",
    )
    .expect("valid");
    let limits = config.enrollment.limits();
    assert_eq!((limits.request_bytes, limits.rsa_bits), (5000, 3072..=4096));
    let connections = config.limits.of_connections();
    assert_eq!(connections.max_request, 20_000);
    assert_eq!(connections.idle_timeout, Duration::from_secs(7));
    let server = config.limits.of_server(Duration::from_secs(3));
    assert_eq!((server.max_connections, server.drain_timeout), (5, Duration::from_secs(3)));
}

#[test]
fn errors_name_file_and_setting() {
    for (text, part) in [
        ("stat = 'x'", "unknown field `stat`"),
        ("[listen]\nenrollment = []", "listen.enrollment"),
        ("[listen]\nenrollment = ['localhost']", "line 2"),
        ("[listen]\nobjects = ['127.0.0.1:1', '127.0.0.2:2']", "listen.objects"),
        ("[enrollment]\nmin_rsa_bits = 1024", "enrollment.min_rsa_bits"),
        ("[enrollment]\nmax_rsa_bits = 16384", "enrollment.max_rsa_bits"),
        ("[enrollment]\nmax_rsa_bits = 2048\nmin_rsa_bits = 4096", "enrollment.max_rsa_bits"),
        ("[enrollment]\nmax_request_bytes = 100000", "store.max_row_bytes"),
        ("[limits]\ncall_bytes = 4096", "limits.call_bytes"),
        ("[enrollment]\nmax_validity = 'long'", "no span of time"),
        ("[enrollment]\nserver_generation = 16", "enrollment.server_generation"),
        ("[hardening]\nacknowledged_policies = ['x']", "hardening.acknowledged_policies"),
        ("[[enrollment_agents]]\nagent = 'x'", "unknown field `agent`"),
        ("[log]\nformat = 'xml'", "line 2"),
    ] {
        let error = parse(text).expect_err(text).to_string();
        assert!(error.contains("/etc/wcce/wcced.toml") && error.contains(part), "{error}");
    }
    let missing = Config::load(Path::new("/nonexistent/wcced.toml")).expect_err("missing");
    assert!(missing.to_string().contains("wcced init"));
}

fn directory() -> EmbeddedDirectory {
    let text = "[domain]\nnetbios = 'LAB'\ndns = 'lab.test'\nsid = 'S-1-5-21-1-2-3'\n\
                [[groups]]\nname = 'Operators'\nrid = 1200\n\
                [[users]]\nname = 'alice'\nrid = 1103\nmember_of = ['Operators']\n\
                [[users]]\nname = 'bob'\nrid = 1104\n";
    EmbeddedDirectory::parse(text, Path::new("d.toml")).expect("valid")
}

async fn policy(text: &str) -> Result<policy::Settings, TrusteeError> {
    parse(text).expect(text).policy(&directory()).await
}

#[tokio::test]
async fn the_default_of_policy_is_that_of_the_file() {
    assert_eq!(policy("").await.expect("valid"), policy::Settings::default());
    assert_eq!(parse("").expect("valid").switched_off(), []);
}

#[tokio::test]
async fn settings_reach_policy() {
    let text = "
        [enrollment]
        max_validity = '90d'
        supplied_names = 'deny'
        server_generation = 5
        request_validity = true
        [ca]
        clock_skew = '1s'
        [hardening]
        ca_certificates = 'deny'
        allow_any_purpose = true
        approve_agents = false
        allow_excess_application_policies = true
        follow_no_security_extension = true
        allow_foreign_dns_names = true
        acknowledged_policies = ['1.2.3']
        allow_version_1_on_behalf = true
        allow_other_agents_certificates = true
        protected = ['bob', 'LAB\\Operators', 'S-1-5-21-9-9-9-1000']
        max_renewals = 3
        max_renewal_age = '1y'
        allow_key_based_renewal = true
        allow_renewal_on_behalf = true
    ";
    let settings = policy(text).await.expect("valid");
    let sid = |text: &str| -> crate::model::Sid { text.parse().expect("valid") };
    let expected = policy::Settings {
        max_validity: Duration::from_secs(90 * 86_400),
        clock_skew: Duration::from_secs(1),
        server_generation: 5,
        request_validity: true,
        supplied_names: Handling::Deny,
        ca_certificates: Handling::Deny,
        any_purpose: true,
        approve_agents: false,
        strip_application_policies: true,
        no_security_extension: true,
        foreign_dns_names: true,
        acknowledged_policies: vec!["1.2.3".parse().expect("valid")],
        sha1_signatures: false,
        manager_extensions: vec!["1.2.840.113549.1.9.15".parse().expect("valid")],
        on_behalf: policy::OnBehalfSettings {
            agents: policy::EnrollmentAgents::default(),
            version_1: true,
            others_certificates: true,
            privileged_targets: false,
            protected: vec![
                sid("S-1-5-21-1-2-3-1104"),
                sid("S-1-5-21-1-2-3-1200"),
                sid("S-1-5-21-9-9-9-1000"),
            ],
        },
        renewals: policy::RenewalSettings {
            max_renewals: 3,
            max_age: Duration::from_secs(365 * 86_400),
            key_based: true,
            on_behalf: true,
        },
    };
    assert_eq!(settings, expected);
    let sha1 = policy("[hardening]\nallow_sha1_signatures = true").await.expect("valid");
    assert!(sha1.sha1_signatures);
    let privileged = policy("[hardening]\nallow_privileged_targets = true").await.expect("valid");
    assert!(privileged.on_behalf.privileged_targets);
    let issue = "[hardening]\nca_certificates = 'issue'";
    assert_eq!(policy(issue).await.expect("valid").ca_certificates, Handling::Issue);
}

#[tokio::test]
async fn enrollment_agents_are_looked_up_in_the_directory() {
    let text = "
        [[enrollment_agents]]
        agents = ['Operators']
        templates = ['Smartcard']
        subjects = ['Domain Users']
        [[enrollment_agents]]
        agents = ['LAB\\alice']
        subjects = ['S-1-5-21-1-2-3-1105']
        deny = true
    ";
    let agents = policy(text).await.expect("valid").on_behalf.agents;
    let directory = directory();
    let token = |rid| -> Token {
        let sid = directory.domain_sid().with_rid(rid).expect("valid");
        directory.token(&sid).unwrap_or_else(|| Token::new(sid, []))
    };
    assert!(agents.allows(&token(1103), &["Smartcard"], &token(1104)));
    assert!(!agents.allows(&token(1103), &["User"], &token(1104)));
    assert!(!agents.allows(&token(1104), &["Smartcard"], &token(1104)));
    assert!(!agents.allows(&token(1103), &["Smartcard"], &token(1105)));
    for (text, part) in [
        ("[[enrollment_agents]]\nagents = ['nobody']", "nobody"),
        ("[[enrollment_agents]]\nagents = ['alice']\nsubjects = ['X\\bob']", "bob"),
        ("[[enrollment_agents]]\nagents = ['alice', 'Domain Users']", "about everybody"),
        ("[hardening]\nprotected = ['nobody']", "hardening.protected"),
    ] {
        let error = policy(text).await.expect_err(text).to_string();
        assert!(error.contains(part), "{error}");
    }
    let denied = "[[enrollment_agents]]\nagents = ['Domain Users']\ndeny = true";
    policy(denied).await.expect("nobody is denied too often");
}

#[test]
fn what_is_dangerous_together_is_refused() {
    for (pair, key) in [
        (
            "[enrollment]\nsupplied_names = 'issue'\n[hardening]\nallow_any_purpose = true",
            "any_purpose",
        ),
        (
            "[enrollment]\nsupplied_names = 'issue'\n[hardening]\nca_certificates = 'issue'",
            "ca_certificates",
        ),
        (
            "[hardening]\nallow_version_1_on_behalf = true\nallow_privileged_targets = true",
            "privileged_targets",
        ),
        (
            "[hardening]\nallow_other_agents_certificates = true\nallow_privileged_targets = true",
            "privileged_targets",
        ),
        (
            "[hardening]\nallow_sha1_signatures = true\nallow_key_based_renewal = true",
            "sha1_signatures",
        ),
        (
            "[hardening]\nallow_sha1_signatures = true\nallow_renewal_on_behalf = true",
            "sha1_signatures",
        ),
    ] {
        let error = parse(pair).expect_err(pair).to_string();
        assert!(error.contains(key), "{error}");
    }
}

#[test]
fn what_is_switched_off_is_said() {
    for (text, key) in [
        ("[enrollment]\nsupplied_names = 'issue'", "enrollment.supplied_names"),
        ("[hardening]\nca_certificates = 'issue'", "hardening.ca_certificates"),
        ("[hardening]\nallow_any_purpose = true", "hardening.allow_any_purpose"),
        ("[hardening]\napprove_agents = false", "hardening.approve_agents"),
        (
            "[hardening]\nallow_excess_application_policies = true",
            "hardening.allow_excess_application_policies",
        ),
        (
            "[hardening]\nfollow_no_security_extension = true",
            "hardening.follow_no_security_extension",
        ),
        ("[hardening]\nallow_foreign_dns_names = true", "hardening.allow_foreign_dns_names"),
        ("[hardening]\nacknowledged_policies = ['1.2.3']", "hardening.acknowledged_policies"),
        ("[hardening]\nallow_sha1_signatures = true", "hardening.allow_sha1_signatures"),
        ("[hardening]\nallow_version_1_on_behalf = true", "hardening.allow_version_1_on_behalf"),
        (
            "[hardening]\nallow_other_agents_certificates = true",
            "hardening.allow_other_agents_certificates",
        ),
        ("[hardening]\nallow_privileged_targets = true", "hardening.allow_privileged_targets"),
        ("[hardening]\nallow_key_based_renewal = true", "hardening.allow_key_based_renewal"),
        ("[hardening]\nallow_renewal_on_behalf = true", "hardening.allow_renewal_on_behalf"),
    ] {
        let off = parse(text).expect(text).switched_off();
        assert_eq!(off.iter().map(|(key, _)| *key).collect::<Vec<_>>(), [key]);
    }
}

#[test]
#[cfg(feature = "active-directory")]
fn active_directory_is_a_section() {
    let new = NewConfig { domain: Some("wcce.test".to_owned()), ..NewConfig::default() };
    let DirectoryConfig::ActiveDirectory(settings) = parse(&new.text()).expect("valid").directory
    else {
        panic!("a section is not a file");
    };
    assert_eq!((settings.domain.as_str(), settings.transport), ("wcce.test", Transport::Seal));
    assert_eq!(settings.keytab, Path::new("/etc/krb5.keytab"));
    assert_eq!(settings.naming_context(), "DC=wcce,DC=test");
}

#[test]
#[cfg(feature = "active-directory")]
fn a_new_member_of_a_domain_takes_its_accounts_by_kerberos_and_ntlm() {
    let new = NewConfig { domain: Some("wcce.test".to_owned()), ..NewConfig::default() };
    let config = parse(&new.text()).expect("valid");
    assert_eq!(
        config.authentication.kerberos_keytab(),
        Some(Path::new("/etc/krb5.keytab")),
        "as for the directory"
    );
    assert_eq!(config.authentication.ntlm, NtlmMode::Netlogon);
    assert!(!config.has_idle_ntlm());
}

#[test]
#[cfg(feature = "active-directory")]
fn logons_use_the_keytab_and_the_domain_controllers_of_the_directory() {
    let section = "[directory]\nkind = 'active-directory'\ndomain = 'wcce.test'\n";
    let of = |text: &str| parse(&format!("{section}{text}")).expect(text);
    let config = of("servers = ['dc1.wcce.test']\nkeytab = 'd.keytab'");
    assert_eq!(config.authentication.keytab, Some(PathBuf::from("/etc/wcce/d.keytab")));
    assert_eq!(config.authentication.domain.domain_controllers, ["dc1.wcce.test"]);
    assert!(config.has_idle_ntlm(), "the default, ntlm = local, is of no use there");
    let config = of("servers = ['dc1.wcce.test']\n[authentication]\nkeytab = 'a.keytab'\n\
                     [authentication.domain]\ndomain_controllers = ['dc2.wcce.test']");
    assert_eq!(config.authentication.keytab, Some(PathBuf::from("/etc/wcce/a.keytab")));
    assert_eq!(config.authentication.domain.domain_controllers, ["dc2.wcce.test"]);
    let config = of("transport = 'ldaps'\n\
                     simple_bind = { user = 'wcce@wcce.test', password_file = 'p' }");
    assert_eq!(config.authentication.keytab, None, "no machine account is needed there");
}

#[test]
fn the_directory_file_may_stand_in_a_section() {
    let file = parse("[directory]\nkind = 'embedded'\nfile = 'd.toml'").expect("valid");
    assert_eq!(file.directory, DirectoryConfig::Embedded(PathBuf::from("/etc/wcce/d.toml")));
}

#[test]
#[cfg(feature = "active-directory")]
fn errors_of_the_directory_name_the_setting() {
    let section = "[directory]\nkind = 'active-directory'\ndomain = 'wcce.test'\n";
    for (text, part) in [
        ("domain = ''", "duplicate key"),
        ("servers = ['dc1,evil']", "directory.servers"),
        ("site = 'a.b'", "directory.site"),
        ("max_age = '1m'", "directory.max_age"),
        ("account_age = '1h'", "directory.account_age"),
        ("poll = '0s'", "directory.poll"),
        ("simple_bind = { user = 'a', password_file = 'b' }", "directory.transport"),
        ("transport = 'plain'", "plain"),
        ("colour = 'red'", "colour"),
    ] {
        let error = parse(&format!("{section}{text}")).expect_err(text).to_string();
        assert!(error.contains("/etc/wcce/wcced.toml") && error.contains(part), "{error}");
    }
    let error = parse("[directory]\nkind = 'novell'").expect_err("unknown").to_string();
    assert!(error.contains("novell"), "{error}");
}
