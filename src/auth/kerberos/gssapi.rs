//! MIT krb5 through its GSS-API: the crate's only `unsafe` code. Nothing here outlives an AP
//! exchange but credentials; every pointer that the library hands out is released where it is
//! dropped, and what is kept is copied first.
//!
//! All calls may block: on files (keytab, replay cache, ccache), and on the initiator's side on
//! the KDC.

#![allow(unsafe_code)]

use std::ffi::{CString, c_int, c_void};
use std::ptr;

use libgssapi_sys as gss;
use zeroize::Zeroizing;

use super::session::{EncryptionType, End, Established};
use crate::auth::AuthError;
use crate::auth::spnego::oid;

#[cfg(test)]
pub(in crate::auth::kerberos) mod iov;

/// Flags of every context: mutual authentication, sequence numbers, both protections, three legs.
pub(super) const FLAGS: u32 = gss::GSS_C_MUTUAL_FLAG
    | gss::GSS_C_REPLAY_FLAG
    | gss::GSS_C_SEQUENCE_FLAG
    | gss::GSS_C_CONF_FLAG
    | gss::GSS_C_INTEG_FLAG
    | gss::GSS_C_DCE_STYLE;
/// Flags of SASL's contexts inside of TLS, which protects the messages.
pub(super) const STREAM: u32 = gss::GSS_C_MUTUAL_FLAG | gss::GSS_C_SEQUENCE_FLAG;
/// Flags of SASL's contexts that protect the messages themselves.
pub(super) const SEALED_STREAM: u32 =
    STREAM | gss::GSS_C_REPLAY_FLAG | gss::GSS_C_CONF_FLAG | gss::GSS_C_INTEG_FLAG;
pub(super) const MUTUAL_DCE: u32 = gss::GSS_C_MUTUAL_FLAG | gss::GSS_C_DCE_STYLE;
pub(super) const ORDERED: u32 = gss::GSS_C_REPLAY_FLAG | gss::GSS_C_SEQUENCE_FLAG;

/// GSS_KRB5_NT_PRINCIPAL_NAME, 1.2.840.113554.1.2.2.1.
const PRINCIPAL_NAME: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x12, 0x01, 0x02, 0x02, 0x01];
/// GSS_C_INDEFINITE.
const INDEFINITE: u32 = u32::MAX;
/// Texts of one status code that are put together.
const MAX_TEXTS: usize = 4;

/// `gss_krb5_lucid_context_v1_t` of gssapi_krb5.h, a header that libgssapi-sys does not bind.
mod lucid {
    use std::ffi::c_void;

    #[repr(C)]
    pub(super) struct Key {
        pub(super) kind: u32,
        pub(super) length: u32,
        pub(super) data: *const c_void,
    }

    #[repr(C)]
    pub(super) struct Rfc1964 {
        pub(super) sign_algorithm: u32,
        pub(super) seal_algorithm: u32,
        pub(super) key: Key,
    }

    #[repr(C)]
    pub(super) struct Rfc4121 {
        pub(super) have_acceptor_subkey: u32,
        pub(super) session_key: Key,
        pub(super) acceptor_subkey: Key,
    }

    #[repr(C)]
    pub(super) struct Context {
        pub(super) version: u32,
        pub(super) initiate: u32,
        pub(super) end_time: u32,
        pub(super) send_sequence: u64,
        pub(super) receive_sequence: u64,
        /// 0: RFC 1964; 1: RFC 4121.
        pub(super) protocol: u32,
        pub(super) rfc1964: Rfc1964,
        pub(super) rfc4121: Rfc4121,
    }
}

unsafe extern "C" {
    fn gss_krb5_export_lucid_sec_context(
        minor: *mut u32,
        context: *mut gss::gss_ctx_id_t,
        version: u32,
        exported: *mut *mut c_void,
    ) -> u32;
    fn gss_krb5_free_lucid_sec_context(minor: *mut u32, exported: *mut c_void) -> u32;
}

/// Why the library refuses.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct GssError {
    /// The mechanism's own code: a protocol error of RFC 4120 7.5.9, counted from krb5's base.
    minor: u32,
    text: String,
}

impl GssError {
    /// KRB_AP_ERR_SKEW.
    pub(super) fn is_clock_skew(&self) -> bool {
        const SKEW: i32 = -1_765_328_384 + 37;
        self.minor == SKEW.cast_unsigned()
    }
}

