//! Codecs, server traits and client stubs of every interface on the wire, written by
//! `codegen` from `idl/`; never edited by hand.

#![allow(non_camel_case_types, reason = "types keep the names that their specifications give them")]

pub mod certtransblob;
pub mod classfactory;
pub mod dtyp;
pub mod epm;
pub mod icertadmind;
pub mod icertpassage;
pub mod icertrequestd;
pub mod mgmt;
pub mod netlogon;
pub mod oaut;
pub mod orpc;
pub mod oxid;
pub mod pac;
pub mod remote_activation;
pub mod remunknown;
pub mod rpctypes;
