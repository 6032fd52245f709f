//! What a domain controller says about a logon, and why there may be no verdict.

use crate::auth::AuthError;

/// Why the domain refuses a logon. Clients never learn which of these it was.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Denial {
    /// STATUS_WRONG_PASSWORD.
    #[error("wrong password")]
    WrongPassword,
    /// STATUS_LOGON_FAILURE: from a domain controller also where the names in the CHALLENGE are
    /// not those of the channel.
    #[error(
        "unknown user or wrong password (if it says so of everybody: host.dns_name, or the \
         domain's names, are not those of the machine account)"
    )]
    LogonFailure,
    /// STATUS_NO_SUCH_USER.
    #[error("the account does not exist")]
    NoSuchUser,
    /// STATUS_ACCOUNT_DISABLED.
    #[error("the account is disabled")]
    Disabled,
    /// STATUS_ACCOUNT_EXPIRED.
    #[error("the account has expired")]
    Expired,
    /// STATUS_ACCOUNT_LOCKED_OUT.
    #[error("the account is locked out")]
    LockedOut,
    /// STATUS_PASSWORD_EXPIRED.
    #[error("the password has expired")]
    PasswordExpired,
    /// STATUS_PASSWORD_MUST_CHANGE.
    #[error("the password must be changed first")]
    PasswordMustChange,
    /// STATUS_INVALID_LOGON_HOURS.
    #[error("not at this hour")]
    LogonHours,
    /// STATUS_INVALID_WORKSTATION.
    #[error("not from this workstation")]
    Workstation,
    /// STATUS_ACCOUNT_RESTRICTION: members of Protected Users have no NTLM.
    #[error("the account may not log on by NTLM")]
    Restriction,
    /// STATUS_SMARTCARD_LOGON_REQUIRED.
    #[error("the account may log on with a smart card alone")]
    SmartCardRequired,
    /// STATUS_AUTHENTICATION_FIREWALL_FAILED, STATUS_NTLM_BLOCKED.
    #[error("the domain forbids NTLM to this machine")]
    Forbidden,
    /// STATUS_NOLOGON_*_TRUST_ACCOUNT.
    #[error("a trust account")]
    TrustAccount,
    /// Any other status.
    #[error("NTSTATUS 0x{0:08x}")]
    Other(u32),
}

impl Denial {
    /// Whether it counts towards the account's lockout in the domain. What is not known to be
    /// harmless does.
    pub fn counts_towards_lockout(self) -> bool {
        matches!(self, Self::WrongPassword | Self::LogonFailure | Self::Other(_))
    }
}

/// Why a logon came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogonError {
    /// The domain's verdict.
    #[error("the domain refuses the logon: {0}")]
    Denied(Denial),
    /// There is no verdict.
    #[error("no verdict: {0}")]
    Unavailable(String),
    /// The logon is good, but not good enough: a guest, a null session key, no SID.
    #[error("refused: {0}")]
    Unusable(&'static str),
}

impl From<LogonError> for AuthError {
    fn from(error: LogonError) -> Self {
        match error {
            LogonError::Denied(denial) => Self::LogonDenied(denial.to_string()),
            LogonError::Unavailable(reason) => Self::Unavailable(reason),
            LogonError::Unusable(reason) => Self::Refused(reason),
        }
    }
}

/// What an NTSTATUS of NetrLogonSamLogonEx asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    /// The logon is good.
    Granted,
    /// The logon is refused, once and for all.
    Denied(Denial),
    /// The channel is not what the domain controller thinks it is: make another.
    ChannelLost,
    /// This domain controller cannot tell.
    Unknowing,
    /// The domain controller does not know this level of validation.
    UnknownLevel,
}

pub(super) fn verdict(status: u32) -> Verdict {
    Verdict::Denied(match status {
        0 => return Verdict::Granted,
        0xC000_0003 => return Verdict::UnknownLevel,
        // STATUS_ACCESS_DENIED, _NO_TRUST_LSA_SECRET, _NO_TRUST_SAM_ACCOUNT, _DOWNGRADE_DETECTED
        0xC000_0022 | 0xC000_018A | 0xC000_018B | 0xC000_0388 => return Verdict::ChannelLost,
        // STATUS_NO_LOGON_SERVERS, _INSUFFICIENT_RESOURCES, _DOMAIN_CONTROLLER_NOT_FOUND,
        // _NETLOGON_NOT_STARTED, _IO_TIMEOUT; _TRUSTED_DOMAIN_FAILURE and
        // _TRUSTED_RELATIONSHIP_FAILURE are about the trust with the user's domain.
        0xC000_005E | 0xC000_009A | 0xC000_0233 | 0xC000_0192 | 0xC000_00B5 | 0xC000_018C
        | 0xC000_018D => return Verdict::Unknowing,
        0xC000_006A => Denial::WrongPassword,
        0xC000_006D => Denial::LogonFailure,
        0xC000_0064 => Denial::NoSuchUser,
        0xC000_0072 => Denial::Disabled,
        0xC000_0193 => Denial::Expired,
        0xC000_0234 => Denial::LockedOut,
        0xC000_0071 => Denial::PasswordExpired,
        0xC000_0224 => Denial::PasswordMustChange,
        0xC000_006F => Denial::LogonHours,
        0xC000_0070 => Denial::Workstation,
        0xC000_006E => Denial::Restriction,
        0xC000_02FA => Denial::SmartCardRequired,
        0xC000_0413 | 0xC000_0418 => Denial::Forbidden,
        0xC000_0198..=0xC000_019A => Denial::TrustAccount,
        other => Denial::Other(other),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_to_be_harmless_counts_towards_the_lockout() {
        for (status, counts) in [
            (0xC000_006A, true),
            (0xC000_006D, true),
            (0xC000_0001, true),
            (0xC000_0064, false),
            (0xC000_0072, false),
            (0xC000_0234, false),
        ] {
            let Verdict::Denied(denial) = verdict(status) else { panic!("a denial") };
            assert_eq!(denial.counts_towards_lockout(), counts, "{denial}");
        }
    }

    #[test]
    fn only_zero_grants() {
        for status in (1..=0x1000).chain([0x4000_0000, 0x8000_0005, 0xFFFF_FFFF]) {
            assert_ne!(verdict(status), Verdict::Granted);
        }
        assert_eq!(verdict(0), Verdict::Granted);
    }
}
