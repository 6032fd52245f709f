//! What fuzzers do to wcce: a function for each entry to bytes, what it must hold whatever the bytes
//! are, and how much memory it may take.
//!
//! This is compiled twice: into the fuzz targets, and into the test `corpora`, which feeds them the
//! kept inputs without a fuzzer.

mod asn1;
mod auth;
mod client;
mod dcom;
mod desk;
mod directory;
mod memory;
mod request;
mod rpc;
mod security;
pub mod stubs;

pub use auth::{PASSWORD, credentials, providers};
pub use directory::NAMES;
pub use rpc::endpoint;
pub use security::{Believing, PEER, Still};

use std::cell::OnceCell;

/// An entry to bytes.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name: that of the fuzz target, and of the folder of its inputs.
    pub name: &'static str,
    run: fn(&[u8]),
    /// Bytes of memory, beyond [`FACTOR`] for each byte of input.
    memory: usize,
}

/// Bytes of memory that a byte of input may cost.
const FACTOR: usize = 128;
const MIB: usize = 1 << 20;

const fn target(name: &'static str, run: fn(&[u8])) -> Target {
    Target { name, run, memory: MIB }
}

/// One with a whole server behind it: a CA's table has a cache and is written from other threads,
/// and each connection of a capture has its association.
const fn with_server(name: &'static str, run: fn(&[u8])) -> Target {
    Target { name, run, memory: 96 * MIB }
}

/// Decoders of one file of `idl/`.
macro_rules! stubs {
    ($name:literal, $codecs:ident) => {
        target($name, |input| stubs::run(stubs::$codecs, input))
    };
}

/// All of them.
pub const TARGETS: &[Target] = &[
    target("pdu", rpc::pdu),
    target("association", rpc::association),
    target("association_steps", rpc::association_steps),
    target("association_client", rpc::association_client),
    with_server("capture", rpc::capture),
    with_server("conversation", rpc::conversation),
    target("tower", rpc::tower),
    target("string_binding", rpc::string_binding),
    stubs!("ndr_classfactory", CLASSFACTORY),
    stubs!("ndr_epm", EPM),
    stubs!("ndr_icertadmind", ICERTADMIND),
    stubs!("ndr_icertpassage", ICERTPASSAGE),
    stubs!("ndr_icertrequestd", ICERTREQUESTD),
    stubs!("ndr_mgmt", MGMT),
    stubs!("ndr_netlogon", NETLOGON),
    stubs!("ndr_oaut", OAUT),
    stubs!("ndr_oxid", OXID),
    stubs!("ndr_pac", PAC),
    stubs!("ndr_remote_activation", REMOTE_ACTIVATION),
    stubs!("ndr_remunknown", REMUNKNOWN),
    target("spnego_message", auth::spnego_message),
    target("acceptor", auth::acceptor),
    target("initiator", auth::initiator),
    target("ap_req", auth::ap_req),
    target("kerberos_messages", auth::kerberos_messages),
    target("netlogon_messages", auth::netlogon_messages),
    target("pac", auth::pac),
    target("keytab", auth::keytab_file),
    target("objref", dcom::objref),
    target("activation", dcom::properties),
    target("bindings", dcom::bindings),
    target("der_reader", asn1::reader),
    target("normalize", asn1::normalize),
    target("pkcs10", asn1::pkcs10),
    target("cms", asn1::cms),
    target("cmc", asn1::cmc),
    target("spkac", asn1::spkac),
    target("spki", asn1::spki),
    target("certificate", asn1::certificate),
    target("crl", asn1::crl),
    target("ocsp_request", asn1::ocsp_request),
    target("extension", asn1::extension),
    target("general_names", asn1::general_names),
    target("name", asn1::name),
    target("name_text", asn1::name_text),
    target("pem", asn1::pem_text),
    target("request", request::request),
    target("request_built", request::request_built),
    target("attributes_string", request::attributes_string),
    target("pkcs12", client::pkcs12_file),
    target("key_file", client::key_file),
    target("full_response", client::full_response),
    target("ca_property", client::ca_property),
    target("security_descriptor", directory::security_descriptor),
    target("sddl", directory::sddl),
    target("sid", directory::sid),
    target("template_attributes", directory::template_attributes),
    target("export", directory::export_file),
    target("ldap", directory::ldap),
    target("ldap_entry", directory::ldap_entry),
    target("config", directory::config),
    target("directory_toml", directory::directory_toml),
    target("netlogon_answer", directory::netlogon_answer),
    target("winbind_answer", directory::winbind_answer),
    with_server("services", desk::services),
    with_server("enrollment", desk::enrollment),
    with_server("view", desk::view),
    with_server("http", desk::http),
    target("control", desk::control),
    target("backup", desk::backup_file),
    target("administration_json", desk::administration_json),
];

impl Target {
    /// The target of this name.
    ///
    /// # Panics
    /// Where there is none.
    pub const fn named(name: &str) -> Self {
        let mut at = 0;
        loop {
            if equal(TARGETS[at].name.as_bytes(), name.as_bytes()) {
                return TARGETS[at];
            }
            at += 1;
        }
    }

    /// Runs an input.
    ///
    /// # Panics
    /// Where something does not hold that must.
    pub fn check(&self, input: &[u8]) {
        let peak = memory::peak_of(|| (self.run)(input));
        let bound = self.memory + FACTOR * input.len();
        assert!(peak <= bound, "{peak} bytes of memory for {} of input", input.len());
    }
}

const fn equal(one: &[u8], other: &[u8]) -> bool {
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}

/// Runs a future to its end.
fn wait<T>(future: impl Future<Output = T>) -> T {
    thread_local! {
        static RUNTIME: OnceCell<tokio::runtime::Runtime> = const { OnceCell::new() };
    }
    RUNTIME.with(|runtime| {
        let make = || {
            let mut builder = tokio::runtime::Builder::new_current_thread();
            builder.enable_time().build().expect("a runtime")
        };
        runtime.get_or_init(make).block_on(future)
    })
}

/// Splits an input: each part behind its length, in two bytes; the last one may be shorter.
fn parts(mut input: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = input.split_first_chunk()?;
        let length = usize::from(u16::from_le_bytes(*length)).min(rest.len());
        let (part, rest) = rest.split_at(length);
        input = rest;
        Some(part)
    })
}
