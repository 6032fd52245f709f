//! Written by `codegen` from `idl/rpctypes.idl`.

use crate::ndr::{
    self, Align, DecodeError, Decoder, EncodeError, Encoder, Invalid, Ndr, num,
};

/// Identity of an interface ([C706] appendix N, rpc_if_id_t).
///
/// ```idl
/// typedef struct _RPC_IF_ID {
///     UUID Uuid;
///     unsigned short VersMajor;
///     unsigned short VersMinor;
/// } RPC_IF_ID;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RPC_IF_ID {
    /// The interface's UUID.
    pub uuid: uuid::Uuid,
    /// Major version.
    pub vers_major: u16,
    /// Minor version.
    pub vers_minor: u16,
}

impl Ndr for RPC_IF_ID {
    const ALIGN: Align = Align::new(4, 4);
    const MIN_SIZE: usize = 20;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.uuid.encode(e)?;
        self.vers_major.encode(e)?;
        self.vers_minor.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            uuid: Ndr::decode(d)?,
            vers_major: Ndr::decode(d)?,
            vers_minor: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }
}

/// A protocol tower in its octet form ([MS-RPCE] 2.2.1.2.2; content: [C706] appendix L).
///
/// ```idl
/// typedef struct {
///     [range(0, 2000)] unsigned long tower_length;
///     [size_is(tower_length)] BYTE tower_octet_string[];
/// } twr_t, *twr_p_t;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct twr_t {
    /// Length of the octet string.
    pub tower_length: u32,
    /// Floor count and floors.
    pub tower_octet_string: Vec<u8>,
}

impl twr_t {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::range("tower_length", num(self.tower_length), 0, 2000)?;
        ndr::size_is(
            "tower_octet_string",
            num(self.tower_length),
            &self.tower_octet_string,
        )?;
        Ok(())
    }
}

impl Ndr for twr_t {
    const ALIGN: Align = Align::new(4, 4);
    const MIN_SIZE: usize = 4;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.tower_length.encode(e)?;
        e.align64(Self::ALIGN);
        self.tower_octet_string.encode(e)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        Ok(Self {
            tower_length: Ndr::decode(d)?,
            tower_octet_string: {
                d.align64(Self::ALIGN);
                Ndr::decode(d)?
            },
        })
    }

    fn encode_conformance(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.tower_octet_string.encode_conformance(e)
    }

    fn decode_conformance(d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        <Vec<u8>>::decode_conformance(d)
    }

    fn decode_deferred(&mut self, _d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        Ok(self.validate()?)
    }
}
