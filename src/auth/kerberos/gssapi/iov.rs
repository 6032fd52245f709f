//! MIT krb5's own message protection, for tests to compare ours with.

use super::{Context, c_int, check, gss, ptr};

/// A part of a message, as DCE/RPC lays it out.
fn buffer(kind: u32, bytes: &mut [u8]) -> gss::gss_iov_buffer_desc {
    let buffer = gss::gss_buffer_desc { length: bytes.len(), value: bytes.as_mut_ptr().cast() };
    gss::gss_iov_buffer_desc { type_: kind, buffer }
}

/// Header, stub and trailer of a PDU.
pub(in crate::auth::kerberos) type Parts<'a> = [&'a mut [u8]; 3];

/// The token and the parts, in the order that Windows' layout needs.
fn layout(
    token_kind: u32,
    token: &mut [u8],
    parts: &mut Parts<'_>,
) -> [gss::gss_iov_buffer_desc; 4] {
    let [before, body, after] = parts;
    [
        buffer(token_kind, token),
        buffer(gss::GSS_IOV_BUFFER_TYPE_SIGN_ONLY, before),
        buffer(gss::GSS_IOV_BUFFER_TYPE_DATA, body),
        buffer(gss::GSS_IOV_BUFFER_TYPE_SIGN_ONLY, after),
    ]
}

impl Context {
    /// Seals the body in place (`gss_wrap_iov`); returns the token.
    pub(in crate::auth::kerberos) fn wrap(&mut self, parts: &mut Parts<'_>) -> Vec<u8> {
        let (mut minor, mut sealed) = (0, 0);
        let mut iov = layout(gss::GSS_IOV_BUFFER_TYPE_HEADER, &mut [], parts);
        // SAFETY: four buffers that live across the call, which only writes lengths.
        let major = unsafe {
            gss::gss_wrap_iov_length(
                &raw mut minor,
                self.handle,
                1,
                0,
                &raw mut sealed,
                iov.as_mut_ptr(),
                4,
            )
        };
        check(major, minor).expect("an established context");
        let mut token = vec![0; iov[0].buffer.length];
        let mut iov = layout(gss::GSS_IOV_BUFFER_TYPE_HEADER, &mut token, parts);
        // SAFETY: as above; the buffers have the lengths that the library asked for.
        let major = unsafe {
            gss::gss_wrap_iov(
                &raw mut minor,
                self.handle,
                1,
                0,
                &raw mut sealed,
                iov.as_mut_ptr(),
                4,
            )
        };
        check(major, minor).expect("an established context");
        assert_eq!(sealed, 1);
        token
    }

    /// Unseals the body in place (`gss_unwrap_iov`).
    pub(in crate::auth::kerberos) fn unwrap(
        &mut self,
        token: &mut [u8],
        parts: &mut Parts<'_>,
    ) -> Result<(), super::GssError> {
        let (mut minor, mut sealed) = (0, 0);
        let mut iov = layout(gss::GSS_IOV_BUFFER_TYPE_HEADER, token, parts);
        // SAFETY: four buffers that live across the call, which works in place.
        let major = unsafe {
            gss::gss_unwrap_iov(
                &raw mut minor,
                self.handle,
                &raw mut sealed,
                ptr::null_mut(),
                iov.as_mut_ptr(),
                4,
            )
        };
        check(major, minor)
    }

    /// A signature over the parts (`gss_get_mic_iov`).
    pub(in crate::auth::kerberos) fn mic(&mut self, parts: &mut Parts<'_>) -> Vec<u8> {
        let mut minor = 0;
        let mut iov = layout(gss::GSS_IOV_BUFFER_TYPE_MIC_TOKEN, &mut [], parts);
        let count = c_int::try_from(iov.len()).expect("four");
        // SAFETY: four buffers that live across the call, which only writes lengths.
        let major = unsafe {
            gss::gss_get_mic_iov_length(&raw mut minor, self.handle, 0, iov.as_mut_ptr(), count)
        };
        check(major, minor).expect("an established context");
        let mut token = vec![0; iov[0].buffer.length];
        let mut iov = layout(gss::GSS_IOV_BUFFER_TYPE_MIC_TOKEN, &mut token, parts);
        // SAFETY: as above; the token has the length that the library asked for.
        let major = unsafe {
            gss::gss_get_mic_iov(&raw mut minor, self.handle, 0, iov.as_mut_ptr(), count)
        };
        check(major, minor).expect("an established context");
        token
    }

    /// Checks a signature over the parts (`gss_verify_mic_iov`).
    pub(in crate::auth::kerberos) fn verify(
        &mut self,
        token: &mut [u8],
        parts: &mut Parts<'_>,
    ) -> Result<(), super::GssError> {
        let mut minor = 0;
        let mut iov = layout(gss::GSS_IOV_BUFFER_TYPE_MIC_TOKEN, token, parts);
        // SAFETY: four buffers that live across the call, which only reads them.
        let major = unsafe {
            gss::gss_verify_mic_iov(
                &raw mut minor,
                self.handle,
                ptr::null_mut(),
                iov.as_mut_ptr(),
                4,
            )
        };
        check(major, minor)
    }
}