impl From<GssError> for AuthError {
    fn from(error: GssError) -> Self {
        Self::Kerberos(error.text)
    }
}

/// What a step leads to.
#[derive(Debug)]
pub(super) enum Step {
    /// Send this and go on.
    Continue(Vec<u8>),
    /// The context stands.
    Done(Vec<u8>),
}

/// `major` says whether a call was a success; supplementary bits are none here.
fn check(major: u32, minor: u32) -> Result<(), GssError> {
    if major == gss::GSS_S_COMPLETE { Ok(()) } else { Err(describe(major, minor)) }
}

fn describe(major: u32, minor: u32) -> GssError {
    let mechanism = texts(minor, gss::GSS_C_MECH_CODE);
    let text = match mechanism.is_empty() || minor == 0 {
        true => texts(major, gss::GSS_C_GSS_CODE),
        false => mechanism,
    };
    GssError { minor, text }
}

fn texts(code: u32, kind: u32) -> String {
    let mut more = 0;
    let mut texts = Vec::new();
    while texts.len() < MAX_TEXTS {
        let (mut minor, mut text) = (0, Buffer::empty());
        let kind = c_int::try_from(kind).unwrap_or_default();
        // SAFETY: out-parameters and the mechanism live across the call; `text` releases itself.
        let major = with_oid(oid::KERBEROS, |oid| unsafe {
            gss::gss_display_status(&raw mut minor, code, kind, oid, &raw mut more, text.as_mut())
        });
        if major != gss::GSS_S_COMPLETE {
            break;
        }
        texts.push(String::from_utf8_lossy(text.bytes()).into_owned());
        if more == 0 {
            break;
        }
    }
    texts.join("; ")
}

/// Bytes that the library allocated.
struct Buffer(gss::gss_buffer_desc);

impl Buffer {
    fn empty() -> Self {
        Self(gss::gss_buffer_desc { length: 0, value: ptr::null_mut() })
    }

    fn as_mut(&mut self) -> *mut gss::gss_buffer_desc {
        &raw mut self.0
    }

    fn bytes(&self) -> &[u8] {
        if self.0.value.is_null() {
            return &[];
        }
        // SAFETY: the library filled both fields in together, and owns the bytes until Drop.
        unsafe { std::slice::from_raw_parts(self.0.value.cast(), self.0.length) }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let mut minor = 0;
        // SAFETY: the buffer is empty or the library's; either may be released once.
        unsafe { gss::gss_release_buffer(&raw mut minor, &raw mut self.0) };
    }
}

/// Lends bytes to the library, which does not write to inputs.
fn lend<R>(bytes: &[u8], call: impl FnOnce(*mut gss::gss_buffer_desc) -> R) -> R {
    let value = bytes.as_ptr().cast_mut().cast();
    let mut buffer = gss::gss_buffer_desc { length: bytes.len(), value };
    call(&raw mut buffer)
}

fn with_oid<R>(content: &'static [u8], call: impl FnOnce(gss::gss_OID) -> R) -> R {
    let length = u32::try_from(content.len()).unwrap_or_default();
    let elements = content.as_ptr().cast_mut().cast();
    let mut oid = gss::gss_OID_desc { length, elements };
    call(&raw mut oid)
}

/// A name of the library's.
struct Name(gss::gss_name_t);

impl Name {
    /// A principal, `service/host@REALM`; an empty realm leaves it to referrals.
    fn principal(name: &str) -> Result<Self, GssError> {
        let (mut minor, mut imported) = (0, Self(ptr::null_mut()));
        // SAFETY: name and type are lent for the call, which copies them.
        let major = lend(name.as_bytes(), |name| {
            with_oid(PRINCIPAL_NAME, |kind| unsafe {
                gss::gss_import_name(&raw mut minor, name, kind, &raw mut imported.0)
            })
        });
        check(major, minor).map(|()| imported)
    }

    /// The principal as text.
    fn text(&self) -> Option<String> {
        let (mut minor, mut text) = (0, Buffer::empty());
        // SAFETY: the name is ours or null, which the library refuses.
        let major = unsafe {
            gss::gss_display_name(&raw mut minor, self.0, text.as_mut(), ptr::null_mut())
        };
        let found = major == gss::GSS_S_COMPLETE;
        found.then(|| String::from_utf8_lossy(text.bytes()).into_owned())
    }

