//! Written by `codegen` from `idl/primitives.idl`.

use crate::ndr::{self, Align, DecodeError, Decoder, EncodeError, Encoder, Ndr};

/// ```idl
/// typedef struct Primitives {
///     byte a;
///     char b;
///     boolean c;
///     small d;
///     unsigned small e;
///     signed char f;
///     short g;
///     unsigned short int h;
///     wchar_t i;
///     long j;
///     unsigned long k;
///     int l;
///     unsigned m;
///     hyper n;
///     unsigned hyper o;
///     __int64 p;
///     unsigned __int64 q;
///     unsigned __int8 r;
///     __int16 s;
///     unsigned __int32 t;
///     long long u;
///     float v;
///     double w;
///     error_status_t x;
///     __int3264 y;
///     unsigned __int3264 z;
///     uuid_t uuid;
/// } Primitives;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Primitives {
    pub a: u8,
    pub b: u8,
    pub c: u8,
    pub d: i8,
    pub e: u8,
    pub f: i8,
    pub g: i16,
    pub h: u16,
    pub i: u16,
    pub j: i32,
    pub k: u32,
    pub l: i32,
    pub m: u32,
    pub n: i64,
    pub o: u64,
    pub p: i64,
    pub q: u64,
    pub r: u8,
    pub s: i16,
    pub t: u32,
    pub u: i64,
    pub v: f32,
    pub w: f64,
    pub x: u32,
    pub y: ndr::Int3264,
    pub z: ndr::UInt3264,
    pub uuid: uuid::Uuid,
}

impl Ndr for Primitives {
    const ALIGN: Align = Align::new(8, 8);
    const MIN_SIZE: usize = 115;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.a.encode(e)?;
        self.b.encode(e)?;
        self.c.encode(e)?;
        self.d.encode(e)?;
        self.e.encode(e)?;
        self.f.encode(e)?;
        self.g.encode(e)?;
        self.h.encode(e)?;
        self.i.encode(e)?;
        self.j.encode(e)?;
        self.k.encode(e)?;
        self.l.encode(e)?;
        self.m.encode(e)?;
        self.n.encode(e)?;
        self.o.encode(e)?;
        self.p.encode(e)?;
        self.q.encode(e)?;
        self.r.encode(e)?;
        self.s.encode(e)?;
        self.t.encode(e)?;
        self.u.encode(e)?;
        self.v.encode(e)?;
        self.w.encode(e)?;
        self.x.encode(e)?;
        self.y.encode(e)?;
        self.z.encode(e)?;
        self.uuid.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            a: Ndr::decode(d)?,
            b: Ndr::decode(d)?,
            c: Ndr::decode(d)?,
            d: Ndr::decode(d)?,
            e: Ndr::decode(d)?,
            f: Ndr::decode(d)?,
            g: Ndr::decode(d)?,
            h: Ndr::decode(d)?,
            i: Ndr::decode(d)?,
            j: Ndr::decode(d)?,
            k: Ndr::decode(d)?,
            l: Ndr::decode(d)?,
            m: Ndr::decode(d)?,
            n: Ndr::decode(d)?,
            o: Ndr::decode(d)?,
            p: Ndr::decode(d)?,
            q: Ndr::decode(d)?,
            r: Ndr::decode(d)?,
            s: Ndr::decode(d)?,
            t: Ndr::decode(d)?,
            u: Ndr::decode(d)?,
            v: Ndr::decode(d)?,
            w: Ndr::decode(d)?,
            x: Ndr::decode(d)?,
            y: Ndr::decode(d)?,
            z: Ndr::decode(d)?,
            uuid: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }
}
