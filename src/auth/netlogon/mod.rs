//! The Netlogon security provider ([MS-NRPC] 3.3, authentication type 68): the secure channel
//! between a member of a domain and its domain controller. AES and packet privacy, nothing less.

mod crypto;
mod session;
#[cfg(test)]
mod tests;
mod token;

#[cfg(test)]
pub use crypto::encrypt_user_session_key;
pub use crypto::{
    Authenticators, Credential, client_challenge, credential, decrypt_user_session_key, is_varied,
    same, session_key,
};
pub use session::{End, NetlogonContext, NetlogonInitiator};
pub use token::{Signature, negotiate, negotiate_response, parse_negotiate};