    /// The value of an attribute; `None` unless the library vouches for it as a whole.
    fn attribute(&self, attribute: &str) -> Option<Vec<u8>> {
        let (mut minor, mut authenticated, mut complete) = (0, 0, 0);
        // -1: the first value.
        let mut more = -1;
        let (mut value, mut display) = (Buffer::empty(), Buffer::empty());
        // SAFETY: the name is valid or null, which the library refuses; all else lives across
        // the call.
        let major = lend(attribute.as_bytes(), |attribute| unsafe {
            gss::gss_get_name_attribute(
                &raw mut minor,
                self.0,
                attribute,
                &raw mut authenticated,
                &raw mut complete,
                value.as_mut(),
                display.as_mut(),
                &raw mut more,
            )
        });
        let sound = major == gss::GSS_S_COMPLETE && authenticated != 0 && complete != 0;
        sound.then(|| value.bytes().to_vec())
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        let mut minor = 0;
        // SAFETY: null, or ours to release once.
        unsafe { gss::gss_release_name(&raw mut minor, &raw mut self.0) };
    }
}

/// Keys of a service, or tickets of a client.
pub(super) struct Credential(gss::gss_cred_id_t);

// SAFETY: MIT krb5 guards a credential by a mutex of its own, and contexts only borrow it.
unsafe impl Send for Credential {}
// SAFETY: as above.
unsafe impl Sync for Credential {}

/// Whose credential it is.
#[derive(Clone, Copy)]
pub(super) enum Use {
    Accept,
    Initiate,
}

impl Credential {
    /// From a store: pairs of `keytab`, `rcache`, `ccache`, `client_keytab` and where they are.
    /// Without a principal: the store's own.
    pub(super) fn acquire(
        usage: Use,
        principal: Option<&str>,
        store: &[(&str, &str)],
    ) -> Result<Self, GssError> {
        let texts: Vec<[CString; 2]> = store
            .iter()
            .map(|(key, value)| Ok([CString::new(*key)?, CString::new(*value)?]))
            .collect::<Result<_, std::ffi::NulError>>()
            .map_err(|_| GssError { minor: 0, text: "a path with a NUL in it".to_owned() })?;
        let mut elements: Vec<gss::gss_key_value_element_desc> = texts
            .iter()
            .map(|[key, value]| gss::gss_key_value_element_desc {
                key: key.as_ptr(),
                value: value.as_ptr(),
            })
            .collect();
        let count = u32::try_from(elements.len()).unwrap_or_default();
        let set = gss::gss_key_value_set_desc { count, elements: elements.as_mut_ptr() };
        let name = principal.map(Name::principal).transpose()?;
        let usage = match usage {
            Use::Accept => gss::GSS_C_ACCEPT,
            Use::Initiate => gss::GSS_C_INITIATE,
        };
        let usage = c_int::try_from(usage).unwrap_or_default();
        let (mut minor, mut credential) = (0, Self(ptr::null_mut()));
        let major = with_oid(oid::KERBEROS, |elements| {
            let mut mechanisms = gss::gss_OID_set_desc { count: 1, elements };
            // SAFETY: name, mechanisms and store (with the strings that it points to) live
            // across the call, which copies what it keeps.
            unsafe {
                gss::gss_acquire_cred_from(
                    &raw mut minor,
                    name.as_ref().map_or(ptr::null_mut(), |name| name.0),
                    INDEFINITE,
                    &raw mut mechanisms,
                    usage,
                    if count == 0 { ptr::null() } else { &raw const set },
                    &raw mut credential.0,
                    ptr::null_mut(),
                    ptr::null_mut(),
                )
            }
        });
        check(major, minor).map(|()| credential)
    }

    /// Whose it is.
    pub(super) fn principal(&self) -> Option<String> {
        let (mut minor, mut name) = (0, Name(ptr::null_mut()));
        // SAFETY: the credential is ours; what is not asked for is null.
        let major = unsafe {
            gss::gss_inquire_cred(
                &raw mut minor,
                self.0,
                &raw mut name.0,
                ptr::null_mut(),
                ptr::null_mut(),
                ptr::null_mut(),
            )
        };
        check(major, minor).ok()?;
        name.text()
    }
}

