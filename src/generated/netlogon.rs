//! Written by `codegen` from `idl/netlogon.idl`.

use crate::ndr::{
    self, Align, DecodeError, Decoder, EncodeError, Encoder, Encoding, Fault,
    InterfaceId, Invalid, Invoke, Ndr, Parameters, num,
};
use super::dtyp::{RPC_SID, RPC_UNICODE_STRING};
use super::pac::{CYPHER_BLOCK, GROUP_MEMBERSHIP, USER_SESSION_KEY};

/// A counted string of bytes ([MS-NRPC] 2.2.1.1.2).
///
/// ```idl
/// typedef struct _STRING {
///     USHORT Length;
///     USHORT MaximumLength;
///     [size_is(MaximumLength), length_is(Length)] UCHAR *Buffer;
/// } STRING;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct STRING {
    /// Bytes in use.
    pub length: u16,
    /// Bytes of the buffer.
    pub maximum_length: u16,
    /// The bytes.
    pub buffer: Option<ndr::Varying<u8>>,
}

impl STRING {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is_unless_null("Buffer", num(self.maximum_length), &self.buffer)?;
        ndr::first_is("Buffer", num(0), &self.buffer)?;
        ndr::length_is("Buffer", num(self.length), &self.buffer)?;
        Ok(())
    }
}

impl Ndr for STRING {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 8;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.length.encode(e)?;
        self.maximum_length.encode(e)?;
        self.buffer.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            length: Ndr::decode(d)?,
            maximum_length: Ndr::decode(d)?,
            buffer: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.buffer.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.buffer.decode_deferred(d)?;
        Ok(self.validate()?)
    }
}

/// A 64-bit time in two halves ([MS-NRPC] 6).
///
/// ```idl
/// typedef struct _OLD_LARGE_INTEGER {
///     ULONG LowPart;
///     LONG HighPart;
/// } OLD_LARGE_INTEGER;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OLD_LARGE_INTEGER {
    /// Low 32 bits.
    pub low_part: u32,
    /// High 32 bits.
    pub high_part: i32,
}

impl Ndr for OLD_LARGE_INTEGER {
    const ALIGN: Align = Align::new(4, 4);
    const MIN_SIZE: usize = 8;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.low_part.encode(e)?;
        self.high_part.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            low_part: Ndr::decode(d)?,
            high_part: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }
}

/// A hash of a password by the NT method ([MS-NRPC] 2.2.1.1.5).
///
/// ```idl
/// typedef struct _NT_OWF_PASSWORD {
///     CYPHER_BLOCK data[2];
/// } NT_OWF_PASSWORD;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NT_OWF_PASSWORD {
    /// Sixteen octets.
    pub data: [CYPHER_BLOCK; 2],
}

impl Ndr for NT_OWF_PASSWORD {
    const ALIGN: Align = Align::new(1, 1);
    const MIN_SIZE: usize = 16;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.data.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self { data: Ndr::decode(d)? };
        d.align64(Self::ALIGN);
        Ok(value)
    }
}

/// A hash of a password by the LAN Manager method ([MS-NRPC] 2.2.1.1.4).
///
/// ```idl
/// typedef struct _LM_OWF_PASSWORD {
///     CYPHER_BLOCK data[2];
/// } LM_OWF_PASSWORD;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LM_OWF_PASSWORD {
    /// Sixteen octets.
    pub data: [CYPHER_BLOCK; 2],
}

impl Ndr for LM_OWF_PASSWORD {
    const ALIGN: Align = Align::new(1, 1);
    const MIN_SIZE: usize = 16;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.data.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self { data: Ndr::decode(d)? };
        d.align64(Self::ALIGN);
        Ok(value)
    }
}

/// A challenge or a credential ([MS-NRPC] 2.2.1.3.4).
///
/// ```idl
/// typedef struct _NETLOGON_CREDENTIAL {
///     byte data[8];
/// } NETLOGON_CREDENTIAL;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NETLOGON_CREDENTIAL {
    /// Eight octets.
    pub data: [u8; 8],
}

impl Ndr for NETLOGON_CREDENTIAL {
    const ALIGN: Align = Align::new(1, 1);
    const MIN_SIZE: usize = 8;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.data.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self { data: Ndr::decode(d)? };
        d.align64(Self::ALIGN);
        Ok(value)
    }
}

/// Proof of the session key in a single call ([MS-NRPC] 2.2.1.1.6).
///
/// ```idl
/// typedef struct _NETLOGON_AUTHENTICATOR {
///     NETLOGON_CREDENTIAL Credential;
///     DWORD Timestamp;
/// } NETLOGON_AUTHENTICATOR;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NETLOGON_AUTHENTICATOR {
    /// The credential.
    pub credential: NETLOGON_CREDENTIAL,
    /// Seconds since 1970.
    pub timestamp: u32,
}

impl Ndr for NETLOGON_AUTHENTICATOR {
    const ALIGN: Align = Align::new(4, 4);
    const MIN_SIZE: usize = 12;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.credential.encode(e)?;
        self.timestamp.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            credential: Ndr::decode(d)?,
            timestamp: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }
}

/// Kind of secure channel ([MS-NRPC] 2.2.1.3.13).
///
/// ```idl
/// typedef enum _NETLOGON_SECURE_CHANNEL_TYPE {
///     NullSecureChannel = 0,
///     MsvApSecureChannel = 1,
///     WorkstationSecureChannel = 2,
///     TrustedDnsDomainSecureChannel = 3,
///     TrustedDomainSecureChannel = 4,
///     UasServerSecureChannel = 5,
///     ServerSecureChannel = 6,
///     CdcServerSecureChannel = 7
/// } NETLOGON_SECURE_CHANNEL_TYPE;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct NETLOGON_SECURE_CHANNEL_TYPE(pub u16);

impl NETLOGON_SECURE_CHANNEL_TYPE {
    pub const NULL_SECURE_CHANNEL: Self = Self(0);
    pub const MSV_AP_SECURE_CHANNEL: Self = Self(1);
    pub const WORKSTATION_SECURE_CHANNEL: Self = Self(2);
    pub const TRUSTED_DNS_DOMAIN_SECURE_CHANNEL: Self = Self(3);
    pub const TRUSTED_DOMAIN_SECURE_CHANNEL: Self = Self(4);
    pub const UAS_SERVER_SECURE_CHANNEL: Self = Self(5);
    pub const SERVER_SECURE_CHANNEL: Self = Self(6);
    pub const CDC_SERVER_SECURE_CHANNEL: Self = Self(7);
}

impl Ndr for NETLOGON_SECURE_CHANNEL_TYPE {
    const ALIGN: Align = Align::new(2, 4);
    const MIN_SIZE: usize = 2;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.enum16(self.0);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.enum16().map(Self)
    }
}

/// Flags of the channel ([MS-NRPC] 2.2.1.3.14).
///
/// ```idl
/// typedef [switch_type(DWORD)] union _NETLOGON_CAPABILITIES {
///     [case(1)] ULONG ServerCapabilities;
///     [case(2)] ULONG RequestedFlags;
/// } NETLOGON_CAPABILITIES;
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum NETLOGON_CAPABILITIES {
    /// Flags that the server negotiated.
    ServerCapabilities(u32),
    /// Flags that the client offered.
    RequestedFlags(u32),
}

impl Default for NETLOGON_CAPABILITIES {
    fn default() -> Self {
        Self::ServerCapabilities(Default::default())
    }
}

impl NETLOGON_CAPABILITIES {
    /// The discriminant.
    pub fn tag(&self) -> u32 {
        match self {
            Self::ServerCapabilities(_) => 1,
            Self::RequestedFlags(_) => 2,
        }
    }
}

impl ndr::Tagged for NETLOGON_CAPABILITIES {
    fn discriminant(&self) -> Option<i64> {
        Some(self.tag().into())
    }
}

impl Ndr for NETLOGON_CAPABILITIES {
    const ALIGN: Align = Align::new(4, 4);
    const MIN_SIZE: usize = 8;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align64(Self::ALIGN);
        self.tag().encode(e)?;
        e.align64(Align::new(4, 4));
        match self {
            Self::ServerCapabilities(value) => value.encode(e),
            Self::RequestedFlags(value) => value.encode(e),
        }
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align64(Self::ALIGN);
        let tag = u32::decode(d)?;
        d.align64(Align::new(4, 4));
        let value = match tag {
            1 => Self::ServerCapabilities(Ndr::decode(d)?),
            2 => Self::RequestedFlags(Ndr::decode(d)?),
            _ => return Err(d.no_arm(tag)),
        };
        Ok(value)
    }
}

/// Who logs on, from where ([MS-NRPC] 2.2.1.4.15).
///
/// ```idl
/// typedef struct _NETLOGON_LOGON_IDENTITY_INFO {
///     RPC_UNICODE_STRING LogonDomainName;
///     ULONG ParameterControl;
///     OLD_LARGE_INTEGER Reserved;
///     RPC_UNICODE_STRING UserName;
///     RPC_UNICODE_STRING Workstation;
/// } NETLOGON_LOGON_IDENTITY_INFO;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NETLOGON_LOGON_IDENTITY_INFO {
    /// Domain of the account.
    pub logon_domain_name: RPC_UNICODE_STRING,
    /// Which logons are allowed.
    pub parameter_control: u32,
    /// Zero.
    pub reserved: OLD_LARGE_INTEGER,
    /// The account.
    pub user_name: RPC_UNICODE_STRING,
    /// The client's computer.
    pub workstation: RPC_UNICODE_STRING,
}

