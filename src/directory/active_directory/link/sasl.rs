//! The mechanism GSSAPI of SASL (RFC 4752): a logon by Kerberos, and the layer that signs and
//! seals what follows.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::message::{self, Answer};
use super::{LinkError, Wire};

/// A Kerberos context of an initiator, with one service of one server.
pub(super) trait Context: Send {
    /// The next token for the server, after its last one; `None` where there is nothing more to
    /// say. Talks to a KDC the first time, so it blocks.
    fn step(&mut self, token: Option<&[u8]>) -> Result<Option<Vec<u8>>, String>;
    /// Whether the context is there, which says that the server is the one that was named.
    fn is_complete(&self) -> bool;
    /// Signs, and seals if asked.
    fn wrap(&mut self, plain: &[u8], seal: bool) -> Result<Vec<u8>, String>;
    /// Verifies; tells whether it was sealed too.
    fn unwrap(&mut self, wrapped: &[u8]) -> Result<(Vec<u8>, bool), String>;
}

/// What protects the connection after the logon.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Protection {
    /// TLS does it.
    Outside,
    /// Kerberos signs and seals.
    Seal,
}

/// Signs and seals what is sent, and demands it of what comes.
pub(super) struct SecurityLayer {
    context: Box<dyn Context>,
    /// How much the server takes in one sealed buffer, before it is sealed.
    pub(super) max_plain: usize,
}

impl SecurityLayer {
    pub(super) fn wrap(&mut self, plain: &[u8]) -> Result<Vec<u8>, String> {
        self.context.wrap(plain, true)
    }

    pub(super) fn unwrap(&mut self, sealed: &[u8]) -> Result<Vec<u8>, String> {
        match self.context.unwrap(sealed)? {
            (plain, true) => Ok(plain),
            (_, false) => Err("the server sent what is signed but not sealed".to_owned()),
        }
    }
}

const MECHANISM: &str = "GSSAPI";
const SUCCESS: u32 = 0;
const SASL_BIND_IN_PROGRESS: u32 = 14;
/// Kerberos needs three messages and the layer one more.
const MAX_STEPS: u32 = 8;
const SEAL: u8 = 4;
const NONE: u8 = 1;
/// Room that sealing adds to a buffer, generously.
const OVERHEAD: usize = 128;

/// Logs on with `context`; the layer, where Kerberos protects the connection.
pub(super) async fn bind(
    wire: &mut dyn Wire,
    host: &str,
    mut context: Box<dyn Context>,
    protection: Protection,
) -> Result<Option<SecurityLayer>, LinkError> {
    let kerberos = |text| LinkError::Kerberos { host: host.to_owned(), text };
    let mut id = 1;
    let mut from_server = None;
    while !context.is_complete() {
        if id > MAX_STEPS {
            return Err(kerberos("the server never ends the logon".to_owned()));
        }
        let (stepped, token) = step(context, from_server.take()).await;
        context = stepped;
        let token = token.map_err(kerberos)?;
        if token.is_none() && context.is_complete() {
            break;
        }
        let request = message::sasl_bind(id, MECHANISM, &token.unwrap_or_default());
        from_server = Some(in_progress(host, exchange(wire, host, &request).await?)?);
        id = id.saturating_add(1);
    }
    let offer = match from_server {
        Some(offer) => offer,
        None => {
            let answer = exchange(wire, host, &message::sasl_bind(id, MECHANISM, b"")).await?;
            id = id.saturating_add(1);
            in_progress(host, answer)?
        }
    };
    let (offer, _) = context.unwrap(&offer).map_err(kerberos)?;
    let max_sealed = accept(&offer, protection).map_err(|text| kerberos(text.to_owned()))?;
    let wanted = match protection {
        Protection::Seal => SEAL,
        Protection::Outside => NONE,
    };
    // What this side takes in one buffer: anything, as far as 24 bits go.
    let size = if protection == Protection::Seal { 0xFF } else { 0 };
    let choice = context.wrap(&[wanted, size, size, size], false).map_err(kerberos)?;
    let answer = exchange(wire, host, &message::sasl_bind(id, MECHANISM, &choice)).await?;
    if answer.code != SUCCESS {
        return Err(refused(host, answer));
    }
    Ok((protection == Protection::Seal)
        .then(|| SecurityLayer { context, max_plain: max_sealed.saturating_sub(OVERHEAD) }))
}

