//! Requests cut into fragments, answers put together from them.

use bytes::Bytes;
use uuid::Uuid;

use super::verification::VerificationTrailer;
use super::{Association, ClientError, Event, Phase, Security};
use crate::auth::AuthLevel;
use crate::ndr::Encoding;
use crate::rpc::pdu::{self, Body, Pdu, PfcFlags, Request};

impl Association {
    /// The bytes of a call: one PDU or several.
    pub fn request(
        &mut self,
        object: Option<Uuid>,
        opnum: u16,
        stub: Vec<u8>,
    ) -> Result<Vec<u8>, ClientError> {
        if !self.is_ready() {
            return Err(self.die(ClientError::Closed));
        }
        let sent = self.fragments(object, opnum, stub);
        sent.map_err(|error| self.die(error))
    }

    pub(super) fn take_response(&mut self, pdu: &Pdu) -> Result<Option<Event>, ClientError> {
        let Phase::Answer { call_id, encoding, stub } = &mut self.phase else {
            return Err(ClientError::Protocol("an answer to no call"));
        };
        if pdu.call_id != *call_id {
            return Err(ClientError::Protocol("an answer to another call"));
        }
        if pdu.flags.contains(PfcFlags::FIRST) != encoding.is_none() {
            return Err(ClientError::Protocol("fragments of the answer out of order"));
        }
        let used = self.presentations.last().ok_or(ClientError::Closed)?;
        let order = pdu.drep.order();
        let encoding = *encoding.get_or_insert(Encoding { order, ..used.encoding });
        if encoding.order != order {
            return Err(ClientError::Protocol("fragments of the answer in two byte orders"));
        }
        let fragment = pdu.stub();
        if stub.len().saturating_add(fragment.len()) > self.options.max_answer {
            return Err(ClientError::AnswerTooLarge(self.options.max_answer));
        }
        stub.extend_from_slice(&fragment);
        if !pdu.flags.contains(PfcFlags::LAST) {
            return Ok(None);
        }
        let stub = std::mem::take(stub);
        self.phase = Phase::Ready;
        Ok(Some(Event::Answer(encoding, stub)))
    }

    fn fragments(
        &mut self,
        object: Option<Uuid>,
        opnum: u16,
        mut stub: Vec<u8>,
    ) -> Result<Vec<u8>, ClientError> {
        let call_id = self.next_call_id();
        let context_id = self.presentations.last().ok_or(ClientError::Closed)?.id;
        let stub_len = stub.len();
        let trailer = self.verification_trailer(call_id, context_id, opnum);
        stub.extend_from_slice(&trailer.to_bytes(stub_len));

        let total = stub.len();
        let mut rest = Bytes::from(stub);
        let mut sent = Vec::with_capacity(total.saturating_add(256));
        let mut flags = PfcFlags::FIRST;
        while !flags.contains(PfcFlags::LAST) {
            let alloc_hint = u32::try_from(rest.len())
                .map_err(|_| ClientError::Protocol("the call is larger than 4 GiB"))?;
            let cut = self.cut(rest.len(), total.saturating_sub(stub_len), object.is_some())?;
            flags.set(PfcFlags::LAST, cut == rest.len());
            let stub = rest.split_to(cut);
            let body = Request { alloc_hint, context_id, opnum, object, stub };
            let pdu = Pdu { flags, ..Pdu::new(call_id, Body::Request(body)) };
            sent.extend_from_slice(&self.encode_request(pdu)?);
            flags.remove(PfcFlags::FIRST);
        }
        self.phase = Phase::Answer { call_id, encoding: None, stub: Vec::new() };
        Ok(sent)
    }

    /// How much of the remaining stub goes into the next fragment. The verification trailer at
    /// its end (`trailer_len` bytes, padding included) is never split ([MS-RPCE] 2.2.2.13).
    fn cut(
        &self,
        remaining: usize,
        trailer_len: usize,
        object: bool,
    ) -> Result<usize, ClientError> {
        let token_len = self.security.as_ref().map_or(0, Security::token_len);
        let capacity = pdu::stub_capacity(self.send_limit, token_len, object);
        if remaining <= capacity {
            return Ok(remaining);
        }
        match capacity.min(remaining.saturating_sub(trailer_len) & !7) {
            0 => Err(ClientError::Protocol("its fragments leave no room for a call")),
            cut => Ok(cut),
        }
    }

    fn encode_request(&mut self, pdu: Pdu) -> Result<Vec<u8>, ClientError> {
        match &mut self.security {
            Some(security) => Ok(pdu::protect(pdu, &mut security.protection()?)?),
            None => Ok(pdu.encode()?),
        }
    }

    /// Each presentation context is stated once, as Windows does. Where the headers are not
    /// signed, each request states its own, and the first that we would have signed them.
    fn verification_trailer(
        &mut self,
        call_id: u32,
        context_id: u16,
        opnum: u16,
    ) -> VerificationTrailer {
        let (Some(security), Some(used)) = (&self.security, self.presentations.last_mut()) else {
            return VerificationTrailer::default();
        };
        if security.level < AuthLevel::Integrity {
            return VerificationTrailer::default();
        }
        let first = !std::mem::replace(&mut self.announced, true);
        let unstated = !std::mem::replace(&mut used.verified, true);
        let unsigned = !security.header_signing;
        VerificationTrailer {
            header_signing: first && unsigned,
            presentation: unstated.then_some((used.interface, used.syntax)),
            header: unsigned.then_some((call_id, context_id, opnum)),
        }
    }
}