impl Ndr for NETLOGON_LOGON_IDENTITY_INFO {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 36;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.logon_domain_name.encode(e)?;
        self.parameter_control.encode(e)?;
        self.reserved.encode(e)?;
        self.user_name.encode(e)?;
        self.workstation.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            logon_domain_name: Ndr::decode(d)?,
            parameter_control: Ndr::decode(d)?,
            reserved: Ndr::decode(d)?,
            user_name: Ndr::decode(d)?,
            workstation: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.logon_domain_name.encode_deferred(e)?;
        self.user_name.encode_deferred(e)?;
        self.workstation.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.logon_domain_name.decode_deferred(d)?;
        self.user_name.decode_deferred(d)?;
        self.workstation.decode_deferred(d)?;
        Ok(())
    }
}

/// An interactive logon ([MS-NRPC] 2.2.1.4.3).
///
/// ```idl
/// typedef struct _NETLOGON_INTERACTIVE_INFO {
///     NETLOGON_LOGON_IDENTITY_INFO Identity;
///     LM_OWF_PASSWORD LmOwfPassword;
///     NT_OWF_PASSWORD NtOwfPassword;
/// } NETLOGON_INTERACTIVE_INFO;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NETLOGON_INTERACTIVE_INFO {
    /// Who logs on.
    pub identity: NETLOGON_LOGON_IDENTITY_INFO,
    /// LAN Manager hash, encrypted.
    pub lm_owf_password: LM_OWF_PASSWORD,
    /// NT hash, encrypted.
    pub nt_owf_password: NT_OWF_PASSWORD,
}

impl Ndr for NETLOGON_INTERACTIVE_INFO {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 68;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.identity.encode(e)?;
        self.lm_owf_password.encode(e)?;
        self.nt_owf_password.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            identity: Ndr::decode(d)?,
            lm_owf_password: Ndr::decode(d)?,
            nt_owf_password: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.identity.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.identity.decode_deferred(d)?;
        Ok(())
    }
}

/// A logon of a service ([MS-NRPC] 2.2.1.4.4).
///
/// ```idl
/// typedef struct _NETLOGON_SERVICE_INFO {
///     NETLOGON_LOGON_IDENTITY_INFO Identity;
///     LM_OWF_PASSWORD LmOwfPassword;
///     NT_OWF_PASSWORD NtOwfPassword;
/// } NETLOGON_SERVICE_INFO;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NETLOGON_SERVICE_INFO {
    /// Who logs on.
    pub identity: NETLOGON_LOGON_IDENTITY_INFO,
    /// LAN Manager hash, encrypted.
    pub lm_owf_password: LM_OWF_PASSWORD,
    /// NT hash, encrypted.
    pub nt_owf_password: NT_OWF_PASSWORD,
}

impl Ndr for NETLOGON_SERVICE_INFO {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 68;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.identity.encode(e)?;
        self.lm_owf_password.encode(e)?;
        self.nt_owf_password.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            identity: Ndr::decode(d)?,
            lm_owf_password: Ndr::decode(d)?,
            nt_owf_password: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.identity.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.identity.decode_deferred(d)?;
        Ok(())
    }
}

/// The challenge that an NTLM server sent ([MS-NRPC] 2.2.1.4.1).
///
/// ```idl
/// typedef struct _LM_CHALLENGE {
///     byte data[8];
/// } LM_CHALLENGE;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LM_CHALLENGE {
    /// Eight octets.
    pub data: [u8; 8],
}

impl Ndr for LM_CHALLENGE {
    const ALIGN: Align = Align::new(1, 1);
    const MIN_SIZE: usize = 8;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.data.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self { data: Ndr::decode(d)? };
        d.align64(Self::ALIGN);
        Ok(value)
    }
}

/// A logon by NTLM over the network ([MS-NRPC] 2.2.1.4.5).
///
/// ```idl
/// typedef struct _NETLOGON_NETWORK_INFO {
///     NETLOGON_LOGON_IDENTITY_INFO Identity;
///     LM_CHALLENGE LmChallenge;
///     STRING NtChallengeResponse;
///     STRING LmChallengeResponse;
/// } NETLOGON_NETWORK_INFO;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NETLOGON_NETWORK_INFO {
    /// Who logs on.
    pub identity: NETLOGON_LOGON_IDENTITY_INFO,
    /// The server's challenge.
    pub lm_challenge: LM_CHALLENGE,
    /// NtChallengeResponse of the AUTHENTICATE message.
    pub nt_challenge_response: STRING,
    /// LmChallengeResponse of the AUTHENTICATE message.
    pub lm_challenge_response: STRING,
}

impl Ndr for NETLOGON_NETWORK_INFO {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 60;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.identity.encode(e)?;
        self.lm_challenge.encode(e)?;
        self.nt_challenge_response.encode(e)?;
        self.lm_challenge_response.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            identity: Ndr::decode(d)?,
            lm_challenge: Ndr::decode(d)?,
            nt_challenge_response: Ndr::decode(d)?,
            lm_challenge_response: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.identity.encode_deferred(e)?;
        self.nt_challenge_response.encode_deferred(e)?;
        self.lm_challenge_response.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.identity.decode_deferred(d)?;
        self.nt_challenge_response.decode_deferred(d)?;
        self.lm_challenge_response.decode_deferred(d)?;
        Ok(())
    }
}

/// A message to a security package of the domain controller ([MS-NRPC] 2.2.1.4.2).
///
/// ```idl
/// typedef struct _NETLOGON_GENERIC_INFO {
///     NETLOGON_LOGON_IDENTITY_INFO Identity;
///     RPC_UNICODE_STRING PackageName;
///     ULONG DataLength;
///     [size_is(DataLength)] UCHAR *LogonData;
/// } NETLOGON_GENERIC_INFO;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NETLOGON_GENERIC_INFO {
    /// Who logs on.
    pub identity: NETLOGON_LOGON_IDENTITY_INFO,
    /// The package.
    pub package_name: RPC_UNICODE_STRING,
    /// Length of the message.
    pub data_length: u32,
    /// The message.
    pub logon_data: Option<Vec<u8>>,
}

impl NETLOGON_GENERIC_INFO {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("LogonData", num(self.data_length), &self.logon_data)?;
        Ok(())
    }
}

impl Ndr for NETLOGON_GENERIC_INFO {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 52;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.identity.encode(e)?;
        self.package_name.encode(e)?;
        self.data_length.encode(e)?;
        self.logon_data.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            identity: Ndr::decode(d)?,
            package_name: Ndr::decode(d)?,
            data_length: Ndr::decode(d)?,
            logon_data: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.identity.encode_deferred(e)?;
        self.package_name.encode_deferred(e)?;
        self.logon_data.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.identity.decode_deferred(d)?;
        self.package_name.decode_deferred(d)?;
        self.logon_data.decode_deferred(d)?;
        Ok(self.validate()?)
    }
}

/// Kind of logon ([MS-NRPC] 2.2.1.4.16).
///
/// ```idl
/// typedef enum _NETLOGON_LOGON_INFO_CLASS {
///     NetlogonInteractiveInformation = 1,
///     NetlogonNetworkInformation = 2,
///     NetlogonServiceInformation = 3,
///     NetlogonGenericInformation = 4,
///     NetlogonInteractiveTransitiveInformation = 5,
///     NetlogonNetworkTransitiveInformation = 6,
///     NetlogonServiceTransitiveInformation = 7
/// } NETLOGON_LOGON_INFO_CLASS;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct NETLOGON_LOGON_INFO_CLASS(pub u16);

impl NETLOGON_LOGON_INFO_CLASS {
    pub const NETLOGON_INTERACTIVE_INFORMATION: Self = Self(1);
    pub const NETLOGON_NETWORK_INFORMATION: Self = Self(2);
    pub const NETLOGON_SERVICE_INFORMATION: Self = Self(3);
    pub const NETLOGON_GENERIC_INFORMATION: Self = Self(4);
    pub const NETLOGON_INTERACTIVE_TRANSITIVE_INFORMATION: Self = Self(5);
    pub const NETLOGON_NETWORK_TRANSITIVE_INFORMATION: Self = Self(6);
    pub const NETLOGON_SERVICE_TRANSITIVE_INFORMATION: Self = Self(7);
}

impl Ndr for NETLOGON_LOGON_INFO_CLASS {
    const ALIGN: Align = Align::new(2, 4);
    const MIN_SIZE: usize = 2;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.enum16(self.0);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.enum16().map(Self)
    }
}

/// Kind of answer to a logon ([MS-NRPC] 2.2.1.4.17).
///
/// ```idl
/// typedef enum _NETLOGON_VALIDATION_INFO_CLASS {
///     NetlogonValidationUasInfo = 1,
///     NetlogonValidationSamInfo = 2,
///     NetlogonValidationSamInfo2 = 3,
///     NetlogonValidationGenericInfo = 4,
///     NetlogonValidationGenericInfo2 = 5,
///     NetlogonValidationSamInfo4 = 6
/// } NETLOGON_VALIDATION_INFO_CLASS;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct NETLOGON_VALIDATION_INFO_CLASS(pub u16);

