//! String bindings: `[object@]protseq:host[endpoint,option=value,…]` ([C706] 3.1).

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// The protocol sequence of DCE/RPC over TCP, the one that this crate speaks.
pub const NCACN_IP_TCP: &str = "ncacn_ip_tcp";

/// Where a server is: the parsed form of a string binding.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StringBinding {
    /// Object UUID that calls carry, if there is one.
    pub object: Option<Uuid>,
    /// Host name or address to dial.
    pub host: String,
    /// TCP port. `None`: to be asked from the endpoint mapper.
    pub port: Option<u16>,
    /// Network options in their order, kept as they were written.
    pub options: Vec<(String, String)>,
}

/// Why a string binding cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BindingError {
    /// The part before `@` is not a UUID.
    #[error("`{0}` before the `@` is not an object UUID")]
    Object(String),
    /// There is no protocol sequence.
    #[error("`{0}` has no protocol sequence: write {NCACN_IP_TCP}:HOST[PORT]")]
    NoProtocol(String),
    /// A transport that this crate does not speak.
    #[error("protocol sequence `{0}` is not spoken here: use {NCACN_IP_TCP}")]
    Protocol(String),
    /// There is no host.
    #[error("the binding names no host: write {NCACN_IP_TCP}:HOST[PORT]")]
    NoHost,
    /// The brackets around endpoint and options do not match.
    #[error("the endpoint must stand between [ and ] at the end of the binding")]
    Brackets,
    /// The endpoint is not a TCP port.
    #[error("endpoint `{0}` is not a TCP port from 1 to 65535")]
    Endpoint(String),
    /// An option is not of the form `name=value`.
    #[error("option `{0}` is not of the form name=value")]
    Option(String),
}

impl StringBinding {
    /// A binding to a host, with its port where it is known.
    pub fn new(host: impl Into<String>, port: Option<u16>) -> Self {
        Self { object: None, host: host.into(), port, options: Vec::new() }
    }
}

impl FromStr for StringBinding {
    type Err = BindingError;

    fn from_str(text: &str) -> Result<Self, BindingError> {
        let (object, rest) = match split_unescaped(text, '@') {
            Some((object, rest)) => (Some(parse_object(object)?), rest),
            None => (None, text),
        };
        let (protocol, rest) =
            split_unescaped(rest, ':').ok_or_else(|| BindingError::NoProtocol(text.to_owned()))?;
        if unescape(protocol) != NCACN_IP_TCP {
            return Err(BindingError::Protocol(unescape(protocol)));
        }
        let (host, bracketed) = match split_unescaped(rest, '[') {
            Some((host, tail)) => (host, parse_brackets(tail)?),
            None => (rest, Bracketed::default()),
        };
        if host.is_empty() {
            return Err(BindingError::NoHost);
        }
        let Bracketed { port, options } = bracketed;
        Ok(Self { object, host: unescape(host), port, options })
    }
}

impl fmt::Display for StringBinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(object) = self.object {
            write!(f, "{object}@")?;
        }
        write!(f, "{NCACN_IP_TCP}:{}", escape(&self.host))?;
        if self.port.is_none() && self.options.is_empty() {
            return Ok(());
        }
        write!(f, "[")?;
        if let Some(port) = self.port {
            write!(f, "{port}")?;
        }
        for (name, value) in &self.options {
            write!(f, ",{}={}", escape(name), escape(value))?;
        }
        write!(f, "]")
    }
}

fn parse_object(text: &str) -> Result<Uuid, BindingError> {
    Uuid::try_parse(text).map_err(|_| BindingError::Object(text.to_owned()))
}

#[derive(Default)]
struct Bracketed {
    port: Option<u16>,
    options: Vec<(String, String)>,
}

/// What stands behind `[`: the endpoint (bare, or as `endpoint=`), then options.
fn parse_brackets(tail: &str) -> Result<Bracketed, BindingError> {
    let (mut inside, after) = split_unescaped(tail, ']').ok_or(BindingError::Brackets)?;
    if !after.is_empty() {
        return Err(BindingError::Brackets);
    }
    let mut parts = Vec::new();
    while let Some((part, rest)) = split_unescaped(inside, ',') {
        parts.push(part);
        inside = rest;
    }
    parts.push(inside);

    let mut bracketed = Bracketed::default();
    for (index, part) in parts.into_iter().enumerate() {
        match split_unescaped(part, '=') {
            Some(("endpoint", value)) => bracketed.port = parse_port(value)?,
            Some((name, value)) => bracketed.options.push((unescape(name), unescape(value))),
            None if index == 0 => bracketed.port = parse_port(part)?,
            None => return Err(BindingError::Option(unescape(part))),
        }
    }
    Ok(bracketed)
}

