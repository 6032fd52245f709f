//! Why the acceptors are ours: one probe for each defect of sspi 0.23.1's acceptors that we know.
//!
//! Every probe asserts the defect as it is today. **One that turns red says that upstream fixed
//! it: then reconsider whether sspi's acceptor can take over** behind `auth::Acceptor`.
//!
//! Two points can't be probed by behaviour. That sspi has no hook at which a domain controller
//! could give its verdict is the lack of an interface; `ntlm_wants_the_password_of_every_user`
//! shows what is there instead. And that no keytab can be read is one as well;
//! `kerberos_knows_one_key_per_service_name` shows what a keytab needs and cannot have.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions,
    reason = "tests"
)]

mod kerberos;
mod ntlm;
mod session;
mod spnego;

use sspi::{
    AuthIdentityBuffers, BufferType, ClientRequestFlags, DataRepresentation, Ntlm, SecurityBuffer,
    SecurityStatus, ServerRequestFlags, Sspi, SspiImpl,
};

/// One leg of sspi's acceptor: its status and its token.
fn accept<S>(
    server: &mut S,
    credentials: &mut S::CredentialsHandle,
    token: &[u8],
) -> sspi::Result<(SecurityStatus, Vec<u8>)>
where
    S: Sspi + SspiImpl,
{
    let mut input = [SecurityBuffer::new(token.to_vec(), BufferType::Token)];
    let mut output = [SecurityBuffer::new(Vec::new(), BufferType::Token)];
    let builder = server
        .accept_security_context()
        .with_credentials_handle(credentials)
        .with_context_requirements(ServerRequestFlags::empty())
        .with_target_data_representation(DataRepresentation::Native)
        .with_input(&mut input)
        .with_output(&mut output);
    let status = server.accept_security_context_impl(builder)?.resolve_to_result()?.status;
    let [output] = output;
    Ok((status, output.buffer))
}

/// One leg of sspi's NTLM initiator.
fn initiate(client: &mut Ntlm, user: &str, password: &str, token: &[u8]) -> Vec<u8> {
    let mut credentials = identity(user, password);
    let mut input = [SecurityBuffer::new(token.to_vec(), BufferType::Token)];
    let mut output = [SecurityBuffer::new(Vec::new(), BufferType::Token)];
    let mut builder = client
        .initialize_security_context()
        .with_credentials_handle(&mut credentials)
        .with_context_requirements(ClientRequestFlags::CONFIDENTIALITY)
        .with_target_data_representation(DataRepresentation::Native)
        .with_input(&mut input)
        .with_output(&mut output);
    client.initialize_security_context_impl(&mut builder).unwrap().resolve_to_result().unwrap();
    let [output] = output;
    output.buffer
}

/// `user` is `DOMAIN\user`, or bare.
fn identity(user: &str, password: &str) -> Option<AuthIdentityBuffers> {
    let (domain, user) = user.split_once('\\').unwrap_or(("", user));
    Some(AuthIdentityBuffers::from_utf8(user, domain, password))
}