impl NETLOGON_VALIDATION_INFO_CLASS {
    pub const NETLOGON_VALIDATION_UAS_INFO: Self = Self(1);
    pub const NETLOGON_VALIDATION_SAM_INFO: Self = Self(2);
    pub const NETLOGON_VALIDATION_SAM_INFO2: Self = Self(3);
    pub const NETLOGON_VALIDATION_GENERIC_INFO: Self = Self(4);
    pub const NETLOGON_VALIDATION_GENERIC_INFO2: Self = Self(5);
    pub const NETLOGON_VALIDATION_SAM_INFO4: Self = Self(6);
}

impl Ndr for NETLOGON_VALIDATION_INFO_CLASS {
    const ALIGN: Align = Align::new(2, 4);
    const MIN_SIZE: usize = 2;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.enum16(self.0);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.enum16().map(Self)
    }
}

/// Membership of any group ([MS-NRPC] 2.2.1.4.7).
///
/// ```idl
/// typedef struct _NETLOGON_SID_AND_ATTRIBUTES {
///     PRPC_SID Sid;
///     ULONG Attributes;
/// } NETLOGON_SID_AND_ATTRIBUTES, *PNETLOGON_SID_AND_ATTRIBUTES;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NETLOGON_SID_AND_ATTRIBUTES {
    /// SID of the group.
    pub sid: Option<Box<RPC_SID>>,
    /// SE_GROUP_*.
    pub attributes: u32,
}

impl Ndr for NETLOGON_SID_AND_ATTRIBUTES {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 8;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.sid.encode(e)?;
        self.attributes.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            sid: Ndr::decode(d)?,
            attributes: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.sid.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.sid.decode_deferred(d)?;
        Ok(())
    }
}

/// An account after its logon, without extra SIDs ([MS-NRPC] 2.2.1.4.11).
///
/// ```idl
/// typedef struct _NETLOGON_VALIDATION_SAM_INFO {
///     OLD_LARGE_INTEGER LogonTime;
///     OLD_LARGE_INTEGER LogoffTime;
///     OLD_LARGE_INTEGER KickOffTime;
///     OLD_LARGE_INTEGER PasswordLastSet;
///     OLD_LARGE_INTEGER PasswordCanChange;
///     OLD_LARGE_INTEGER PasswordMustChange;
///     RPC_UNICODE_STRING EffectiveName;
///     RPC_UNICODE_STRING FullName;
///     RPC_UNICODE_STRING LogonScript;
///     RPC_UNICODE_STRING ProfilePath;
///     RPC_UNICODE_STRING HomeDirectory;
///     RPC_UNICODE_STRING HomeDirectoryDrive;
///     USHORT LogonCount;
///     USHORT BadPasswordCount;
///     ULONG UserId;
///     ULONG PrimaryGroupId;
///     [range(0, 2048)] ULONG GroupCount;
///     [size_is(GroupCount)] PGROUP_MEMBERSHIP GroupIds;
///     ULONG UserFlags;
///     USER_SESSION_KEY UserSessionKey;
///     RPC_UNICODE_STRING LogonServer;
///     RPC_UNICODE_STRING LogonDomainName;
///     PRPC_SID LogonDomainId;
///     ULONG ExpansionRoom[10];
/// } NETLOGON_VALIDATION_SAM_INFO;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NETLOGON_VALIDATION_SAM_INFO {
    /// Time of the logon.
    pub logon_time: OLD_LARGE_INTEGER,
    /// End of the session.
    pub logoff_time: OLD_LARGE_INTEGER,
    /// When the account is to be logged off by force.
    pub kick_off_time: OLD_LARGE_INTEGER,
    /// When the password was set.
    pub password_last_set: OLD_LARGE_INTEGER,
    /// From when the password may be changed.
    pub password_can_change: OLD_LARGE_INTEGER,
    /// When the password expires.
    pub password_must_change: OLD_LARGE_INTEGER,
    /// sAMAccountName.
    pub effective_name: RPC_UNICODE_STRING,
    /// Full name.
    pub full_name: RPC_UNICODE_STRING,
    /// Logon script.
    pub logon_script: RPC_UNICODE_STRING,
    /// Profile path.
    pub profile_path: RPC_UNICODE_STRING,
    /// Home directory.
    pub home_directory: RPC_UNICODE_STRING,
    /// Drive of the home directory.
    pub home_directory_drive: RPC_UNICODE_STRING,
    /// Number of logons.
    pub logon_count: u16,
    /// Number of wrong passwords.
    pub bad_password_count: u16,
    /// RID of the account; zero: the first extra SID is the account.
    pub user_id: u32,
    /// RID of the primary group.
    pub primary_group_id: u32,
    /// Number of groups of the account's domain.
    pub group_count: u32,
    /// Groups of the account's domain.
    pub group_ids: Option<Vec<GROUP_MEMBERSHIP>>,
    /// LOGON_*.
    pub user_flags: u32,
    /// The session key.
    pub user_session_key: USER_SESSION_KEY,
    /// NetBIOS name of the domain controller.
    pub logon_server: RPC_UNICODE_STRING,
    /// NetBIOS name of the account's domain.
    pub logon_domain_name: RPC_UNICODE_STRING,
    /// SID of the account's domain.
    pub logon_domain_id: Option<Box<RPC_SID>>,
    /// Unused.
    pub expansion_room: [u32; 10],
}

impl NETLOGON_VALIDATION_SAM_INFO {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::range("GroupCount", num(self.group_count), 0, 2048)?;
        ndr::size_is("GroupIds", num(self.group_count), &self.group_ids)?;
        Ok(())
    }
}

impl Ndr for NETLOGON_VALIDATION_SAM_INFO {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 196;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.logon_time.encode(e)?;
        self.logoff_time.encode(e)?;
        self.kick_off_time.encode(e)?;
        self.password_last_set.encode(e)?;
        self.password_can_change.encode(e)?;
        self.password_must_change.encode(e)?;
        self.effective_name.encode(e)?;
        self.full_name.encode(e)?;
        self.logon_script.encode(e)?;
        self.profile_path.encode(e)?;
        self.home_directory.encode(e)?;
        self.home_directory_drive.encode(e)?;
        self.logon_count.encode(e)?;
        self.bad_password_count.encode(e)?;
        self.user_id.encode(e)?;
        self.primary_group_id.encode(e)?;
        self.group_count.encode(e)?;
        self.group_ids.encode(e)?;
        self.user_flags.encode(e)?;
        self.user_session_key.encode(e)?;
        self.logon_server.encode(e)?;
        self.logon_domain_name.encode(e)?;
        self.logon_domain_id.encode(e)?;
        self.expansion_room.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            logon_time: Ndr::decode(d)?,
            logoff_time: Ndr::decode(d)?,
            kick_off_time: Ndr::decode(d)?,
            password_last_set: Ndr::decode(d)?,
            password_can_change: Ndr::decode(d)?,
            password_must_change: Ndr::decode(d)?,
            effective_name: Ndr::decode(d)?,
            full_name: Ndr::decode(d)?,
            logon_script: Ndr::decode(d)?,
            profile_path: Ndr::decode(d)?,
            home_directory: Ndr::decode(d)?,
            home_directory_drive: Ndr::decode(d)?,
            logon_count: Ndr::decode(d)?,
            bad_password_count: Ndr::decode(d)?,
            user_id: Ndr::decode(d)?,
            primary_group_id: Ndr::decode(d)?,
            group_count: Ndr::decode(d)?,
            group_ids: Ndr::decode(d)?,
            user_flags: Ndr::decode(d)?,
            user_session_key: Ndr::decode(d)?,
            logon_server: Ndr::decode(d)?,
            logon_domain_name: Ndr::decode(d)?,
            logon_domain_id: Ndr::decode(d)?,
            expansion_room: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.effective_name.encode_deferred(e)?;
        self.full_name.encode_deferred(e)?;
        self.logon_script.encode_deferred(e)?;
        self.profile_path.encode_deferred(e)?;
        self.home_directory.encode_deferred(e)?;
        self.home_directory_drive.encode_deferred(e)?;
        self.group_ids.encode_deferred(e)?;
        self.logon_server.encode_deferred(e)?;
        self.logon_domain_name.encode_deferred(e)?;
        self.logon_domain_id.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.effective_name.decode_deferred(d)?;
        self.full_name.decode_deferred(d)?;
        self.logon_script.decode_deferred(d)?;
        self.profile_path.decode_deferred(d)?;
        self.home_directory.decode_deferred(d)?;
        self.home_directory_drive.decode_deferred(d)?;
        self.group_ids.decode_deferred(d)?;
        self.logon_server.decode_deferred(d)?;
        self.logon_domain_name.decode_deferred(d)?;
        self.logon_domain_id.decode_deferred(d)?;
        Ok(self.validate()?)
    }
}

