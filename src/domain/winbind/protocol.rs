//! The lines that `ntlm_auth` and `wbinfo` speak.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::auth::NtlmResponse;
use crate::auth::ntlm::Key;
use crate::domain::status::{Denial, LogonError};
use crate::model::Sid;

/// The question about a logon. Names go in base64, so that nothing in them is taken for a line.
pub(super) fn question(response: &NtlmResponse<'_>) -> Vec<u8> {
    let (user, domain) = (STANDARD.encode(response.user), STANDARD.encode(response.domain));
    let challenge = hex::encode(response.server_challenge);
    let nt_response = hex::encode(response.nt_response);
    format!(
        "Username:: {user}\nNT-Domain:: {domain}\nLANMAN-Challenge: {challenge}\n\
         NT-Response: {nt_response}\nRequest-User-Session-Key: Yes\n.\n"
    )
    .into_bytes()
}

/// An answer to one question.
#[derive(Default)]
pub(super) struct Reply {
    authenticated: Option<bool>,
    session_key: Option<Key>,
    error: Option<String>,
}

impl Reply {
    /// Reads an answer, up to the line that ends it. (After some refusals ntlm_auth sends that line
    /// twice.)
    pub(super) fn parse(answer: &str) -> Result<Self, LogonError> {
        let mut reply = Self::default();
        for line in answer.lines() {
            match line {
                "." => return Ok(reply),
                line => reply.add(line)?,
            }
        }
        Err(LogonError::Unavailable("ntlm_auth's answer has no end".to_owned()))
    }

    /// Takes a line of the answer; lines that are not known mean nothing.
    fn add(&mut self, line: &str) -> Result<(), LogonError> {
        const MALFORMED: &str = "ntlm_auth's answer cannot be understood";
        let malformed = || LogonError::Unavailable(MALFORMED.to_owned());
        let Some((name, value)) = line.split_once(':') else {
            return Ok(());
        };
        // A second colon: the value is in base64.
        let value = match value.strip_prefix(':') {
            None => value.trim().to_owned(),
            Some(encoded) => {
                let bytes = STANDARD.decode(encoded.trim()).map_err(|_| malformed())?;
                String::from_utf8_lossy(&bytes).into_owned()
            }
        };
        match name {
            "Authenticated" if self.authenticated.is_none() => {
                self.authenticated = Some(match value.as_str() {
                    "Yes" => true,
                    "No" => false,
                    _ => return Err(malformed()),
                });
            }
            "Authenticated" => return Err(malformed()),
            "User-Session-Key" => {
                let mut key = Zeroizing::new([0; 16]);
                hex::decode_to_slice(&value, &mut *key).map_err(|_| malformed())?;
                self.session_key = Some(key);
            }
            "Authentication-Error" | "Error" => self.error = Some(value),
            _ => {}
        }
        Ok(())
    }

    /// The session key, where the answer says Yes and nothing against it.
    pub(super) fn verdict(self) -> Result<Key, LogonError> {
        match (self.authenticated, self.error) {
            (Some(true), None) => {
                let key = self.session_key.ok_or_else(|| {
                    LogonError::Unavailable(
                        "ntlm_auth tells no session key: this account must be in the group of \
                         winbindd_privileged"
                            .to_owned(),
                    )
                })?;
                match key.iter().all(|byte| *byte == 0) {
                    true => Err(LogonError::Unusable("a null session key")),
                    false => Ok(key),
                }
            }
            (Some(false), Some(error)) => Err(refusal(&error)),
            (Some(false), None) => Err(LogonError::Denied(Denial::LogonFailure)),
            (Some(true) | None, Some(error)) => Err(LogonError::Unavailable(error)),
            (None, None) => Err(LogonError::Unavailable("ntlm_auth says nothing".to_owned())),
        }
    }
}

/// Samba's words for an NTSTATUS. What isn't known counts as a wrong password.
fn refusal(error: &str) -> LogonError {
    let error = error.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| error.contains(word));
    if says(&["no logon servers", "no_logon_servers", "pipe", "winbind", "access denied"]) {
        return LogonError::Unavailable(error);
    }
    LogonError::Denied(match () {
        () if says(&["disabled"]) => Denial::Disabled,
        () if says(&["locked"]) => Denial::LockedOut,
        () if says(&["account expired", "account_expired"]) => Denial::Expired,
        () if says(&["password expired", "password_expired"]) => Denial::PasswordExpired,
        () if says(&["must change", "must_change"]) => Denial::PasswordMustChange,
        () if says(&["no such user", "no_such_user"]) => Denial::NoSuchUser,
        () if says(&["wrong password", "wrong_password"]) => Denial::WrongPassword,
        () => Denial::LogonFailure,
    })
}

fn not_understood(what: &str) -> LogonError {
    LogonError::Unavailable(format!("wbinfo's answer cannot be understood: {what}"))
}

/// `S-1-5-21-… SID_USER (1)`: the SID of a user, and of nothing else.
pub(super) fn parse_sid(output: &str) -> Result<Sid, LogonError> {
    let mut words = output.split_whitespace();
    let sid = words.next().and_then(|sid| sid.parse().ok()).ok_or_else(|| not_understood("SID"))?;
    match words.next() {
        Some("SID_USER") => Ok(sid),
        _ => Err(LogonError::Unusable("not the name of a user")),
    }
}

