//! The verification trailer that a client puts behind a request's stub ([MS-RPCE] 2.2.2.13): it
//! binds what a security provider does not sign to what it does.

use crate::ndr::InterfaceId;
use crate::rpc::pdu::Drep;

const SIGNATURE: [u8; 8] = [0x8A, 0xE3, 0x13, 0x71, 0x02, 0xF4, 0x36, 0x71];
const BITMASK_1: u16 = 0x0001;
const PCONTEXT: u16 = 0x0002;
const HEADER2: u16 = 0x0003;
const END: u16 = 0x4000;
/// CLIENT_SUPPORT_HEADER_SIGNING.
const HEADER_SIGNING: u32 = 1;

/// What a trailer states; `None` and `false` leave the command out.
#[derive(Clone, Copy, Default, Debug)]
pub struct VerificationTrailer {
    /// rpc_sec_vt_bitmask: the bind announced header signing.
    pub header_signing: bool,
    /// rpc_sec_vt_pcontext: interface and transfer syntax of the presentation context.
    pub presentation: Option<(InterfaceId, InterfaceId)>,
    /// rpc_sec_vt_header2: call id, presentation context id and opnum of the request.
    pub header: Option<(u32, u16, u16)>,
}

impl VerificationTrailer {
    /// The bytes that go behind the stub, padding to four included; none if nothing is stated.
    pub fn to_bytes(self, stub_len: usize) -> Vec<u8> {
        let mut commands = self.commands();
        let Some((last, _)) = commands.last_mut() else {
            return Vec::new();
        };
        *last |= END;

        let padding = stub_len.next_multiple_of(4).saturating_sub(stub_len);
        let mut bytes = vec![0; padding];
        bytes.extend_from_slice(&SIGNATURE);
        for (command, data) in commands {
            bytes.extend_from_slice(&command.to_le_bytes());
            bytes.extend_from_slice(&u16::try_from(data.len()).unwrap_or(0).to_le_bytes());
            bytes.extend_from_slice(&data);
        }
        bytes
    }

    /// In the order of Windows.
    fn commands(&self) -> Vec<(u16, Vec<u8>)> {
        let mut commands = Vec::new();
        if self.header_signing {
            commands.push((BITMASK_1, HEADER_SIGNING.to_le_bytes().to_vec()));
        }
        if let Some((call_id, context_id, opnum)) = self.header {
            let mut data = vec![0; 4];
            data.extend_from_slice(&Drep::LITTLE.to_wire());
            data.extend_from_slice(&call_id.to_le_bytes());
            data.extend_from_slice(&context_id.to_le_bytes());
            data.extend_from_slice(&opnum.to_le_bytes());
            commands.push((HEADER2, data));
        }
        if let Some((interface, syntax)) = self.presentation {
            let mut data = Vec::new();
            for id in [interface, syntax] {
                data.extend_from_slice(&id.uuid.to_bytes_le());
                data.extend_from_slice(&id.major.to_le_bytes());
                data.extend_from_slice(&id.minor.to_le_bytes());
            }
            commands.push((PCONTEXT, data));
        }
        commands
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::pdu::NDR_SYNTAX;

    #[test]
    fn nothing_stated_is_no_trailer() {
        assert_eq!(VerificationTrailer::default().to_bytes(7), [0_u8; 0]);
    }

    #[test]
    fn every_command_has_the_bytes_of_the_specification() {
        let trailer = VerificationTrailer {
            header_signing: true,
            presentation: Some((NDR_SYNTAX, NDR_SYNTAX)),
            header: Some((0x0102_0304, 5, 6)),
        };
        let syntax = "045d888aeb1cc9119fe808002b10486002000000";
        let expected = format!(
            "000000 8ae3137102f43671 0100 0400 01000000 \
             0300 1000 00000000 10000000 04030201 0500 0600 0240 2800 {syntax} {syntax}"
        );
        let expected = hex::decode(expected.replace(' ', "")).unwrap();
        assert_eq!(trailer.to_bytes(9), expected);
    }
}