/// An account after its logon ([MS-NRPC] 2.2.1.4.12).
///
/// ```idl
/// typedef struct _NETLOGON_VALIDATION_SAM_INFO2 {
///     OLD_LARGE_INTEGER LogonTime;
///     OLD_LARGE_INTEGER LogoffTime;
///     OLD_LARGE_INTEGER KickOffTime;
///     OLD_LARGE_INTEGER PasswordLastSet;
///     OLD_LARGE_INTEGER PasswordCanChange;
///     OLD_LARGE_INTEGER PasswordMustChange;
///     RPC_UNICODE_STRING EffectiveName;
///     RPC_UNICODE_STRING FullName;
///     RPC_UNICODE_STRING LogonScript;
///     RPC_UNICODE_STRING ProfilePath;
///     RPC_UNICODE_STRING HomeDirectory;
///     RPC_UNICODE_STRING HomeDirectoryDrive;
///     USHORT LogonCount;
///     USHORT BadPasswordCount;
///     ULONG UserId;
///     ULONG PrimaryGroupId;
///     [range(0, 2048)] ULONG GroupCount;
///     [size_is(GroupCount)] PGROUP_MEMBERSHIP GroupIds;
///     ULONG UserFlags;
///     USER_SESSION_KEY UserSessionKey;
///     RPC_UNICODE_STRING LogonServer;
///     RPC_UNICODE_STRING LogonDomainName;
///     PRPC_SID LogonDomainId;
///     ULONG ExpansionRoom[10];
///     [range(0, 2048)] ULONG SidCount;
///     [size_is(SidCount)] PNETLOGON_SID_AND_ATTRIBUTES ExtraSids;
/// } NETLOGON_VALIDATION_SAM_INFO2;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NETLOGON_VALIDATION_SAM_INFO2 {
    /// Time of the logon.
    pub logon_time: OLD_LARGE_INTEGER,
    /// End of the session.
    pub logoff_time: OLD_LARGE_INTEGER,
    /// When the account is to be logged off by force.
    pub kick_off_time: OLD_LARGE_INTEGER,
    /// When the password was set.
    pub password_last_set: OLD_LARGE_INTEGER,
    /// From when the password may be changed.
    pub password_can_change: OLD_LARGE_INTEGER,
    /// When the password expires.
    pub password_must_change: OLD_LARGE_INTEGER,
    /// sAMAccountName.
    pub effective_name: RPC_UNICODE_STRING,
    /// Full name.
    pub full_name: RPC_UNICODE_STRING,
    /// Logon script.
    pub logon_script: RPC_UNICODE_STRING,
    /// Profile path.
    pub profile_path: RPC_UNICODE_STRING,
    /// Home directory.
    pub home_directory: RPC_UNICODE_STRING,
    /// Drive of the home directory.
    pub home_directory_drive: RPC_UNICODE_STRING,
    /// Number of logons.
    pub logon_count: u16,
    /// Number of wrong passwords.
    pub bad_password_count: u16,
    /// RID of the account; zero: the first extra SID is the account.
    pub user_id: u32,
    /// RID of the primary group.
    pub primary_group_id: u32,
    /// Number of groups of the account's domain.
    pub group_count: u32,
    /// Groups of the account's domain.
    pub group_ids: Option<Vec<GROUP_MEMBERSHIP>>,
    /// LOGON_*.
    pub user_flags: u32,
    /// The session key.
    pub user_session_key: USER_SESSION_KEY,
    /// NetBIOS name of the domain controller.
    pub logon_server: RPC_UNICODE_STRING,
    /// NetBIOS name of the account's domain.
    pub logon_domain_name: RPC_UNICODE_STRING,
    /// SID of the account's domain.
    pub logon_domain_id: Option<Box<RPC_SID>>,
    /// Unused.
    pub expansion_room: [u32; 10],
    /// Number of extra SIDs.
    pub sid_count: u32,
    /// Groups of other domains, and well-known ones.
    pub extra_sids: Option<Vec<NETLOGON_SID_AND_ATTRIBUTES>>,
}

impl NETLOGON_VALIDATION_SAM_INFO2 {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::range("GroupCount", num(self.group_count), 0, 2048)?;
        ndr::size_is("GroupIds", num(self.group_count), &self.group_ids)?;
        ndr::range("SidCount", num(self.sid_count), 0, 2048)?;
        ndr::size_is("ExtraSids", num(self.sid_count), &self.extra_sids)?;
        Ok(())
    }
}

impl Ndr for NETLOGON_VALIDATION_SAM_INFO2 {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 204;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.logon_time.encode(e)?;
        self.logoff_time.encode(e)?;
        self.kick_off_time.encode(e)?;
        self.password_last_set.encode(e)?;
        self.password_can_change.encode(e)?;
        self.password_must_change.encode(e)?;
        self.effective_name.encode(e)?;
        self.full_name.encode(e)?;
        self.logon_script.encode(e)?;
        self.profile_path.encode(e)?;
        self.home_directory.encode(e)?;
        self.home_directory_drive.encode(e)?;
        self.logon_count.encode(e)?;
        self.bad_password_count.encode(e)?;
        self.user_id.encode(e)?;
        self.primary_group_id.encode(e)?;
        self.group_count.encode(e)?;
        self.group_ids.encode(e)?;
        self.user_flags.encode(e)?;
        self.user_session_key.encode(e)?;
        self.logon_server.encode(e)?;
        self.logon_domain_name.encode(e)?;
        self.logon_domain_id.encode(e)?;
        self.expansion_room.encode(e)?;
        self.sid_count.encode(e)?;
        self.extra_sids.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            logon_time: Ndr::decode(d)?,
            logoff_time: Ndr::decode(d)?,
            kick_off_time: Ndr::decode(d)?,
            password_last_set: Ndr::decode(d)?,
            password_can_change: Ndr::decode(d)?,
            password_must_change: Ndr::decode(d)?,
            effective_name: Ndr::decode(d)?,
            full_name: Ndr::decode(d)?,
            logon_script: Ndr::decode(d)?,
            profile_path: Ndr::decode(d)?,
            home_directory: Ndr::decode(d)?,
            home_directory_drive: Ndr::decode(d)?,
            logon_count: Ndr::decode(d)?,
            bad_password_count: Ndr::decode(d)?,
            user_id: Ndr::decode(d)?,
            primary_group_id: Ndr::decode(d)?,
            group_count: Ndr::decode(d)?,
            group_ids: Ndr::decode(d)?,
            user_flags: Ndr::decode(d)?,
            user_session_key: Ndr::decode(d)?,
            logon_server: Ndr::decode(d)?,
            logon_domain_name: Ndr::decode(d)?,
            logon_domain_id: Ndr::decode(d)?,
            expansion_room: Ndr::decode(d)?,
            sid_count: Ndr::decode(d)?,
            extra_sids: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.effective_name.encode_deferred(e)?;
        self.full_name.encode_deferred(e)?;
        self.logon_script.encode_deferred(e)?;
        self.profile_path.encode_deferred(e)?;
        self.home_directory.encode_deferred(e)?;
        self.home_directory_drive.encode_deferred(e)?;
        self.group_ids.encode_deferred(e)?;
        self.logon_server.encode_deferred(e)?;
        self.logon_domain_name.encode_deferred(e)?;
        self.logon_domain_id.encode_deferred(e)?;
        self.extra_sids.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.effective_name.decode_deferred(d)?;
        self.full_name.decode_deferred(d)?;
        self.logon_script.decode_deferred(d)?;
        self.profile_path.decode_deferred(d)?;
        self.home_directory.decode_deferred(d)?;
        self.home_directory_drive.decode_deferred(d)?;
        self.group_ids.decode_deferred(d)?;
        self.logon_server.decode_deferred(d)?;
        self.logon_domain_name.decode_deferred(d)?;
        self.logon_domain_id.decode_deferred(d)?;
        self.extra_sids.decode_deferred(d)?;
        Ok(self.validate()?)
    }
}