impl Drop for Credential {
    fn drop(&mut self) {
        let mut minor = 0;
        // SAFETY: null, or ours to release once.
        unsafe { gss::gss_release_cred(&raw mut minor, &raw mut self.0) };
    }
}

/// One AP exchange.
pub(super) struct Context {
    handle: gss::gss_ctx_id_t,
    /// Who is at the other end, on the acceptor's side.
    source: Name,
    flags: u32,
}

// SAFETY: a context has no ties to the thread that made it, and `&mut self` keeps its users
// apart.
unsafe impl Send for Context {}

impl Context {
    pub(super) fn new() -> Self {
        Self { handle: ptr::null_mut(), source: Name(ptr::null_mut()), flags: 0 }
    }

    /// The acceptor's step.
    pub(super) fn accept(
        &mut self,
        credential: &Credential,
        token: &[u8],
    ) -> Result<Step, GssError> {
        let (mut minor, mut output) = (0, Buffer::empty());
        self.source = Name(ptr::null_mut());
        // SAFETY: the token is lent, the handle is null or ours, and all else lives across the
        // call; a name that is set is ours to release.
        let major = lend(token, |token| unsafe {
            gss::gss_accept_sec_context(
                &raw mut minor,
                &raw mut self.handle,
                credential.0,
                token,
                ptr::null_mut(),
                &raw mut self.source.0,
                ptr::null_mut(),
                output.as_mut(),
                &raw mut self.flags,
                ptr::null_mut(),
                ptr::null_mut(),
            )
        });
        step(major, minor, &output)
    }

    /// The initiator's step. `target` is a principal.
    pub(super) fn initiate(
        &mut self,
        credential: &Credential,
        target: &str,
        token: &[u8],
    ) -> Result<Step, GssError> {
        self.initiate_with(credential, target, FLAGS, None, token)
    }

    /// The same with flags of one's own, bound to a channel where there is one.
    pub(super) fn initiate_with(
        &mut self,
        credential: &Credential,
        target: &str,
        flags: u32,
        binding: Option<&[u8]>,
        token: &[u8],
    ) -> Result<Step, GssError> {
        let target = Name::principal(target)?;
        let (mut minor, mut output) = (0, Buffer::empty());
        let empty = || gss::gss_buffer_desc { length: 0, value: ptr::null_mut() };
        let mut bindings = binding.map(|data| gss::gss_channel_bindings_struct {
            initiator_addrtype: gss::GSS_C_AF_UNSPEC,
            initiator_address: empty(),
            acceptor_addrtype: gss::GSS_C_AF_UNSPEC,
            acceptor_address: empty(),
            application_data: gss::gss_buffer_desc {
                length: data.len(),
                value: data.as_ptr().cast_mut().cast(),
            },
        });
        let bindings = bindings.as_mut().map_or(ptr::null_mut(), |bindings| &raw mut *bindings);
        // SAFETY: as in `accept`; the mechanism's identifier, the bindings and the bytes they
        // point to are lent for the call.
        let major = lend(token, |token| {
            with_oid(oid::KERBEROS, |mechanism| unsafe {
                gss::gss_init_sec_context(
                    &raw mut minor,
                    credential.0,
                    &raw mut self.handle,
                    target.0,
                    mechanism,
                    flags,
                    INDEFINITE,
                    bindings,
                    token,
                    ptr::null_mut(),
                    output.as_mut(),
                    &raw mut self.flags,
                    ptr::null_mut(),
                )
            })
        });
        step(major, minor, &output)
    }

    /// Signs a message of an established context, and seals it if asked.
    pub(super) fn wrap_stream(&mut self, plain: &[u8], seal: bool) -> Result<Vec<u8>, GssError> {
        let (mut minor, mut sealed, mut output) = (0, 0, Buffer::empty());
        // SAFETY: the context is ours, the message is lent, all else lives across the call.
        let major = lend(plain, |plain| unsafe {
            gss::gss_wrap(
                &raw mut minor,
                self.handle,
                c_int::from(seal),
                gss::GSS_C_QOP_DEFAULT,
                plain,
                &raw mut sealed,
                output.as_mut(),
            )
        });
        check(major, minor)?;
        if seal && sealed == 0 {
            return Err(GssError { minor: 0, text: "the context cannot seal".to_owned() });
        }
        Ok(output.bytes().to_vec())
    }

