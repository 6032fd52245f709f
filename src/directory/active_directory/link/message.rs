//! The few LDAP messages that are exchanged before ldap3 takes over (RFC 4511), and the bounds
//! that all messages are held to.

use crate::asn1::{Tag, Writer};

/// The largest message that a server may send, in bytes. A table of templates arrives in pages
/// far below it.
pub(super) const MAX_MESSAGE: usize = 8 * 1024 * 1024;
/// The largest answer to a bind.
const MAX_BIND_ANSWER: usize = 128 * 1024;

const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";

/// Bytes that are no LDAP message, or a message that is too large.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct MessageError(pub(super) &'static str);

const MALFORMED: MessageError = MessageError("the server's answer is no LDAP message");

/// Elements inside each other. A search result has six, the deepest filter that is sent some ten.
const MAX_DEPTH: usize = 32;

/// Follows the elements of a stream of messages, so that none grows beyond [`MAX_MESSAGE`] or lies
/// deeper than [`MAX_DEPTH`], and each fits into the one around it. ldap3 reads elements inside each
/// other by recursion, until its stack is used up, and takes one that is longer than what is around
/// it for a message that is not there yet: it would wait, and keep what comes, without end.
#[derive(Default)]
pub(super) struct Framing {
    header: Vec<u8>,
    /// What is to come of elements with elements in them, the outermost first.
    open: Vec<usize>,
    /// What is to come of an element without.
    body: usize,
}

impl Framing {
    /// Takes the next bytes of the stream.
    pub(super) fn push(&mut self, mut bytes: &[u8]) -> Result<(), MessageError> {
        while let Some((first, rest)) = bytes.split_first() {
            if self.body > 0 {
                let skipped = self.body.min(bytes.len());
                self.body = self.body.saturating_sub(skipped);
                bytes = bytes.get(skipped..).unwrap_or_default();
                continue;
            }
            if self.header.is_empty() {
                self.end();
            }
            self.header.push(*first);
            bytes = rest;
            match header(&self.header)? {
                Some((start, length)) => {
                    self.begin(start, length)?;
                    self.header.clear();
                }
                // The rest of the header would lie behind the element around it.
                None if self.open.last().is_some_and(|left| *left <= self.header.len()) => {
                    return Err(MALFORMED);
                }
                None => {}
            }
        }
        Ok(())
    }

    /// Leaves the elements that are whole.
    fn end(&mut self) {
        while self.open.last() == Some(&0) {
            self.open.pop();
        }
    }

    /// An element begins, with a header and a content of these lengths.
    fn begin(&mut self, start: usize, length: usize) -> Result<(), MessageError> {
        const CONSTRUCTED: u8 = 0x20;
        match self.open.last_mut() {
            None if length > MAX_MESSAGE => {
                return Err(MessageError("the server's answer is too large"));
            }
            None => {}
            Some(left) => {
                *left = left.checked_sub(start.saturating_add(length)).ok_or(MALFORMED)?;
            }
        }
        if self.header.first().is_some_and(|tag| tag & CONSTRUCTED == 0) {
            self.body = length;
            return Ok(());
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(MALFORMED);
        }
        self.open.push(length);
        Ok(())
    }
}

/// The length of the header and that of the content, once the whole header is there. BER: lengths
/// may have leading zeros, as Samba and Windows send them, but must be definite.
fn header(bytes: &[u8]) -> Result<Option<(usize, usize)>, MessageError> {
    let [tag, rest @ ..] = bytes else { return Ok(None) };
    if tag & 0x1F == 0x1F {
        return Err(MALFORMED);
    }
    match rest {
        [] => Ok(None),
        [length @ ..=0x7F, ..] => Ok(Some((2, usize::from(*length)))),
        [count @ 0x81..=0x84, digits @ ..] => {
            let count = usize::from(count & 0x7F);
            let Some(digits) = digits.get(..count) else { return Ok(None) };
            let length = digits.iter().fold(0_u32, |sum, digit| sum << 8 | u32::from(*digit));
            let length = usize::try_from(length).map_err(|_| MALFORMED)?;
            Ok(Some((count.saturating_add(2), length)))
        }
        _ => Err(MALFORMED),
    }
}