/// An account after its logon, with its DNS names ([MS-NRPC] 2.2.1.4.13).
///
/// ```idl
/// typedef struct _NETLOGON_VALIDATION_SAM_INFO4 {
///     OLD_LARGE_INTEGER LogonTime;
///     OLD_LARGE_INTEGER LogoffTime;
///     OLD_LARGE_INTEGER KickOffTime;
///     OLD_LARGE_INTEGER PasswordLastSet;
///     OLD_LARGE_INTEGER PasswordCanChange;
///     OLD_LARGE_INTEGER PasswordMustChange;
///     RPC_UNICODE_STRING EffectiveName;
///     RPC_UNICODE_STRING FullName;
///     RPC_UNICODE_STRING LogonScript;
///     RPC_UNICODE_STRING ProfilePath;
///     RPC_UNICODE_STRING HomeDirectory;
///     RPC_UNICODE_STRING HomeDirectoryDrive;
///     USHORT LogonCount;
///     USHORT BadPasswordCount;
///     ULONG UserId;
///     ULONG PrimaryGroupId;
///     [range(0, 2048)] ULONG GroupCount;
///     [size_is(GroupCount)] PGROUP_MEMBERSHIP GroupIds;
///     ULONG UserFlags;
///     USER_SESSION_KEY UserSessionKey;
///     RPC_UNICODE_STRING LogonServer;
///     RPC_UNICODE_STRING LogonDomainName;
///     PRPC_SID LogonDomainId;
///     unsigned char LMKey[8];
///     ULONG UserAccountControl;
///     ULONG SubAuthStatus;
///     OLD_LARGE_INTEGER LastSuccessfulILogon;
///     OLD_LARGE_INTEGER LastFailedILogon;
///     ULONG FailedILogonCount;
///     ULONG Reserved4[1];
///     [range(0, 2048)] ULONG SidCount;
///     [size_is(SidCount)] PNETLOGON_SID_AND_ATTRIBUTES ExtraSids;
///     RPC_UNICODE_STRING DnsLogonDomainName;
///     RPC_UNICODE_STRING Upn;
///     RPC_UNICODE_STRING ExpansionString1;
///     RPC_UNICODE_STRING ExpansionString2;
///     RPC_UNICODE_STRING ExpansionString3;
///     RPC_UNICODE_STRING ExpansionString4;
///     RPC_UNICODE_STRING ExpansionString5;
///     RPC_UNICODE_STRING ExpansionString6;
///     RPC_UNICODE_STRING ExpansionString7;
///     RPC_UNICODE_STRING ExpansionString8;
///     RPC_UNICODE_STRING ExpansionString9;
///     RPC_UNICODE_STRING ExpansionString10;
/// } NETLOGON_VALIDATION_SAM_INFO4;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NETLOGON_VALIDATION_SAM_INFO4 {
    /// Time of the logon.
    pub logon_time: OLD_LARGE_INTEGER,
    /// End of the session.
    pub logoff_time: OLD_LARGE_INTEGER,
    /// When the account is to be logged off by force.
    pub kick_off_time: OLD_LARGE_INTEGER,
    /// When the password was set.
    pub password_last_set: OLD_LARGE_INTEGER,
    /// From when the password may be changed.
    pub password_can_change: OLD_LARGE_INTEGER,
    /// When the password expires.
    pub password_must_change: OLD_LARGE_INTEGER,
    /// sAMAccountName.
    pub effective_name: RPC_UNICODE_STRING,
    /// Full name.
    pub full_name: RPC_UNICODE_STRING,
    /// Logon script.
    pub logon_script: RPC_UNICODE_STRING,
    /// Profile path.
    pub profile_path: RPC_UNICODE_STRING,
    /// Home directory.
    pub home_directory: RPC_UNICODE_STRING,
    /// Drive of the home directory.
    pub home_directory_drive: RPC_UNICODE_STRING,
    /// Number of logons.
    pub logon_count: u16,
    /// Number of wrong passwords.
    pub bad_password_count: u16,
    /// RID of the account; zero: the first extra SID is the account.
    pub user_id: u32,
    /// RID of the primary group.
    pub primary_group_id: u32,
    /// Number of groups of the account's domain.
    pub group_count: u32,
    /// Groups of the account's domain.
    pub group_ids: Option<Vec<GROUP_MEMBERSHIP>>,
    /// LOGON_*.
    pub user_flags: u32,
    /// The session key.
    pub user_session_key: USER_SESSION_KEY,
    /// NetBIOS name of the domain controller.
    pub logon_server: RPC_UNICODE_STRING,
    /// NetBIOS name of the account's domain.
    pub logon_domain_name: RPC_UNICODE_STRING,
    /// SID of the account's domain.
    pub logon_domain_id: Option<Box<RPC_SID>>,
    /// First half of the LAN Manager session key.
    pub lm_key: [u8; 8],
    /// USER_*.
    pub user_account_control: u32,
    /// Status of a sub-authentication package.
    pub sub_auth_status: u32,
    /// Last successful interactive logon.
    pub last_successful_i_logon: OLD_LARGE_INTEGER,
    /// Last failed interactive logon.
    pub last_failed_i_logon: OLD_LARGE_INTEGER,
    /// Failed interactive logons since the last successful one.
    pub failed_i_logon_count: u32,
    /// Unused.
    pub reserved4: [u32; 1],
    /// Number of extra SIDs.
    pub sid_count: u32,
    /// Groups of other domains, and well-known ones.
    pub extra_sids: Option<Vec<NETLOGON_SID_AND_ATTRIBUTES>>,
    /// DNS name of the account's domain.
    pub dns_logon_domain_name: RPC_UNICODE_STRING,
    /// User principal name.
    pub upn: RPC_UNICODE_STRING,
    /// Empty.
    pub expansion_string1: RPC_UNICODE_STRING,
    /// Empty.
    pub expansion_string2: RPC_UNICODE_STRING,
    /// Empty.
    pub expansion_string3: RPC_UNICODE_STRING,
    /// Empty.
    pub expansion_string4: RPC_UNICODE_STRING,
    /// Empty.
    pub expansion_string5: RPC_UNICODE_STRING,
    /// Empty.
    pub expansion_string6: RPC_UNICODE_STRING,
    /// Empty.
    pub expansion_string7: RPC_UNICODE_STRING,
    /// Empty.
    pub expansion_string8: RPC_UNICODE_STRING,
    /// Empty.
    pub expansion_string9: RPC_UNICODE_STRING,
    /// Empty.
    pub expansion_string10: RPC_UNICODE_STRING,
}

impl NETLOGON_VALIDATION_SAM_INFO4 {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::range("GroupCount", num(self.group_count), 0, 2048)?;
        ndr::size_is("GroupIds", num(self.group_count), &self.group_ids)?;
        ndr::range("SidCount", num(self.sid_count), 0, 2048)?;
        ndr::size_is("ExtraSids", num(self.sid_count), &self.extra_sids)?;
        Ok(())
    }
}

impl Ndr for NETLOGON_VALIDATION_SAM_INFO4 {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 300;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.logon_time.encode(e)?;
        self.logoff_time.encode(e)?;
        self.kick_off_time.encode(e)?;
        self.password_last_set.encode(e)?;
        self.password_can_change.encode(e)?;
        self.password_must_change.encode(e)?;
        self.effective_name.encode(e)?;
        self.full_name.encode(e)?;
        self.logon_script.encode(e)?;
        self.profile_path.encode(e)?;
        self.home_directory.encode(e)?;
        self.home_directory_drive.encode(e)?;
        self.logon_count.encode(e)?;
        self.bad_password_count.encode(e)?;
        self.user_id.encode(e)?;
        self.primary_group_id.encode(e)?;
        self.group_count.encode(e)?;
        self.group_ids.encode(e)?;
        self.user_flags.encode(e)?;
        self.user_session_key.encode(e)?;
        self.logon_server.encode(e)?;
        self.logon_domain_name.encode(e)?;
        self.logon_domain_id.encode(e)?;
        self.lm_key.encode(e)?;
        self.user_account_control.encode(e)?;
        self.sub_auth_status.encode(e)?;
        self.last_successful_i_logon.encode(e)?;
        self.last_failed_i_logon.encode(e)?;
        self.failed_i_logon_count.encode(e)?;
        self.reserved4.encode(e)?;
        self.sid_count.encode(e)?;
        self.extra_sids.encode(e)?;
        self.dns_logon_domain_name.encode(e)?;
        self.upn.encode(e)?;
        self.expansion_string1.encode(e)?;
        self.expansion_string2.encode(e)?;
        self.expansion_string3.encode(e)?;
        self.expansion_string4.encode(e)?;
        self.expansion_string5.encode(e)?;
        self.expansion_string6.encode(e)?;
        self.expansion_string7.encode(e)?;
        self.expansion_string8.encode(e)?;
        self.expansion_string9.encode(e)?;
        self.expansion_string10.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            logon_time: Ndr::decode(d)?,
            logoff_time: Ndr::decode(d)?,
            kick_off_time: Ndr::decode(d)?,
            password_last_set: Ndr::decode(d)?,
            password_can_change: Ndr::decode(d)?,
            password_must_change: Ndr::decode(d)?,
            effective_name: Ndr::decode(d)?,
            full_name: Ndr::decode(d)?,
            logon_script: Ndr::decode(d)?,
            profile_path: Ndr::decode(d)?,
            home_directory: Ndr::decode(d)?,
            home_directory_drive: Ndr::decode(d)?,
            logon_count: Ndr::decode(d)?,
            bad_password_count: Ndr::decode(d)?,
            user_id: Ndr::decode(d)?,
            primary_group_id: Ndr::decode(d)?,
            group_count: Ndr::decode(d)?,
            group_ids: Ndr::decode(d)?,
            user_flags: Ndr::decode(d)?,
            user_session_key: Ndr::decode(d)?,
            logon_server: Ndr::decode(d)?,
            logon_domain_name: Ndr::decode(d)?,
            logon_domain_id: Ndr::decode(d)?,
            lm_key: Ndr::decode(d)?,
            user_account_control: Ndr::decode(d)?,
            sub_auth_status: Ndr::decode(d)?,
            last_successful_i_logon: Ndr::decode(d)?,
            last_failed_i_logon: Ndr::decode(d)?,
            failed_i_logon_count: Ndr::decode(d)?,
            reserved4: Ndr::decode(d)?,
            sid_count: Ndr::decode(d)?,
            extra_sids: Ndr::decode(d)?,
            dns_logon_domain_name: Ndr::decode(d)?,
            upn: Ndr::decode(d)?,
            expansion_string1: Ndr::decode(d)?,
            expansion_string2: Ndr::decode(d)?,
            expansion_string3: Ndr::decode(d)?,
            expansion_string4: Ndr::decode(d)?,
            expansion_string5: Ndr::decode(d)?,
            expansion_string6: Ndr::decode(d)?,
            expansion_string7: Ndr::decode(d)?,
            expansion_string8: Ndr::decode(d)?,
            expansion_string9: Ndr::decode(d)?,
            expansion_string10: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.effective_name.encode_deferred(e)?;
        self.full_name.encode_deferred(e)?;
        self.logon_script.encode_deferred(e)?;
        self.profile_path.encode_deferred(e)?;
        self.home_directory.encode_deferred(e)?;
        self.home_directory_drive.encode_deferred(e)?;
        self.group_ids.encode_deferred(e)?;
        self.logon_server.encode_deferred(e)?;
        self.logon_domain_name.encode_deferred(e)?;
        self.logon_domain_id.encode_deferred(e)?;
        self.extra_sids.encode_deferred(e)?;
        self.dns_logon_domain_name.encode_deferred(e)?;
        self.upn.encode_deferred(e)?;
        self.expansion_string1.encode_deferred(e)?;
        self.expansion_string2.encode_deferred(e)?;
        self.expansion_string3.encode_deferred(e)?;
        self.expansion_string4.encode_deferred(e)?;
        self.expansion_string5.encode_deferred(e)?;
        self.expansion_string6.encode_deferred(e)?;
        self.expansion_string7.encode_deferred(e)?;
        self.expansion_string8.encode_deferred(e)?;
        self.expansion_string9.encode_deferred(e)?;
        self.expansion_string10.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.effective_name.decode_deferred(d)?;
        self.full_name.decode_deferred(d)?;
        self.logon_script.decode_deferred(d)?;
        self.profile_path.decode_deferred(d)?;
        self.home_directory.decode_deferred(d)?;
        self.home_directory_drive.decode_deferred(d)?;
        self.group_ids.decode_deferred(d)?;
        self.logon_server.decode_deferred(d)?;
        self.logon_domain_name.decode_deferred(d)?;
        self.logon_domain_id.decode_deferred(d)?;
        self.extra_sids.decode_deferred(d)?;
        self.dns_logon_domain_name.decode_deferred(d)?;
        self.upn.decode_deferred(d)?;
        self.expansion_string1.decode_deferred(d)?;
        self.expansion_string2.decode_deferred(d)?;
        self.expansion_string3.decode_deferred(d)?;
        self.expansion_string4.decode_deferred(d)?;
        self.expansion_string5.decode_deferred(d)?;
        self.expansion_string6.decode_deferred(d)?;
        self.expansion_string7.decode_deferred(d)?;
        self.expansion_string8.decode_deferred(d)?;
        self.expansion_string9.decode_deferred(d)?;
        self.expansion_string10.decode_deferred(d)?;
        Ok(self.validate()?)
    }
}