/// Whether the server's offer holds what is wanted; how large a sealed buffer it takes.
fn accept(offer: &[u8], protection: Protection) -> Result<usize, &'static str> {
    let [layers, a, b, c] = *offer else { return Err("the server's offer is malformed") };
    let max = usize::try_from(u32::from_be_bytes([0, a, b, c])).unwrap_or(0);
    match protection {
        Protection::Seal if layers & SEAL == 0 || max <= OVERHEAD => {
            Err("the server does not seal; choose ldaps or start-tls as transport")
        }
        Protection::Outside if layers & NONE == 0 => {
            Err("the server demands to sign or seal inside of TLS too; choose seal as transport")
        }
        _ => Ok(max),
    }
}

/// One step on a thread that may block.
async fn step(
    mut context: Box<dyn Context>,
    token: Option<Vec<u8>>,
) -> (Box<dyn Context>, Result<Option<Vec<u8>>, String>) {
    let stepped = tokio::task::spawn_blocking(move || {
        let result = context.step(token.as_deref());
        (context, result)
    });
    match stepped.await {
        Ok(done) => done,
        Err(error) => (Box::new(Broken), Err(error.to_string())),
    }
}

/// In place of a context that is lost with its thread.
struct Broken;

impl Context for Broken {
    fn step(&mut self, _: Option<&[u8]>) -> Result<Option<Vec<u8>>, String> {
        Err("the Kerberos library failed".to_owned())
    }
    fn is_complete(&self) -> bool {
        false
    }
    fn wrap(&mut self, _: &[u8], _: bool) -> Result<Vec<u8>, String> {
        Err("the Kerberos library failed".to_owned())
    }
    fn unwrap(&mut self, _: &[u8]) -> Result<(Vec<u8>, bool), String> {
        Err("the Kerberos library failed".to_owned())
    }
}

fn in_progress(host: &str, answer: Answer) -> Result<Vec<u8>, LinkError> {
    match answer.code {
        SASL_BIND_IN_PROGRESS => Ok(answer.credentials.unwrap_or_default()),
        // A success before a layer was agreed on would leave the connection open to others.
        SUCCESS => Err(LinkError::Kerberos {
            host: host.to_owned(),
            text: "the server ended the logon before its time".to_owned(),
        }),
        _ => Err(refused(host, answer)),
    }
}

pub(super) fn refused(host: &str, answer: Answer) -> LinkError {
    LinkError::Bind { host: host.to_owned(), code: answer.code, text: answer.text }
}

/// Sends a message, and reads the one that answers it.
pub(super) async fn exchange(
    wire: &mut dyn Wire,
    host: &str,
    request: &[u8],
) -> Result<Answer, LinkError> {
    let lost = |problem: String| LinkError::Lost { host: host.to_owned(), problem };
    wire.write_all(request).await.map_err(|error| lost(error.to_string()))?;
    wire.flush().await.map_err(|error| lost(error.to_string()))?;
    let mut received = Vec::new();
    loop {
        let length = message::answer_length(&received).map_err(|error| lost(error.to_string()))?;
        if length == Some(received.len()) {
            return message::parse_answer(&received).map_err(|error| lost(error.to_string()));
        }
        // Not a byte more than the answer: what follows belongs to TLS or to the layer.
        let missing = length.unwrap_or_else(|| received.len().saturating_add(1));
        let start = received.len();
        received.resize(missing, 0);
        let rest = received.get_mut(start..).unwrap_or_default();
        wire.read_exact(rest).await.map_err(|error| lost(error.to_string()))?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_is_taken_only_if_it_is_offered() {
        assert_eq!(accept(&[7, 0, 0xFF, 0xFF], Protection::Seal), Ok(0xFFFF));
        assert_eq!(accept(&[1, 0, 0, 0], Protection::Outside), Ok(0));
        assert!(accept(&[3, 0, 0xFF, 0xFF], Protection::Seal).is_err(), "no sealing offered");
        assert!(accept(&[7, 0, 0, 0], Protection::Seal).is_err(), "no room");
        assert!(accept(&[6, 0, 0xFF, 0xFF], Protection::Outside).is_err());
        assert!(accept(&[7, 0, 0], Protection::Seal).is_err());
    }

    #[test]
    fn success_before_the_layer_is_no_success() {
        let answer = Answer { code: SUCCESS, text: String::new(), credentials: None };
        assert!(matches!(in_progress("dc", answer), Err(LinkError::Kerberos { .. })));
    }
}
