//! Properties of a CA that was renewed: a byte for each of its certificates, and the certificates by
//! which its keys vouch for each other ([MS-WCCE] 3.2.1.4.3.2.19, .20, .35 to .38).
//!
//! The specification has a root answer nothing about cross certificates, although roots alone have
//! any (a subordinate's keys are vouched for by the CA above). Here they are told.

use std::time::SystemTime;

use super::{Enrollment, PropertyError, PropertyId, PropertyValue};
use crate::asn1::Certificate;
use crate::ca::CertificateAuthority;

/// CA_DISP_ERROR: there is none.
const UNAVAILABLE: u8 = 1;
/// CA_DISP_VALID.
const VALID: u8 = 3;
/// CA_DISP_INVALID: expired.
const EXPIRED: u8 = 4;

/// Whether a cross certificate is for the key that comes next, or for the one before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Direction {
    Forward,
    Backward,
}

impl Enrollment {
    /// Each certificate that the CA has had, by its number; those that are over are not kept.
    fn certificates(&self) -> Vec<Option<&CertificateAuthority>> {
        let all = || self.ca.earlier().iter().map(|ca| &**ca).chain([&*self.ca]);
        let of = |number| all().find(|ca| ca.generation().certificate == number);
        (0..=self.ca.generation().certificate).map(of).collect()
    }

    /// The state of each of the CA's certificates.
    pub(super) fn certificate_states(&self, now: SystemTime) -> PropertyValue {
        let state = |ca: Option<&CertificateAuthority>| match ca {
            Some(ca) if ca.certificate().valid_at(now) => VALID,
            _ => EXPIRED,
        };
        PropertyValue::Bytes(self.certificates().into_iter().map(state).collect())
    }

    /// The state of the CRLs of each of the CA's certificates: a key's are told of the first that it
    /// had.
    pub(super) fn crl_states(&self, now: SystemTime) -> PropertyValue {
        let state = |ca: Option<&CertificateAuthority>| match ca {
            Some(ca) if ca.generation().certificate != ca.generation().key => UNAVAILABLE,
            Some(ca) if ca.certificate().valid_at(now) => VALID,
            _ => EXPIRED,
        };
        PropertyValue::Bytes(self.certificates().into_iter().map(state).collect())
    }

    /// The certificate by which the key of the certificate `row` vouches for its neighbour's.
    fn cross(&self, row: usize, direction: Direction) -> Option<&[u8]> {
        let keys = self.versions();
        let key_of = |row: usize| keys.get(row).map(|version| version >> 16);
        let neighbour = match direction {
            Direction::Forward => row.checked_add(1)?,
            Direction::Backward => row.checked_sub(1)?,
        };
        let (by, of) = (key_of(row)?, key_of(neighbour)?);
        let mut all = self.ca.cross_certificates().iter();
        let found = all.find(|one| (u32::from(one.by), u32::from(one.of)) == (by, of));
        found.map(|one| &*one.der)
    }

    /// The value of CR_PROP_CAFORWARDCROSSCERT or its opposite.
    pub(super) fn cross_certificate(
        &self,
        id: PropertyId,
        row: i32,
        direction: Direction,
    ) -> Result<PropertyValue, PropertyError> {
        let row = usize::try_from(row).map_err(|_| PropertyError::Index(id))?;
        let der = self.cross(row, direction).ok_or(PropertyError::Empty(id))?;
        Ok(PropertyValue::Bytes(der.to_vec()))
    }

    /// The state of the cross certificate of each of the CA's certificates.
    pub(super) fn cross_states(&self, direction: Direction, now: SystemTime) -> PropertyValue {
        let state = |row| match self.cross(row, direction).map(Certificate::parse) {
            Some(Ok(found)) if (found.not_before..=found.not_after).contains(&now) => VALID,
            Some(Ok(_)) => EXPIRED,
            Some(Err(_)) | None => UNAVAILABLE,
        };
        PropertyValue::Bytes((0..self.certificates().len()).map(state).collect())
    }
}