/// One element off the front: its tag byte, its content, and what follows.
fn element(bytes: &[u8]) -> Result<(u8, &[u8], &[u8]), MessageError> {
    let (start, length) = header(bytes)?.ok_or(MALFORMED)?;
    let tag = bytes.first().ok_or(MALFORMED)?;
    let (content, rest) =
        bytes.get(start..).and_then(|rest| rest.split_at_checked(length)).ok_or(MALFORMED)?;
    Ok((*tag, content, rest))
}

/// How long the message at the start of `bytes` is, once that can be told.
pub(super) fn answer_length(bytes: &[u8]) -> Result<Option<usize>, MessageError> {
    let Some((start, length)) = header(bytes)? else { return Ok(None) };
    let length = start.saturating_add(length);
    if length > MAX_BIND_ANSWER {
        return Err(MessageError("the server's answer to a logon is too large"));
    }
    Ok(Some(length))
}

/// The result of an operation, as far as a logon needs it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Answer {
    pub(super) code: u32,
    pub(super) text: String,
    /// serverSaslCreds.
    pub(super) credentials: Option<Vec<u8>>,
}

const BIND_RESPONSE: u8 = 0x61;
const EXTENDED_RESPONSE: u8 = 0x78;
const SERVER_SASL_CREDENTIALS: u8 = 0x87;

/// Reads the answer to a bind or to StartTLS.
pub(super) fn parse_answer(message: &[u8]) -> Result<Answer, MessageError> {
    let (0x30, content, []) = element(message)? else { return Err(MALFORMED) };
    let (0x02, _, rest) = element(content)? else { return Err(MALFORMED) };
    let (BIND_RESPONSE | EXTENDED_RESPONSE, operation, _) = element(rest)? else {
        return Err(MALFORMED);
    };
    let (0x0A, code, rest) = element(operation)? else { return Err(MALFORMED) };
    if code.len() > 4 {
        return Err(MALFORMED);
    }
    let code = code.iter().fold(0_u32, |sum, digit| sum << 8 | u32::from(*digit));
    let (0x04, _, rest) = element(rest)? else { return Err(MALFORMED) };
    let (0x04, text, mut rest) = element(rest)? else { return Err(MALFORMED) };
    let mut credentials = None;
    while !rest.is_empty() {
        let (tag, content, after) = element(rest)?;
        if tag == SERVER_SASL_CREDENTIALS {
            credentials = Some(content.to_vec());
        }
        rest = after;
    }
    let text = String::from_utf8_lossy(text).trim_end_matches('\0').to_owned();
    Ok(Answer { code, text, credentials })
}

/// LDAPMessage with the operation that `fill` writes.
fn message(id: u32, fill: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.sequence(|message| {
        message.u32(id);
        fill(message);
    });
    writer.into_bytes()
}

const BIND_REQUEST: Tag = Tag(0x60);
const EXTENDED_REQUEST: Tag = Tag(0x77);

/// A bind with a name and a password.
pub(super) fn simple_bind(id: u32, name: &str, password: &[u8]) -> Vec<u8> {
    message(id, |message| {
        message.nested(BIND_REQUEST, |bind| {
            bind.u32(3);
            bind.octet_string(name.as_bytes());
            bind.element(Tag(0x80), password);
        });
    })
}

/// A step of a bind by SASL.
pub(super) fn sasl_bind(id: u32, mechanism: &str, credentials: &[u8]) -> Vec<u8> {
    message(id, |message| {
        message.nested(BIND_REQUEST, |bind| {
            bind.u32(3);
            bind.octet_string(b"");
            bind.nested(Tag(0xA3), |sasl| {
                sasl.octet_string(mechanism.as_bytes());
                sasl.octet_string(credentials);
            });
        });
    })
}