/// `DOMAIN\account 1`.
pub(super) fn parse_name(output: &str) -> Result<String, LogonError> {
    let line = output.strip_suffix('\n').unwrap_or(output);
    let name = line.strip_suffix(" 1").ok_or_else(|| not_understood("name of a user"))?;
    let sound = name.split_once('\\').is_some_and(|(domain, account)| {
        !domain.is_empty() && !account.is_empty() && !account.contains('\\')
    });
    match sound && !name.chars().any(char::is_control) {
        true => Ok(name.to_owned()),
        false => Err(not_understood("name of a user")),
    }
}

/// One SID a line.
pub(super) fn parse_sids(output: &str) -> Result<Vec<Sid>, LogonError> {
    output.lines().map(|line| line.trim().parse().map_err(|_| not_understood("SIDs"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Peer;

    fn reply(lines: &[&str]) -> Result<Key, LogonError> {
        Reply::parse(&format!("{}\n.\n", lines.join("\n")))?.verdict()
    }

    const KEY: &str = "User-Session-Key: 000102030405060708090A0B0C0D0E0F";

    #[test]
    fn names_cannot_smuggle_lines() {
        let address = [127, 0, 0, 1].into();
        let asked = question(&NtlmResponse {
            server_challenge: [1; 8],
            domain: "WCCE",
            user: "alice\nPassword: x\n.",
            workstation: "",
            nt_response: &[0xAB; 3],
            peer: Peer { remote: address, local: address },
        });
        let text = String::from_utf8(asked).expect("text");
        assert_eq!(
            text.lines().collect::<Vec<_>>(),
            [
                "Username:: YWxpY2UKUGFzc3dvcmQ6IHgKLg==",
                "NT-Domain:: V0NDRQ==",
                "LANMAN-Challenge: 0101010101010101",
                "NT-Response: ababab",
                "Request-User-Session-Key: Yes",
                "."
            ]
        );
    }

    #[test]
    fn yes_with_a_session_key_and_nothing_else_is_a_logon() {
        let key = reply(&["Authenticated: Yes", KEY]).expect("a logon");
        assert_eq!(hex::encode(*key), "000102030405060708090a0b0c0d0e0f");
        for lines in [
            &[][..],
            &[KEY],
            &["Authenticated: Yes"],
            &["Authenticated: No", KEY],
            &["Authenticated: Yes", KEY, "Error: broken"],
            &["Authenticated: Yes", "User-Session-Key: 00000000000000000000000000000000"],
            &["Authenticated: Yes", "User-Session-Key: 0001"],
            &["Authenticated: yes", KEY],
            &["Authenticated: No", "Authenticated: Yes", KEY],
            &["Authenticated:: !", KEY],
            &["authenticated", KEY],
        ] {
            assert!(reply(lines).is_err(), "{lines:?}");
        }
    }

    #[test]
    fn an_answer_ends_with_its_first_dot() {
        let no = "Authenticated: No\nAuthentication-Error: Wrong Password\n.\n.\n";
        let yes = format!("Authenticated: Yes\n{KEY}\n.\n");
        let refused = Reply::parse(&format!("{no}{yes}")).and_then(Reply::verdict);
        assert_eq!(refused, Err(LogonError::Denied(Denial::WrongPassword)));
        assert!(Reply::parse("Authenticated: Yes\n").is_err(), "cut");
        assert!(Reply::parse(".\n").expect("ends").verdict().is_err(), "empty");
    }

    #[test]
    fn refusals_are_typed() {
        for (error, expected) in [
            ("Authentication-Error: Wrong Password", Denial::WrongPassword),
            ("Authentication-Error:: V3JvbmcgUGFzc3dvcmQ=", Denial::WrongPassword),
            ("Authentication-Error: Account disabled", Denial::Disabled),
            ("Authentication-Error: Account locked out", Denial::LockedOut),
            ("Authentication-Error: NT_STATUS_NO_SUCH_USER", Denial::NoSuchUser),
            ("Authentication-Error: something new", Denial::LogonFailure),
        ] {
            let refused = reply(&["Authenticated: No", error]);
            assert_eq!(refused, Err(LogonError::Denied(expected)), "{error}");
        }
        let away = reply(&["Authenticated: No", "Authentication-Error: No logon servers"]);
        assert!(matches!(away, Err(LogonError::Unavailable(_))));
    }

    #[test]
    fn answers_of_wbinfo() {
        let sid = "S-1-5-21-1-2-3-1103";
        assert_eq!(parse_sid(&format!("{sid} SID_USER (1)\n")), Ok(sid.parse().expect("a SID")));
        for wrong in [format!("{sid} SID_DOM_GROUP (2)"), sid.into(), String::new(), "x y".into()] {
            assert!(parse_sid(&wrong).is_err(), "{wrong}");
        }
        assert_eq!(parse_name("WCCE\\alice 1\n"), Ok(r"WCCE\alice".into()));
        for wrong in
            ["WCCE\\group 2\n", "alice 1", r"\alice 1", r"WCCE\ 1", "WCCE\\a\\b 1", "W\\a\nb 1"]
        {
            assert!(parse_name(wrong).is_err(), "{wrong}");
        }
        let sids = parse_sids(&format!("{sid}\nS-1-5-32-545\n")).expect("SIDs");
        assert_eq!(sids.len(), 2);
        assert!(parse_sids("S-1-5-21-1\nno SID\n").is_err());
    }
}
