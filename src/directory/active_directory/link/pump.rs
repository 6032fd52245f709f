//! Carries bytes between ldap3 and the server, through the security layer where there is one.
//!
//! ldap3 has a GSSAPI bind of its own. It is not used: its decoder loses messages where several
//! come in one sealed buffer and takes sealed bytes for plain ones where a message spans two, it
//! cannot read a keytab, and it blocks the thread it runs on. So ldap3 speaks plain LDAP into a
//! socket pair, and what stands between is here.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::UnixStream;

use super::message::{Framing, MAX_MESSAGE};
use super::sasl::SecurityLayer;

/// A connection to a server: TCP, or TLS over it.
pub(super) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

type Layer = Option<Arc<Mutex<SecurityLayer>>>;

/// The most that is read at once, and sealed at once.
const CHUNK: usize = 32 * 1024;

/// Carries bytes both ways until one side ends or sends what it must not; why it ended.
pub(super) async fn pump(
    wire: Box<dyn Wire>,
    ldap: UnixStream,
    layer: Option<SecurityLayer>,
) -> io::Result<()> {
    let layer = layer.map(|layer| Arc::new(Mutex::new(layer)));
    let (from_server, to_server) = tokio::io::split(wire);
    let (from_ldap, to_ldap) = tokio::io::split(ldap);
    // Whichever ends first ends both: dropping the halves closes both connections.
    tokio::select! {
        ended = upward(from_ldap, to_server, layer.clone()) => ended,
        ended = downward(from_server, to_ldap, layer) => ended,
    }
}

fn invalid(problem: impl ToString) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem.to_string())
}

async fn upward(
    mut from_ldap: ReadHalf<UnixStream>,
    mut to_server: WriteHalf<Box<dyn Wire>>,
    layer: Layer,
) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = from_ldap.read(&mut chunk).await?;
        let plain = chunk.get(..read).unwrap_or_default();
        if plain.is_empty() {
            return to_server.shutdown().await;
        }
        match &layer {
            None => to_server.write_all(plain).await?,
            Some(layer) => {
                let sealed = wrap(layer, plain)?;
                to_server.write_all(&sealed).await?;
            }
        }
        to_server.flush().await?;
    }
}

/// Sealed buffers, each behind its length, of pieces that the server takes.
fn wrap(layer: &Mutex<SecurityLayer>, plain: &[u8]) -> io::Result<Vec<u8>> {
    let mut layer = layer.lock().unwrap_or_else(PoisonError::into_inner);
    let mut out = Vec::with_capacity(plain.len().saturating_add(128));
    for piece in plain.chunks(layer.max_plain.clamp(1, CHUNK)) {
        let sealed = layer.wrap(piece).map_err(invalid)?;
        let length = u32::try_from(sealed.len()).map_err(invalid)?;
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&sealed);
    }
    Ok(out)
}

async fn downward(
    mut from_server: ReadHalf<Box<dyn Wire>>,
    mut to_ldap: WriteHalf<UnixStream>,
    layer: Layer,
) -> io::Result<()> {
    let mut framing = Framing::default();
    let mut chunk = vec![0; CHUNK];
    loop {
        let sealed;
        let plain = match &layer {
            None => {
                let read = from_server.read(&mut chunk).await?;
                chunk.get(..read).unwrap_or_default()
            }
            Some(layer) => {
                let length = from_server.read_u32().await?;
                let length = usize::try_from(length).map_err(invalid)?;
                if length > MAX_MESSAGE {
                    return Err(invalid("the server sealed more at once than it may"));
                }
                let mut buffer = vec![0; length];
                from_server.read_exact(&mut buffer).await?;
                sealed = layer
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .unwrap(&buffer)
                    .map_err(invalid)?;
                sealed.as_slice()
            }
        };
        if plain.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        framing.push(plain).map_err(invalid)?;
        to_ldap.write_all(plain).await?;
    }
}