/// Answer of a security package ([MS-NRPC] 2.2.1.4.8).
///
/// ```idl
/// typedef struct _NETLOGON_VALIDATION_GENERIC_INFO2 {
///     ULONG DataLength;
///     [size_is(DataLength)] UCHAR *ValidationData;
/// } NETLOGON_VALIDATION_GENERIC_INFO2;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NETLOGON_VALIDATION_GENERIC_INFO2 {
    /// Length of the answer.
    pub data_length: u32,
    /// The answer.
    pub validation_data: Option<Vec<u8>>,
}

impl NETLOGON_VALIDATION_GENERIC_INFO2 {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("ValidationData", num(self.data_length), &self.validation_data)?;
        Ok(())
    }
}

impl Ndr for NETLOGON_VALIDATION_GENERIC_INFO2 {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 8;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.data_length.encode(e)?;
        self.validation_data.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            data_length: Ndr::decode(d)?,
            validation_data: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validation_data.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.validation_data.decode_deferred(d)?;
        Ok(self.validate()?)
    }
}

/// What to verify ([MS-NRPC] 2.2.1.4.6).
///
/// ```idl
/// typedef [switch_type(NETLOGON_LOGON_INFO_CLASS)] union _NETLOGON_LEVEL {
///     [case(NetlogonInteractiveInformation)] NETLOGON_INTERACTIVE_INFO *LogonInteractive;
///     [case(NetlogonInteractiveTransitiveInformation)] NETLOGON_INTERACTIVE_INFO *LogonInteractiveTransitive;
///     [case(NetlogonServiceInformation)] NETLOGON_SERVICE_INFO *LogonService;
///     [case(NetlogonServiceTransitiveInformation)] NETLOGON_SERVICE_INFO *LogonServiceTransitive;
///     [case(NetlogonNetworkInformation)] NETLOGON_NETWORK_INFO *LogonNetwork;
///     [case(NetlogonNetworkTransitiveInformation)] NETLOGON_NETWORK_INFO *LogonNetworkTransitive;
///     [case(NetlogonGenericInformation)] NETLOGON_GENERIC_INFO *LogonGeneric;
///     [default] ;
/// } NETLOGON_LEVEL;
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum NETLOGON_LEVEL {
    /// `[case(NetlogonInteractiveInformation)] NETLOGON_INTERACTIVE_INFO *LogonInteractive;`
    LogonInteractive(Option<Box<NETLOGON_INTERACTIVE_INFO>>),
    /// `[case(NetlogonInteractiveTransitiveInformation)] NETLOGON_INTERACTIVE_INFO *LogonInteractiveTransitive;`
    LogonInteractiveTransitive(Option<Box<NETLOGON_INTERACTIVE_INFO>>),
    /// `[case(NetlogonServiceInformation)] NETLOGON_SERVICE_INFO *LogonService;`
    LogonService(Option<Box<NETLOGON_SERVICE_INFO>>),
    /// `[case(NetlogonServiceTransitiveInformation)] NETLOGON_SERVICE_INFO *LogonServiceTransitive;`
    LogonServiceTransitive(Option<Box<NETLOGON_SERVICE_INFO>>),
    /// `[case(NetlogonNetworkInformation)] NETLOGON_NETWORK_INFO *LogonNetwork;`
    LogonNetwork(Option<Box<NETLOGON_NETWORK_INFO>>),
    /// `[case(NetlogonNetworkTransitiveInformation)] NETLOGON_NETWORK_INFO *LogonNetworkTransitive;`
    LogonNetworkTransitive(Option<Box<NETLOGON_NETWORK_INFO>>),
    /// `[case(NetlogonGenericInformation)] NETLOGON_GENERIC_INFO *LogonGeneric;`
    LogonGeneric(Option<Box<NETLOGON_GENERIC_INFO>>),
    /// `[default] ;`
    Default(u16),
}

impl Default for NETLOGON_LEVEL {
    fn default() -> Self {
        Self::LogonInteractive(Default::default())
    }
}

impl NETLOGON_LEVEL {
    /// The discriminant.
    pub fn tag(&self) -> u16 {
        match self {
            Self::LogonInteractive(_) => 1,
            Self::LogonInteractiveTransitive(_) => 5,
            Self::LogonService(_) => 3,
            Self::LogonServiceTransitive(_) => 7,
            Self::LogonNetwork(_) => 2,
            Self::LogonNetworkTransitive(_) => 6,
            Self::LogonGeneric(_) => 4,
            Self::Default(tag) => *tag,
        }
    }
}

impl ndr::Tagged for NETLOGON_LEVEL {
    fn discriminant(&self) -> Option<i64> {
        Some(self.tag().into())
    }
}

impl Ndr for NETLOGON_LEVEL {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 2;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align64(Self::ALIGN);
        NETLOGON_LOGON_INFO_CLASS(self.tag()).encode(e)?;
        e.align64(Align::new(4, 8));
        match self {
            Self::LogonInteractive(value) => value.encode(e),
            Self::LogonInteractiveTransitive(value) => value.encode(e),
            Self::LogonService(value) => value.encode(e),
            Self::LogonServiceTransitive(value) => value.encode(e),
            Self::LogonNetwork(value) => value.encode(e),
            Self::LogonNetworkTransitive(value) => value.encode(e),
            Self::LogonGeneric(value) => value.encode(e),
            _ => Ok(()),
        }
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align64(Self::ALIGN);
        let tag = NETLOGON_LOGON_INFO_CLASS::decode(d)?.0;
        d.align64(Align::new(4, 8));
        let value = match tag {
            1 => Self::LogonInteractive(Ndr::decode(d)?),
            5 => Self::LogonInteractiveTransitive(Ndr::decode(d)?),
            3 => Self::LogonService(Ndr::decode(d)?),
            7 => Self::LogonServiceTransitive(Ndr::decode(d)?),
            2 => Self::LogonNetwork(Ndr::decode(d)?),
            6 => Self::LogonNetworkTransitive(Ndr::decode(d)?),
            4 => Self::LogonGeneric(Ndr::decode(d)?),
            _ => Self::Default(tag),
        };
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        match self {
            Self::LogonInteractive(value) => value.encode_deferred(e),
            Self::LogonInteractiveTransitive(value) => value.encode_deferred(e),
            Self::LogonService(value) => value.encode_deferred(e),
            Self::LogonServiceTransitive(value) => value.encode_deferred(e),
            Self::LogonNetwork(value) => value.encode_deferred(e),
            Self::LogonNetworkTransitive(value) => value.encode_deferred(e),
            Self::LogonGeneric(value) => value.encode_deferred(e),
            _ => Ok(()),
        }
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        match self {
            Self::LogonInteractive(value) => value.decode_deferred(d),
            Self::LogonInteractiveTransitive(value) => value.decode_deferred(d),
            Self::LogonService(value) => value.decode_deferred(d),
            Self::LogonServiceTransitive(value) => value.decode_deferred(d),
            Self::LogonNetwork(value) => value.decode_deferred(d),
            Self::LogonNetworkTransitive(value) => value.decode_deferred(d),
            Self::LogonGeneric(value) => value.decode_deferred(d),
            _ => Ok(()),
        }
    }
}