fn parse_port(text: &str) -> Result<Option<u16>, BindingError> {
    if text.is_empty() {
        return Ok(None);
    }
    match text.parse() {
        Ok(port) if port != 0 => Ok(Some(port)),
        _ => Err(BindingError::Endpoint(unescape(text))),
    }
}

/// Splits at the first `separator` that no backslash precedes.
fn split_unescaped(text: &str, separator: char) -> Option<(&str, &str)> {
    let mut escaped = false;
    for (at, character) in text.char_indices() {
        if !escaped && character == separator {
            let (before, after) = text.split_at_checked(at)?;
            return Some((before, after.strip_prefix(separator)?));
        }
        escaped = !escaped && character == '\\';
    }
    None
}

fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        plain.push(match character {
            '\\' => characters.next().unwrap_or('\\'),
            other => other,
        });
    }
    plain
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '\\' | '@' | '[' | ']' | ',' | '=') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<StringBinding, BindingError> {
        text.parse()
    }

    #[test]
    fn every_part_is_read_and_written_back() {
        let text = "d99e6e70-fc88-11d0-b498-00a0c90312f3@ncacn_ip_tcp:ca.wcce.test[49152,a=b,c=d]";
        let binding = parse(text).unwrap();
        assert_eq!(binding.object, Some("d99e6e70-fc88-11d0-b498-00a0c90312f3".parse().unwrap()));
        assert_eq!((binding.host.as_str(), binding.port), ("ca.wcce.test", Some(49152)));
        assert_eq!(binding.options, [("a".into(), "b".into()), ("c".into(), "d".into())]);
        assert_eq!(binding.to_string(), text);
    }

    #[test]
    fn endpoint_and_brackets_may_be_missing() {
        for text in ["ncacn_ip_tcp:host", "ncacn_ip_tcp:host[]"] {
            assert_eq!(parse(text).unwrap(), StringBinding::new("host", None));
        }
        assert_eq!(
            parse("ncacn_ip_tcp:host[,a=b]").unwrap().to_string(),
            "ncacn_ip_tcp:host[,a=b]"
        );
        assert_eq!(parse("ncacn_ip_tcp:h[endpoint=135]").unwrap().port, Some(135));
    }

    #[test]
    fn hosts_may_be_ipv6_addresses() {
        let binding = parse("ncacn_ip_tcp:fe80::1[135]").unwrap();
        assert_eq!((binding.host.as_str(), binding.port), ("fe80::1", Some(135)));
    }

    #[test]
    fn backslashes_quote_separators() {
        let binding = parse(r"ncacn_ip_tcp:od\[d\\host[1,name=a\,b\=c]").unwrap();
        assert_eq!(binding.host, r"od[d\host");
        assert_eq!(binding.options, [("name".into(), "a,b=c".into())]);
        assert_eq!(parse(&binding.to_string()).unwrap(), binding);
    }

    #[test]
    fn what_cannot_be_used_is_refused() {
        assert_eq!(parse("x@ncacn_ip_tcp:h"), Err(BindingError::Object("x".into())));
        assert_eq!(parse("host"), Err(BindingError::NoProtocol("host".into())));
        assert_eq!(parse("ncacn_np:h[cert]"), Err(BindingError::Protocol("ncacn_np".into())));
        assert_eq!(parse("ncacn_ip_tcp:[135]"), Err(BindingError::NoHost));
        assert_eq!(parse("ncacn_ip_tcp:h[135"), Err(BindingError::Brackets));
        assert_eq!(parse("ncacn_ip_tcp:h[135]x"), Err(BindingError::Brackets));
        assert_eq!(parse("ncacn_ip_tcp:h[0]"), Err(BindingError::Endpoint("0".into())));
        assert_eq!(parse("ncacn_ip_tcp:h[65536]"), Err(BindingError::Endpoint("65536".into())));
        assert_eq!(parse("ncacn_ip_tcp:h[1,x]"), Err(BindingError::Option("x".into())));
    }
}