/// StartTLS.
pub(super) fn start_tls(id: u32) -> Vec<u8> {
    message(id, |message| {
        message.nested(EXTENDED_REQUEST, |request| request.element(Tag(0x80), START_TLS));
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Samba writes it: every length in four bytes.
    const ACCEPTED: &[u8] =
        b"\x30\x84\0\0\0\x10\x02\x01\x01\x61\x84\0\0\0\x07\x0a\x01\x00\x04\x00\x04\x00";

    #[test]
    fn an_answer_with_long_lengths_is_read() {
        let answer = parse_answer(ACCEPTED).expect("valid");
        assert_eq!(answer, Answer { code: 0, text: String::new(), credentials: None });
        assert_eq!(answer_length(ACCEPTED), Ok(Some(ACCEPTED.len())));
        assert_eq!(answer_length(&ACCEPTED[..3]), Ok(None));
    }

    #[test]
    fn credentials_and_text_of_a_step_are_read() {
        let bytes = b"\x30\x13\x02\x01\x02\x61\x0e\x0a\x01\x0e\x04\x00\x04\x03now\x87\x02\xAB\xCD";
        let answer = parse_answer(bytes).expect("valid");
        assert_eq!((answer.code, answer.text.as_str()), (14, "now"));
        assert_eq!(answer.credentials.as_deref(), Some(&b"\xAB\xCD"[..]));
    }

    #[test]
    fn cut_and_foreign_answers_are_refused() {
        for length in 0..ACCEPTED.len() {
            assert!(parse_answer(&ACCEPTED[..length]).is_err(), "{length}");
        }
        assert!(parse_answer(b"\x30\x80\0\0").is_err(), "indefinite length");
        assert!(parse_answer(b"HTTP/1.1 400 Bad Request\r\n").is_err());
        assert!(answer_length(b"\x30\x84\xFF\xFF\xFF\xFF").is_err(), "too large");
    }

    #[test]
    fn messages_are_counted_across_pieces() {
        for size in 1..ACCEPTED.len() {
            let mut framing = Framing::default();
            for piece in [ACCEPTED, ACCEPTED].concat().chunks(size) {
                framing.push(piece).expect("small messages");
            }
            let left: usize = framing.open.iter().sum();
            assert_eq!((framing.body, framing.header.len(), left), (0, 0, 0), "{size}");
        }
    }

    #[test]
    fn an_element_longer_than_the_one_around_it_is_refused() {
        // ldap3 would wait for the four bytes that the outer message cannot have.
        assert_eq!(Framing::default().push(b"\x30\x03\x02\x04\x01"), Err(MALFORMED));
        assert_eq!(Framing::default().push(b"\x30\x04\x30\x03\x02\x01\x01"), Err(MALFORMED));
        // Nor can it have what belongs to a header that begins with its last byte.
        assert_eq!(Framing::default().push(b"\x30\x03\x04\x00\x02"), Err(MALFORMED));
        assert_eq!(Framing::default().push(b"\x30\x04\x04\x00\x02\x82"), Err(MALFORMED));
    }

    #[test]
    fn elements_too_deep_are_refused() {
        let nested = |depth: usize| {
            (0..depth).fold(Vec::new(), |inner, _| {
                let mut writer = Writer::new();
                writer.element(Tag(0x30), &inner);
                writer.into_bytes()
            })
        };
        assert_eq!(Framing::default().push(&nested(MAX_DEPTH)), Ok(()));
        assert_eq!(Framing::default().push(&nested(MAX_DEPTH + 1)), Err(MALFORMED));
        assert_eq!(Framing::default().push(&[0x30, 0x80]), Err(MALFORMED));
    }

    #[test]
    fn a_large_message_is_refused_by_its_header() {
        let mut framing = Framing::default();
        assert_eq!(framing.push(&[0x30, 0x84, 0x00, 0x7F, 0xFF, 0xFF]), Ok(()));
        assert!(Framing::default().push(&[0x30, 0x84, 0x00, 0x80, 0x00, 0x01]).is_err());
        assert!(Framing::default().push(&[0x30, 0x85]).is_err());
    }

    #[test]
    fn requests_are_written_as_the_standard_shows_them() {
        assert_eq!(
            simple_bind(1, "cn=a", b"pw"),
            b"\x30\x12\x02\x01\x01\x60\x0d\x02\x01\x03\x04\x04cn=a\x80\x02pw"
        );
        assert_eq!(
            sasl_bind(2, "GSSAPI", b"\x01"),
            b"\x30\x17\x02\x01\x02\x60\x12\x02\x01\x03\x04\x00\xA3\x0b\x04\x06GSSAPI\x04\x01\x01"
        );
        assert_eq!(start_tls(3).len(), 31);
    }
}
