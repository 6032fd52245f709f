//! Bodies of the bind family (C706 12.6.4.3 to 12.6.4.5, [MS-RPCE] 2.2.2.4 to 2.2.2.15).

use bitflags::bitflags;
use bytes::Bytes;
use uuid::{Uuid, uuid};

use super::{PduError, Reader, Writer};
use crate::ndr::{InterfaceId, Syntax};

/// The transfer syntax NDR 2.0.
pub const NDR_SYNTAX: InterfaceId =
    InterfaceId { uuid: uuid!("8a885d04-1ceb-11c9-9fe8-08002b104860"), major: 2, minor: 0 };
/// The transfer syntax NDR64.
pub const NDR64_SYNTAX: InterfaceId =
    InterfaceId { uuid: uuid!("71710533-beba-4937-8319-b5dbef9ccc36"), major: 1, minor: 0 };
/// First half of the UUID that asks for bind time feature negotiation; a bitmask follows.
const FEATURES_PREFIX: [u8; 8] = [0x6C, 0xB7, 0x1C, 0x2C, 0x98, 0x12, 0x45, 0x40];
/// What an element takes on the wire at least, in bytes: a context without a transfer syntax, a
/// syntax, a result.
const CONTEXT_LEN: usize = 24;
const SYNTAX_LEN: usize = 20;
const RESULT_LEN: usize = 24;

/// Body of bind and alter_context.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bind {
    /// Largest fragment that the sender will send, in bytes.
    pub max_xmit_frag: u16,
    /// Largest fragment that the sender can take, in bytes.
    pub max_recv_frag: u16,
    /// Association group to join; 0 asks for a new one.
    pub assoc_group_id: u32,
    /// Presentation contexts that are proposed.
    pub contexts: Vec<PresentationContext>,
}

/// A presentation context that a client proposes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PresentationContext {
    /// Its identifier on this connection.
    pub id: u16,
    /// The interface.
    pub abstract_syntax: InterfaceId,
    /// Transfer syntaxes that the client can speak.
    pub transfer_syntaxes: Vec<InterfaceId>,
}

/// Body of bind_ack and alter_context_resp.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BindAck {
    /// Largest fragment that the sender will send, in bytes.
    pub max_xmit_frag: u16,
    /// Largest fragment that the sender can take, in bytes.
    pub max_recv_frag: u16,
    /// Association group of the connection.
    pub assoc_group_id: u32,
    /// The endpoint with its NUL (a port in decimal); empty in alter_context_resp.
    pub secondary_address: Bytes,
    /// What fills up to the next multiple of four; ignored, and zeros where this is empty.
    pub padding: Bytes,
    /// One result for each context proposed, in the same order.
    pub results: Vec<ContextResult>,
}

/// What became of a proposed presentation context.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ContextResult {
    /// Accepted or not.
    pub result: ResultCode,
    /// Why not; after [`ResultCode::NegotiateAck`] the server's [`BindTimeFeatures`].
    pub reason: u16,
    /// The transfer syntax that was accepted; zero where none was.
    pub transfer_syntax: InterfaceId,
}

/// `p_cont_def_result_t`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ResultCode {
    /// The context is accepted.
    Acceptance,
    /// The server's user refuses it. Nobody sends this.
    UserRejection,
    /// The server refuses it.
    ProviderRejection,
    /// Answer to bind time feature negotiation.
    NegotiateAck,
}

/// Body of bind_nak.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BindNak {
    /// Why.
    pub reason: NakReason,
    /// Protocol versions that the server supports.
    pub versions: Vec<(u8, u8)>,
    /// Padding or extended error information. Ignored.
    pub rest: Bytes,
}

/// `p_reject_reason_t`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct NakReason(pub u16);

bitflags! {
    /// Bind time features ([MS-RPCE] 2.2.2.14, 2.2.2.15).
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
    pub struct BindTimeFeatures: u16 {
        /// Several security contexts on one connection.
        const SECURITY_CONTEXT_MULTIPLEXING = 0x1;
        /// The connection stays open after an orphaned PDU.
        const KEEP_CONNECTION_ON_ORPHAN = 0x2;
        const _ = !0;
    }
}

impl NakReason {
    /// None of the others.
    pub const NOT_SPECIFIED: Self = Self(0);
    /// The server is congested.
    pub const TEMPORARY_CONGESTION: Self = Self(1);
    /// A limit of the server is reached.
    pub const LOCAL_LIMIT_EXCEEDED: Self = Self(2);
    /// Protocol version not supported, or a protocol error in the bind.
    pub const PROTOCOL_VERSION_NOT_SPECIFIED: Self = Self(4);
    /// The security provider is not offered.
    pub const AUTHENTICATION_TYPE_NOT_RECOGNIZED: Self = Self(8);
    /// The security provider failed.
    pub const INVALID_CHECKSUM: Self = Self(9);
}