    /// Verifies a message of an established context; whether it was sealed too.
    pub(super) fn unwrap_stream(&mut self, wrapped: &[u8]) -> Result<(Vec<u8>, bool), GssError> {
        let (mut minor, mut sealed, mut output) = (0, 0, Buffer::empty());
        // SAFETY: as in `wrap_stream`.
        let major = lend(wrapped, |wrapped| unsafe {
            gss::gss_unwrap(
                &raw mut minor,
                self.handle,
                wrapped,
                output.as_mut(),
                &raw mut sealed,
                ptr::null_mut(),
            )
        });
        check(major, minor)?;
        Ok((output.bytes().to_vec(), sealed != 0))
    }

    /// What both sides agreed to; complete once the context stands.
    pub(super) fn flags(&self) -> u32 {
        self.flags
    }

    /// An attribute of the client's name that the library vouches for.
    pub(super) fn source_attribute(&self, attribute: &str) -> Option<Vec<u8>> {
        self.source.attribute(attribute)
    }

    /// The client's principal, for the log.
    pub(super) fn source(&self) -> String {
        self.source.text().unwrap_or_default()
    }

    /// Takes keys and sequence numbers out of an established context.
    pub(super) fn export(mut self) -> Result<Established, AuthError> {
        let (mut minor, mut exported) = (0, ptr::null_mut());
        // SAFETY: the handle is ours; the call takes it and sets it to null.
        let major = unsafe {
            gss_krb5_export_lucid_sec_context(
                &raw mut minor,
                &raw mut self.handle,
                1,
                &raw mut exported,
            )
        };
        check(major, minor)?;
        let exported = Lucid(exported);
        // SAFETY: after a success it points to a context of version 1, which stays until Drop.
        let context = unsafe { exported.0.cast::<lucid::Context>().as_ref() };
        let context = context.ok_or(AuthError::OutOfSequence)?;
        let acceptor_subkey = context.protocol == 1 && context.rfc4121.have_acceptor_subkey != 0;
        let key = match (context.protocol, acceptor_subkey) {
            (1, true) => &context.rfc4121.acceptor_subkey,
            (1, false) => &context.rfc4121.session_key,
            _ => &context.rfc1964.key,
        };
        Ok(Established {
            own: if context.initiate != 0 { End::Initiator } else { End::Acceptor },
            encryption_type: EncryptionType::from_wire(key.kind)
                .ok_or(AuthError::Refused("a Kerberos session key of another type than AES"))?,
            key: key.copy(),
            acceptor_subkey,
            send_sequence: context.send_sequence,
            receive_sequence: context.receive_sequence,
            ordered: self.flags & ORDERED == ORDERED,
        })
    }
}

impl lucid::Key {
    fn copy(&self) -> Zeroizing<Vec<u8>> {
        let length = usize::try_from(self.length).unwrap_or_default();
        if self.data.is_null() {
            return Zeroizing::default();
        }
        // SAFETY: the library filled both fields in together.
        let bytes = unsafe { std::slice::from_raw_parts(self.data.cast::<u8>(), length) };
        Zeroizing::new(bytes.to_vec())
    }
}

fn step(major: u32, minor: u32, output: &Buffer) -> Result<Step, GssError> {
    let token = output.bytes().to_vec();
    match major {
        gss::GSS_S_COMPLETE => Ok(Step::Done(token)),
        gss::GSS_S_CONTINUE_NEEDED => Ok(Step::Continue(token)),
        _ => Err(describe(major, minor)),
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        let mut minor = 0;
        // SAFETY: null, or ours to delete once; without a buffer no token is made.
        unsafe {
            gss::gss_delete_sec_context(&raw mut minor, &raw mut self.handle, ptr::null_mut())
        };
    }
}

/// An exported context; the library wipes its keys on release.
struct Lucid(*mut c_void);

impl Drop for Lucid {
    fn drop(&mut self) {
        let mut minor = 0;
        // SAFETY: made by the export above, released once.
        unsafe { gss_krb5_free_lucid_sec_context(&raw mut minor, self.0) };
    }
}
