use super::*;

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
        .replace("keytab = \"wcced.keytab\"", "");
    assert_eq!(format!("{:?}", parse(&explicit).expect("valid")), as_written);
    let settings: toml::Table = uncommented(&text).parse().expect("valid");
    let count: usize = settings.values().map(|v| v.as_table().map_or(1, toml::Table::len)).sum();
    assert_eq!(count, 2 + 2 + 4 + 7 + 7 + 6 + 9 + 5 + 2 + 2, "a setting without explanation?");
}

#[test]
fn a_demo_stays_on_loopback_and_above_1024() {
    let new = NewConfig { demo: true, subject: Some("CN=Demo \"CA\"".to_owned()) };
    let config = parse(&new.text()).expect("valid");
    let ListenConfig { endpoint_mapper, enrollment, objects, .. } = config.listen;
    for address in endpoint_mapper.iter().chain(&enrollment).chain(&objects) {
        assert!(address.ip().is_loopback() && address.port() > 1024, "{address}");
    }
    assert_eq!(config.ca.subject, "CN=Demo \"CA\"");
}

#[test]
fn somebody_can_log_on() {
    let nobody = parse("authentication.ntlm = false").expect_err("no way in");
    assert!(nobody.to_string().contains("authentication.ntlm"), "{nobody}");
    let off = "authentication = { ntlm = false, keytab = 'k', kerberos = false }";
    assert!(parse(off).is_err());
    let kerberos = parse("authentication = { ntlm = false, keytab = 'k' }").expect("valid");
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
    assert_eq!(config.directory, Path::new("/srv/d.toml"));
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
    let policy = config.enrollment.policy(Duration::from_secs(1));
    assert_eq!(policy.supplied_names, Handling::Deny);
    assert_eq!(policy.max_validity, Duration::from_secs(90 * 86_400));
    assert_eq!(policy.clock_skew, Duration::from_secs(1));
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
        ("[log]\nformat = 'xml'", "line 2"),
    ] {
        let error = parse(text).expect_err(text).to_string();
        assert!(error.contains("/etc/wcce/wcced.toml") && error.contains(part), "{error}");
    }
    let missing = Config::load(Path::new("/nonexistent/wcced.toml")).expect_err("missing");
    assert!(missing.to_string().contains("wcced init"));
}