impl ContextResult {
    /// `reason`: not specified.
    pub const NOT_SPECIFIED: u16 = 0;
    /// `reason`: the interface is not known.
    pub const ABSTRACT_SYNTAX_NOT_SUPPORTED: u16 = 1;
    /// `reason`: no proposed transfer syntax is supported, or another one was preferred.
    pub const TRANSFER_SYNTAXES_NOT_SUPPORTED: u16 = 2;
    /// `reason`: a limit of the server is reached.
    pub const LOCAL_LIMIT_EXCEEDED: u16 = 3;
    /// Transfer syntax of a result that accepts none.
    pub const NO_SYNTAX: InterfaceId = InterfaceId { uuid: Uuid::nil(), major: 0, minor: 0 };

    /// The context is accepted with this transfer syntax.
    pub fn acceptance(transfer_syntax: InterfaceId) -> Self {
        Self { result: ResultCode::Acceptance, reason: Self::NOT_SPECIFIED, transfer_syntax }
    }

    /// The context is refused for this reason.
    pub fn rejection(reason: u16) -> Self {
        let transfer_syntax = Self::NO_SYNTAX;
        Self { result: ResultCode::ProviderRejection, reason, transfer_syntax }
    }

    /// The answer to a bind time feature negotiation.
    pub fn features(features: BindTimeFeatures) -> Self {
        let (reason, transfer_syntax) = (features.bits(), Self::NO_SYNTAX);
        Self { result: ResultCode::NegotiateAck, reason, transfer_syntax }
    }
}

impl BindTimeFeatures {
    /// The features that a proposed transfer syntax announces, if it is a feature negotiation.
    pub fn from_syntax(syntax: &InterfaceId) -> Option<Self> {
        let mask = syntax.uuid.as_bytes().strip_prefix(&FEATURES_PREFIX)?;
        let (low, _) = mask.split_first_chunk::<2>()?;
        (syntax.major == 1 && syntax.minor == 0)
            .then(|| Self::from_bits_retain(u16::from_le_bytes(*low)))
    }

    /// The transfer syntax that announces these features.
    pub fn to_syntax(self) -> InterfaceId {
        let [low, high] = self.bits().to_le_bytes();
        let [a, b, c, d, e, f, g, h] = FEATURES_PREFIX;
        let uuid = Uuid::from_bytes([a, b, c, d, e, f, g, h, low, high, 0, 0, 0, 0, 0, 0]);
        InterfaceId { uuid, major: 1, minor: 0 }
    }
}

/// Which encoding a transfer syntax is, if it is one that we speak.
pub fn syntax_of(transfer_syntax: &InterfaceId) -> Option<Syntax> {
    match *transfer_syntax {
        NDR_SYNTAX => Some(Syntax::Ndr20),
        NDR64_SYNTAX => Some(Syntax::Ndr64),
        _ => None,
    }
}

impl Bind {
    pub(super) fn decode(reader: &mut Reader) -> Result<Self, PduError> {
        let (max_xmit_frag, max_recv_frag) = (reader.u16()?, reader.u16()?);
        let assoc_group_id = reader.u32()?;
        let count = list_len(reader, CONTEXT_LEN)?;
        let contexts = (0..count).map(|_| PresentationContext::decode(reader));
        let contexts = contexts.collect::<Result<_, _>>()?;
        Ok(Self { max_xmit_frag, max_recv_frag, assoc_group_id, contexts })
    }

    pub(super) fn encode(&self, writer: &mut Writer) -> Result<(), PduError> {
        writer.u16(self.max_xmit_frag);
        writer.u16(self.max_recv_frag);
        writer.u32(self.assoc_group_id);
        put_list_len(writer, self.contexts.len(), "number of presentation contexts")?;
        self.contexts.iter().try_for_each(|context| context.encode(writer))
    }
}

impl PresentationContext {
    fn decode(reader: &mut Reader) -> Result<Self, PduError> {
        let id = reader.u16()?;
        let [count, _reserved] = reader.array()?;
        let abstract_syntax = get_syntax(reader)?;
        if usize::from(count).saturating_mul(SYNTAX_LEN) > reader.remaining() {
            return Err(reader.malformed());
        }
        let transfer_syntaxes = (0..count).map(|_| get_syntax(reader)).collect::<Result<_, _>>()?;
        Ok(Self { id, abstract_syntax, transfer_syntaxes })
    }

    fn encode(&self, writer: &mut Writer) -> Result<(), PduError> {
        writer.u16(self.id);
        let count = u8::try_from(self.transfer_syntaxes.len())
            .map_err(|_| PduError::TooLarge("number of transfer syntaxes"))?;
        writer.bytes(&[count, 0]);
        put_syntax(writer, &self.abstract_syntax);
        self.transfer_syntaxes.iter().for_each(|syntax| put_syntax(writer, syntax));
        Ok(())
    }
}