/// Who it is ([MS-NRPC] 2.2.1.4.14).
///
/// ```idl
/// typedef [switch_type(NETLOGON_VALIDATION_INFO_CLASS)] union _NETLOGON_VALIDATION {
///     [case(NetlogonValidationSamInfo)] NETLOGON_VALIDATION_SAM_INFO *ValidationSam;
///     [case(NetlogonValidationSamInfo2)] NETLOGON_VALIDATION_SAM_INFO2 *ValidationSam2;
///     [case(NetlogonValidationGenericInfo2)] NETLOGON_VALIDATION_GENERIC_INFO2 *ValidationGeneric2;
///     [case(NetlogonValidationSamInfo4)] NETLOGON_VALIDATION_SAM_INFO4 *ValidationSam4;
///     [default] ;
/// } NETLOGON_VALIDATION;
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum NETLOGON_VALIDATION {
    /// `[case(NetlogonValidationSamInfo)] NETLOGON_VALIDATION_SAM_INFO *ValidationSam;`
    ValidationSam(Option<Box<NETLOGON_VALIDATION_SAM_INFO>>),
    /// `[case(NetlogonValidationSamInfo2)] NETLOGON_VALIDATION_SAM_INFO2 *ValidationSam2;`
    ValidationSam2(Option<Box<NETLOGON_VALIDATION_SAM_INFO2>>),
    /// `[case(NetlogonValidationGenericInfo2)] NETLOGON_VALIDATION_GENERIC_INFO2 *ValidationGeneric2;`
    ValidationGeneric2(Option<Box<NETLOGON_VALIDATION_GENERIC_INFO2>>),
    /// `[case(NetlogonValidationSamInfo4)] NETLOGON_VALIDATION_SAM_INFO4 *ValidationSam4;`
    ValidationSam4(Option<Box<NETLOGON_VALIDATION_SAM_INFO4>>),
    /// `[default] ;`
    Default(u16),
}

impl Default for NETLOGON_VALIDATION {
    fn default() -> Self {
        Self::ValidationSam(Default::default())
    }
}

impl NETLOGON_VALIDATION {
    /// The discriminant.
    pub fn tag(&self) -> u16 {
        match self {
            Self::ValidationSam(_) => 2,
            Self::ValidationSam2(_) => 3,
            Self::ValidationGeneric2(_) => 5,
            Self::ValidationSam4(_) => 6,
            Self::Default(tag) => *tag,
        }
    }
}

impl ndr::Tagged for NETLOGON_VALIDATION {
    fn discriminant(&self) -> Option<i64> {
        Some(self.tag().into())
    }
}

impl Ndr for NETLOGON_VALIDATION {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 2;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align64(Self::ALIGN);
        NETLOGON_VALIDATION_INFO_CLASS(self.tag()).encode(e)?;
        e.align64(Align::new(4, 8));
        match self {
            Self::ValidationSam(value) => value.encode(e),
            Self::ValidationSam2(value) => value.encode(e),
            Self::ValidationGeneric2(value) => value.encode(e),
            Self::ValidationSam4(value) => value.encode(e),
            _ => Ok(()),
        }
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align64(Self::ALIGN);
        let tag = NETLOGON_VALIDATION_INFO_CLASS::decode(d)?.0;
        d.align64(Align::new(4, 8));
        let value = match tag {
            2 => Self::ValidationSam(Ndr::decode(d)?),
            3 => Self::ValidationSam2(Ndr::decode(d)?),
            5 => Self::ValidationGeneric2(Ndr::decode(d)?),
            6 => Self::ValidationSam4(Ndr::decode(d)?),
            _ => Self::Default(tag),
        };
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        match self {
            Self::ValidationSam(value) => value.encode_deferred(e),
            Self::ValidationSam2(value) => value.encode_deferred(e),
            Self::ValidationGeneric2(value) => value.encode_deferred(e),
            Self::ValidationSam4(value) => value.encode_deferred(e),
            _ => Ok(()),
        }
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        match self {
            Self::ValidationSam(value) => value.decode_deferred(d),
            Self::ValidationSam2(value) => value.decode_deferred(d),
            Self::ValidationGeneric2(value) => value.decode_deferred(d),
            Self::ValidationSam4(value) => value.decode_deferred(d),
            _ => Ok(()),
        }
    }
}

/// `logon`, version 1.0.
pub const LOGON: InterfaceId = InterfaceId {
    uuid: uuid::Uuid::from_u128(0x12345678_1234_abcd_ef00_01234567cffb),
    major: 1,
    minor: 0,
};

/// The request of [`Logon::netr_server_req_challenge`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NetrServerReqChallengeIn {
    /// `[in, unique, string] wchar_t *PrimaryName`
    pub primary_name: Option<ndr::WideString>,
    /// `[in, string] wchar_t *ComputerName`
    pub computer_name: ndr::WideString,
    /// `[in] NETLOGON_CREDENTIAL *ClientChallenge`
    pub client_challenge: NETLOGON_CREDENTIAL,
}

impl Parameters for NetrServerReqChallengeIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value(&self.primary_name)?;
        e.value(&self.computer_name)?;
        e.value(&self.client_challenge)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            primary_name: d.value()?,
            computer_name: d.value()?,
            client_challenge: d.value()?,
        })
    }
}

/// The response of [`Logon::netr_server_req_challenge`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NetrServerReqChallengeOut {
    /// `[out] NETLOGON_CREDENTIAL *ServerChallenge`
    pub server_challenge: NETLOGON_CREDENTIAL,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for NetrServerReqChallengeOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value(&self.server_challenge)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            server_challenge: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`Logon::netr_logon_get_capabilities`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NetrLogonGetCapabilitiesIn {
    /// `[in, string] wchar_t *ServerName`
    pub server_name: ndr::WideString,
    /// `[in, string, unique, range(0, 256)] wchar_t *ComputerName`
    pub computer_name: Option<ndr::WideString>,
    /// `[in] NETLOGON_AUTHENTICATOR *Authenticator`
    pub authenticator: NETLOGON_AUTHENTICATOR,
    /// `[in, out] NETLOGON_AUTHENTICATOR *ReturnAuthenticator`
    pub return_authenticator: NETLOGON_AUTHENTICATOR,
    /// `[in] DWORD QueryLevel`
    pub query_level: u32,
}

impl NetrLogonGetCapabilitiesIn {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::range_of_count("ComputerName", &self.computer_name, 0, 256)?;
        Ok(())
    }
}

impl Parameters for NetrLogonGetCapabilitiesIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.value(&self.server_name)?;
        e.value(&self.computer_name)?;
        e.value(&self.authenticator)?;
        e.value(&self.return_authenticator)?;
        e.value(&self.query_level)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let value = Self {
            server_name: d.value()?,
            computer_name: d.value()?,
            authenticator: d.value()?,
            return_authenticator: d.value()?,
            query_level: d.value()?,
        };
        value.validate()?;
        Ok(value)
    }
}

/// The response of [`Logon::netr_logon_get_capabilities`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NetrLogonGetCapabilitiesOut {
    /// `[in, out] NETLOGON_AUTHENTICATOR *ReturnAuthenticator`
    pub return_authenticator: NETLOGON_AUTHENTICATOR,
    /// `[out, switch_is(QueryLevel)] NETLOGON_CAPABILITIES *Capabilities`
    pub capabilities: NETLOGON_CAPABILITIES,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for NetrLogonGetCapabilitiesOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value(&self.return_authenticator)?;
        e.value(&self.capabilities)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            return_authenticator: d.value()?,
            capabilities: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`Logon::netr_server_authenticate3`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NetrServerAuthenticate3In {
    /// `[in, unique, string] wchar_t *PrimaryName`
    pub primary_name: Option<ndr::WideString>,
    /// `[in, string, range(0, 256)] wchar_t *AccountName`
    pub account_name: ndr::WideString,
    /// `[in] NETLOGON_SECURE_CHANNEL_TYPE SecureChannelType`
    pub secure_channel_type: NETLOGON_SECURE_CHANNEL_TYPE,
    /// `[in, string, range(0, 256)] wchar_t *ComputerName`
    pub computer_name: ndr::WideString,
    /// `[in] NETLOGON_CREDENTIAL *ClientCredential`
    pub client_credential: NETLOGON_CREDENTIAL,
    /// `[in, out] ULONG *NegotiateFlags`
    pub negotiate_flags: u32,
}

impl NetrServerAuthenticate3In {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::range_of_count("AccountName", &self.account_name, 0, 256)?;
        ndr::range_of_count("ComputerName", &self.computer_name, 0, 256)?;
        Ok(())
    }
}

impl Parameters for NetrServerAuthenticate3In {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.value(&self.primary_name)?;
        e.value(&self.account_name)?;
        e.value(&self.secure_channel_type)?;
        e.value(&self.computer_name)?;
        e.value(&self.client_credential)?;
        e.value(&self.negotiate_flags)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let value = Self {
            primary_name: d.value()?,
            account_name: d.value()?,
            secure_channel_type: d.value()?,
            computer_name: d.value()?,
            client_credential: d.value()?,
            negotiate_flags: d.value()?,
        };
        value.validate()?;
        Ok(value)
    }
}

