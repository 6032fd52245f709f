//! Who verifies the clients' logons, by the configuration.

use std::path::Path;
use std::sync::Arc;

use tracing::info;

use super::ServerError;
use crate::auth::kerberos::{KerberosServer, KerberosSettings};
use crate::auth::ntlm::{MicPolicy, NtlmPolicy, NtlmServer, TargetNamePolicy};
use crate::auth::{
    Environment, LocalVerifier, Names, SecurityProviders, SystemEnvironment, Verifier,
};
use crate::config::{AuthenticationConfig, NtlmMode};
use crate::domain::netlogon::ChannelPool;
use crate::domain::{DomainVerifier, Judge};
use crate::model::LocalAccounts;

/// The security providers, as the configuration says. Opening the keytab and the replay cache
/// reads files, once, before anything is served.
pub(super) fn providers(
    config: &AuthenticationConfig,
    names: Names,
    accounts: Arc<dyn LocalAccounts>,
    replay_cache: &Path,
) -> Result<SecurityProviders, ServerError> {
    let environment: Arc<dyn Environment> = Arc::new(SystemEnvironment);
    let kerberos = config.kerberos_keytab().map(|keytab| {
        let settings = KerberosSettings { rc4: config.kerberos_rc4 };
        let (names, environment) = (names.clone(), Arc::clone(&environment));
        KerberosServer::open(keytab, replay_cache, names, settings, environment)
    });
    let kerberos = kerberos.transpose()?.map(Arc::new);
    let policy = NtlmPolicy {
        mic: if config.require_mic { MicPolicy::Always } else { MicPolicy::Announced },
        target_name: match config.require_target_name {
            true => TargetNamePolicy::Required,
            false => TargetNamePolicy::IfPresent,
        },
    };
    let verifier = verifier(config, &names, accounts, &environment)?;
    let ntlm = verifier.map(|verifier| NtlmServer { names, policy, verifier, environment });
    let (ntlm, raw_ntlm) = (ntlm.map(Arc::new), config.raw_ntlm);
    Ok(SecurityProviders { ntlm, raw_ntlm, kerberos })
}

/// `None` where NTLM is refused.
fn verifier(
    config: &AuthenticationConfig,
    names: &Names,
    accounts: Arc<dyn LocalAccounts>,
    environment: &Arc<dyn Environment>,
) -> Result<Option<Arc<dyn Verifier>>, ServerError> {
    let domain = &config.domain;
    let judge: Arc<dyn Judge> = match config.ntlm {
        NtlmMode::Refuse => {
            info!("NTLM is refused");
            return Ok(None);
        }
        NtlmMode::Local => {
            return Ok(Some(Arc::new(LocalVerifier::new(accounts, Arc::clone(environment))?)));
        }
        NtlmMode::Netlogon => {
            let channel = channel(config, names, Arc::clone(environment))?;
            Arc::new(channel.ok_or(ServerError::NoMachineSecret)?)
        }
        NtlmMode::Winbind => Arc::new(domain.winbind(&names.netbios_domain)),
    };
    Ok(Some(Arc::new(DomainVerifier::new(
        judge,
        domain.wrong_passwords,
        domain.wrong_password_window,
        Arc::clone(environment),
    ))))
}

/// The secure channel of this machine, where its secret is set.
pub(super) fn channel(
    config: &AuthenticationConfig,
    names: &Names,
    environment: Arc<dyn Environment>,
) -> Result<Option<ChannelPool>, ServerError> {
    let locator = config.domain.locator(&names.dns_domain).map_err(ServerError::Locate)?;
    let (domain, computer) = (&names.netbios_domain, &names.netbios_computer);
    let secret = config.secret(computer);
    Ok(secret.map(|secret| config.domain.channel(domain, computer, secret, locator, environment)))
}

/// The names of a member of the domain: the computer is called as its account.
pub(super) fn member_names(config: &AuthenticationConfig, names: Names) -> Names {
    match config.ntlm {
        NtlmMode::Netlogon | NtlmMode::Winbind => {
            let account = config.domain.account(&names.netbios_computer);
            let forest = config.domain.forest.clone();
            Names {
                netbios_computer: account.trim_end_matches('$').to_owned(),
                dns_forest: Some(forest.unwrap_or_else(|| names.dns_domain.clone())),
                ..names
            }
        }
        NtlmMode::Local | NtlmMode::Refuse => names,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{AcceptorFactory, AuthLevel, AuthType, Peer};
    use crate::domain::DomainConfig;
    use crate::model::LocalAccount;

    struct Nobody;

    impl LocalAccounts for Nobody {
        fn local_account(&self, _: &str, _: &str) -> Option<LocalAccount> {
            None
        }
    }

    fn names() -> Names {
        Names {
            netbios_domain: "WCCE".into(),
            dns_domain: "wcce.test".into(),
            ..Names::stand_alone("ca1.wcce.test", Vec::new())
        }
    }

    #[test]
    fn ntlm_that_is_refused_is_not_offered() {
        for (ntlm, offered) in [(NtlmMode::Refuse, false), (NtlmMode::Local, true)] {
            let config = AuthenticationConfig { ntlm, ..AuthenticationConfig::default() };
            let providers =
                providers(&config, names(), Arc::new(Nobody), Path::new("")).expect("starts");
            assert_eq!(providers.ntlm.is_some(), offered, "{ntlm:?}");
            let address = [127, 0, 0, 1].into();
            let peer = Peer { remote: address, local: address };
            let acceptor = providers.acceptor(AuthType::Ntlm, AuthLevel::Privacy, peer);
            assert_eq!(acceptor.is_some(), offered, "{ntlm:?}");
        }
    }

    #[test]
    fn a_member_without_a_secret_does_not_start() {
        let config =
            AuthenticationConfig { ntlm: NtlmMode::Netlogon, ..AuthenticationConfig::default() };
        let started = providers(&config, names(), Arc::new(Nobody), Path::new(""));
        assert!(matches!(started, Err(ServerError::NoMachineSecret)));
    }

    #[test]
    fn a_member_is_called_as_its_account_and_tells_its_forest() {
        let config = |ntlm, account: Option<&str>, forest: Option<&str>| AuthenticationConfig {
            ntlm,
            domain: DomainConfig {
                account: account.map(str::to_owned),
                forest: forest.map(str::to_owned),
                ..DomainConfig::default()
            },
            ..AuthenticationConfig::default()
        };
        let called = |config| {
            let names = member_names(&config, names());
            (names.netbios_computer, names.dns_forest)
        };
        assert_eq!(called(config(NtlmMode::Local, None, None)), ("CA1".into(), None));
        let forest = Some("wcce.test".to_owned());
        assert_eq!(called(config(NtlmMode::Netlogon, None, None)), ("CA1".into(), forest));
        let forest = Some("root.test".to_owned());
        let other = config(NtlmMode::Winbind, Some("CA1NTLM$"), Some("root.test"));
        assert_eq!(called(other), ("CA1NTLM".into(), forest));
    }
}