impl BindAck {
    pub(super) fn decode(reader: &mut Reader) -> Result<Self, PduError> {
        let (max_xmit_frag, max_recv_frag) = (reader.u16()?, reader.u16()?);
        let assoc_group_id = reader.u32()?;
        let address_len = usize::from(reader.u16()?);
        let secondary_address = reader.take(address_len)?;
        // The length field and the address began at offset 24, so they alone decide the padding.
        let padding = reader.take(address_padding(address_len))?;
        let count = list_len(reader, RESULT_LEN)?;
        let results = (0..count).map(|_| ContextResult::decode(reader));
        let results = results.collect::<Result<_, _>>()?;
        Ok(Self {
            max_xmit_frag,
            max_recv_frag,
            assoc_group_id,
            secondary_address,
            padding,
            results,
        })
    }

    pub(super) fn encode(&self, writer: &mut Writer) -> Result<(), PduError> {
        writer.u16(self.max_xmit_frag);
        writer.u16(self.max_recv_frag);
        writer.u32(self.assoc_group_id);
        let address_len = u16::try_from(self.secondary_address.len())
            .map_err(|_| PduError::TooLarge("secondary address"))?;
        writer.u16(address_len);
        writer.bytes(&self.secondary_address);
        writer.bytes(&self.padding);
        writer.align(4);
        put_list_len(writer, self.results.len(), "number of results")?;
        self.results.iter().for_each(|result| result.encode(writer));
        Ok(())
    }
}

impl ContextResult {
    fn decode(reader: &mut Reader) -> Result<Self, PduError> {
        let result = match reader.u16()? {
            0 => ResultCode::Acceptance,
            1 => ResultCode::UserRejection,
            2 => ResultCode::ProviderRejection,
            3 => ResultCode::NegotiateAck,
            _ => return Err(reader.malformed()),
        };
        Ok(Self { result, reason: reader.u16()?, transfer_syntax: get_syntax(reader)? })
    }

    fn encode(&self, writer: &mut Writer) {
        writer.u16(match self.result {
            ResultCode::Acceptance => 0,
            ResultCode::UserRejection => 1,
            ResultCode::ProviderRejection => 2,
            ResultCode::NegotiateAck => 3,
        });
        writer.u16(self.reason);
        put_syntax(writer, &self.transfer_syntax);
    }
}

impl BindNak {
    /// A refusal of ours, which names version 5.0 as Windows and Samba do.
    pub fn new(reason: NakReason) -> Self {
        Self { reason, versions: vec![(5, 0)], rest: Bytes::from_static(&[0; 3]) }
    }

    pub(super) fn decode(reader: &mut Reader) -> Result<Self, PduError> {
        let reason = NakReason(reader.u16()?);
        // Some servers leave the version list out.
        let count = if reader.remaining() == 0 { 0 } else { reader.u8()? };
        let versions = (0..count).map(|_| reader.array().map(|[major, minor]| (major, minor)));
        let versions = versions.collect::<Result<_, _>>()?;
        Ok(Self { reason, versions, rest: reader.rest() })
    }

    pub(super) fn encode(&self, writer: &mut Writer) -> Result<(), PduError> {
        writer.u16(self.reason.0);
        let count = u8::try_from(self.versions.len())
            .map_err(|_| PduError::TooLarge("number of versions"))?;
        writer.u8(count);
        self.versions.iter().for_each(|(major, minor)| writer.bytes(&[*major, *minor]));
        writer.bytes(&self.rest);
        Ok(())
    }
}

/// Bytes between a secondary address and the next multiple of four.
fn address_padding(address_len: usize) -> usize {
    let end = address_len.saturating_add(2);
    end.next_multiple_of(4).saturating_sub(end)
}

/// Reads a one-byte count and its three reserved bytes (which a PDU with an empty list may end
/// without), and checks that `element_len` bytes for each element can be there.
fn list_len(reader: &mut Reader, element_len: usize) -> Result<u8, PduError> {
    let count = reader.u8()?;
    if count == 0 && reader.remaining() == 0 {
        return Ok(0);
    }
    reader.take(3)?;
    if usize::from(count).saturating_mul(element_len) > reader.remaining() {
        return Err(reader.malformed());
    }
    Ok(count)
}

fn put_list_len(writer: &mut Writer, len: usize, what: &'static str) -> Result<(), PduError> {
    let count = u8::try_from(len).map_err(|_| PduError::TooLarge(what))?;
    writer.bytes(&[count, 0, 0, 0]);
    Ok(())
}

fn get_syntax(reader: &mut Reader) -> Result<InterfaceId, PduError> {
    let uuid = reader.uuid()?;
    let [m0, m1, n0, n1] = reader.u32()?.to_le_bytes();
    let (major, minor) = (u16::from_le_bytes([m0, m1]), u16::from_le_bytes([n0, n1]));
    Ok(InterfaceId { uuid, major, minor })
}

fn put_syntax(writer: &mut Writer, syntax: &InterfaceId) {
    writer.uuid(&syntax.uuid);
    writer.u32(u32::from(syntax.minor) << 16 | u32::from(syntax.major));
}