/// The response of [`Logon::netr_server_authenticate3`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NetrServerAuthenticate3Out {
    /// `[out] NETLOGON_CREDENTIAL *ServerCredential`
    pub server_credential: NETLOGON_CREDENTIAL,
    /// `[in, out] ULONG *NegotiateFlags`
    pub negotiate_flags: u32,
    /// `[out] ULONG *AccountRid`
    pub account_rid: u32,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for NetrServerAuthenticate3Out {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value(&self.server_credential)?;
        e.value(&self.negotiate_flags)?;
        e.value(&self.account_rid)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            server_credential: d.value()?,
            negotiate_flags: d.value()?,
            account_rid: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`Logon::netr_logon_sam_logon_ex`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NetrLogonSamLogonExIn {
    /// `[in, unique, string, range(0, 256)] wchar_t *LogonServer`
    pub logon_server: Option<ndr::WideString>,
    /// `[in, unique, string, range(0, 256)] wchar_t *ComputerName`
    pub computer_name: Option<ndr::WideString>,
    /// `[in] NETLOGON_LOGON_INFO_CLASS LogonLevel`
    pub logon_level: NETLOGON_LOGON_INFO_CLASS,
    /// `[in, switch_is(LogonLevel)] NETLOGON_LEVEL *LogonInformation`
    pub logon_information: NETLOGON_LEVEL,
    /// `[in] NETLOGON_VALIDATION_INFO_CLASS ValidationLevel`
    pub validation_level: NETLOGON_VALIDATION_INFO_CLASS,
    /// `[in, out] ULONG *ExtraFlags`
    pub extra_flags: u32,
}

impl NetrLogonSamLogonExIn {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::range_of_count("LogonServer", &self.logon_server, 0, 256)?;
        ndr::range_of_count("ComputerName", &self.computer_name, 0, 256)?;
        ndr::switch_is(
            "LogonInformation",
            num(self.logon_level.0),
            &self.logon_information,
        )?;
        Ok(())
    }
}

impl Parameters for NetrLogonSamLogonExIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.value(&self.logon_server)?;
        e.value(&self.computer_name)?;
        e.value(&self.logon_level)?;
        e.value(&self.logon_information)?;
        e.value(&self.validation_level)?;
        e.value(&self.extra_flags)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let value = Self {
            logon_server: d.value()?,
            computer_name: d.value()?,
            logon_level: d.value()?,
            logon_information: d.value()?,
            validation_level: d.value()?,
            extra_flags: d.value()?,
        };
        value.validate()?;
        Ok(value)
    }
}

/// The response of [`Logon::netr_logon_sam_logon_ex`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NetrLogonSamLogonExOut {
    /// `[out, switch_is(ValidationLevel)] NETLOGON_VALIDATION *ValidationInformation`
    pub validation_information: NETLOGON_VALIDATION,
    /// `[out] UCHAR *Authoritative`
    pub authoritative: u8,
    /// `[in, out] ULONG *ExtraFlags`
    pub extra_flags: u32,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for NetrLogonSamLogonExOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value(&self.validation_information)?;
        e.value(&self.authoritative)?;
        e.value(&self.extra_flags)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            validation_information: d.value()?,
            authoritative: d.value()?,
            extra_flags: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// Netlogon as far as opnum 39; the opnums that are not used have no parameters here.
pub trait Logon {
    /// What the server is told of each call: who, how, from where.
    type Call: Send + Sync;

    /// Opnum 4: exchange challenges ([MS-NRPC] 3.5.4.4.1).
    ///
    /// ```idl
    /// NTSTATUS NetrServerReqChallenge(
    ///     [in, unique, string] wchar_t *PrimaryName,
    ///     [in, string] wchar_t *ComputerName,
    ///     [in] NETLOGON_CREDENTIAL *ClientChallenge,
    ///     [out] NETLOGON_CREDENTIAL *ServerChallenge
    /// );
    /// ```
    fn netr_server_req_challenge(
        &self,
        call: &Self::Call,
        request: NetrServerReqChallengeIn,
    ) -> impl Future<Output = Result<NetrServerReqChallengeOut, Fault>> + Send;

    /// Opnum 21: what the server negotiated or was asked for ([MS-NRPC] 3.5.4.4.11).
    ///
    /// ```idl
    /// NTSTATUS NetrLogonGetCapabilities(
    ///     [in, string] wchar_t *ServerName,
    ///     [in, string, unique, range(0, 256)] wchar_t *ComputerName,
    ///     [in] NETLOGON_AUTHENTICATOR *Authenticator,
    ///     [in, out] NETLOGON_AUTHENTICATOR *ReturnAuthenticator,
    ///     [in] DWORD QueryLevel,
    ///     [out, switch_is(QueryLevel)] NETLOGON_CAPABILITIES *Capabilities
    /// );
    /// ```
    fn netr_logon_get_capabilities(
        &self,
        call: &Self::Call,
        request: NetrLogonGetCapabilitiesIn,
    ) -> impl Future<Output = Result<NetrLogonGetCapabilitiesOut, Fault>> + Send;

    /// Opnum 26: mutual proof of the session key ([MS-NRPC] 3.5.4.4.2).
    ///
    /// ```idl
    /// NTSTATUS NetrServerAuthenticate3(
    ///     [in, unique, string] wchar_t *PrimaryName,
    ///     [in, string, range(0, 256)] wchar_t *AccountName,
    ///     [in] NETLOGON_SECURE_CHANNEL_TYPE SecureChannelType,
    ///     [in, string, range(0, 256)] wchar_t *ComputerName,
    ///     [in] NETLOGON_CREDENTIAL *ClientCredential,
    ///     [out] NETLOGON_CREDENTIAL *ServerCredential,
    ///     [in, out] ULONG *NegotiateFlags,
    ///     [out] ULONG *AccountRid
    /// );
    /// ```
    fn netr_server_authenticate3(
        &self,
        call: &Self::Call,
        request: NetrServerAuthenticate3In,
    ) -> impl Future<Output = Result<NetrServerAuthenticate3Out, Fault>> + Send;

    /// Opnum 39: verify a logon; needs a sealed channel ([MS-NRPC] 3.5.4.5.1).
    ///
    /// ```idl
    /// NTSTATUS NetrLogonSamLogonEx(
    ///     [in] handle_t ContextHandle,
    ///     [in, unique, string, range(0, 256)] wchar_t *LogonServer,
    ///     [in, unique, string, range(0, 256)] wchar_t *ComputerName,
    ///     [in] NETLOGON_LOGON_INFO_CLASS LogonLevel,
    ///     [in, switch_is(LogonLevel)] NETLOGON_LEVEL *LogonInformation,
    ///     [in] NETLOGON_VALIDATION_INFO_CLASS ValidationLevel,
    ///     [out, switch_is(ValidationLevel)] NETLOGON_VALIDATION *ValidationInformation,
    ///     [out] UCHAR *Authoritative,
    ///     [in, out] ULONG *ExtraFlags
    /// );
    /// ```
    fn netr_logon_sam_logon_ex(
        &self,
        call: &Self::Call,
        request: NetrLogonSamLogonExIn,
    ) -> impl Future<Output = Result<NetrLogonSamLogonExOut, Fault>> + Send;
}

/// Decodes a request to [`Logon`], has `server` carry it out, encodes the response.
pub async fn dispatch_logon<S: Logon + Sync>(
    server: &S,
    call: &S::Call,
    opnum: u16,
    encoding: Encoding,
    stub: &[u8],
) -> Result<Vec<u8>, Fault> {
    match opnum {
        4 => {
            const OPERATION: &str = "logon::NetrServerReqChallenge";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.netr_server_req_challenge(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        21 => {
            const OPERATION: &str = "logon::NetrLogonGetCapabilities";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.netr_logon_get_capabilities(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        26 => {
            const OPERATION: &str = "logon::NetrServerAuthenticate3";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.netr_server_authenticate3(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        39 => {
            const OPERATION: &str = "logon::NetrLogonSamLogonEx";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.netr_logon_sam_logon_ex(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        _ => Err(Fault::OP_RANGE),
    }
}

/// Calls [`Logon`] through a transport that is bound to it.
#[derive(Debug)]
pub struct LogonClient<T>(pub T);

impl<T: Invoke> LogonClient<T> {
    /// Opnum 4: exchange challenges ([MS-NRPC] 3.5.4.4.1).
    pub async fn netr_server_req_challenge(
        &mut self,
        request: &NetrServerReqChallengeIn,
    ) -> Result<NetrServerReqChallengeOut, T::Error> {
        ndr::call(&mut self.0, 4, request).await
    }

    /// Opnum 21: what the server negotiated or was asked for ([MS-NRPC] 3.5.4.4.11).
    pub async fn netr_logon_get_capabilities(
        &mut self,
        request: &NetrLogonGetCapabilitiesIn,
    ) -> Result<NetrLogonGetCapabilitiesOut, T::Error> {
        ndr::call(&mut self.0, 21, request).await
    }

    /// Opnum 26: mutual proof of the session key ([MS-NRPC] 3.5.4.4.2).
    pub async fn netr_server_authenticate3(
        &mut self,
        request: &NetrServerAuthenticate3In,
    ) -> Result<NetrServerAuthenticate3Out, T::Error> {
        ndr::call(&mut self.0, 26, request).await
    }

    /// Opnum 39: verify a logon; needs a sealed channel ([MS-NRPC] 3.5.4.5.1).
    pub async fn netr_logon_sam_logon_ex(
        &mut self,
        request: &NetrLogonSamLogonExIn,
    ) -> Result<NetrLogonSamLogonExOut, T::Error> {
        ndr::call(&mut self.0, 39, request).await
    }
}
