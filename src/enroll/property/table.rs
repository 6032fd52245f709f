//! The properties that there are: identifiers, types, index rules and display names, as the
//! tables of [MS-WCCE] 3.2.1.4.3.2 have them.

use super::PropertyError;

/// What kind of value a property has: the values of PropType.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PropertyKind {
    /// PROPTYPE_LONG: a number, CAINFO, or an array.
    Long,
    /// PROPTYPE_BINARY.
    Binary,
    /// PROPTYPE_STRING.
    Text,
}

impl PropertyKind {
    /// The number on the wire.
    pub const fn value(self) -> u8 {
        match self {
            Self::Long => 1,
            Self::Binary => 3,
            Self::Text => 4,
        }
    }
}

/// What PropIndex may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PropertyIndex {
    /// Not indexed: 0.
    None,
    /// Indexed, by a certificate of the CA.
    Certificate,
    /// The same, and 0xFFFFFFFF is the newest.
    CertificateOrNewest,
    /// Indexed, by exchange certificate: 0, and 0xFFFFFFFF means the same.
    Exchange,
    /// Indexed, by a certificate that has one behind it.
    Forward,
    /// Indexed, by a certificate that has one before it.
    Backward,
    /// Indexed, by a certificate of a CA that has had several.
    OfSeveral,
    /// Indexed, but this CA has nothing that could be indexed: exit algorithms, key recovery
    /// agents, CRL partitions.
    Nothing,
}

/// 0xFFFFFFFF as an index: the newest.
pub(super) const NEWEST: i32 = -1;

impl PropertyIndex {
    /// Whether GetCAPropertyInfo marks the property as indexed.
    pub fn is_indexed(self) -> bool {
        self != Self::None
    }

    /// `certificates`: how many the CA has had.
    fn allows(self, index: i32, certificates: u32) -> bool {
        let certificate = u32::try_from(index).is_ok_and(|index| index < certificates);
        match self {
            Self::None => index == 0,
            Self::Certificate => certificate,
            Self::CertificateOrNewest => certificate || index == NEWEST,
            Self::Exchange => index == 0 || index == NEWEST,
            Self::Forward => {
                certificate
                    && index.checked_add(1).is_some_and(|next| {
                        u32::try_from(next).is_ok_and(|next| next < certificates)
                    })
            }
            Self::Backward => certificate && index > 0,
            Self::OfSeveral => certificate && certificates > 1,
            Self::Nothing => true,
        }
    }
}

/// A property of the CA.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Property {
    /// Which one.
    pub id: PropertyId,
    /// The type of its value.
    pub kind: PropertyKind,
    /// Its index.
    pub index: PropertyIndex,
    /// Its name for people.
    pub display_name: &'static str,
}

impl Property {
    /// The property that a call asks for. `kind` is PropType, where the call has one;
    /// `certificates` is how many the CA has had.
    pub(super) fn find(
        id: i32,
        index: i32,
        kind: Option<i32>,
        certificates: u32,
    ) -> Result<&'static Self, PropertyError> {
        let property = PROPERTIES.iter().find(|property| property.id.value() == id);
        let property = property.ok_or(PropertyError::Unknown(id))?;
        if kind.is_some_and(|kind| kind != i32::from(property.kind.value())) {
            return Err(PropertyError::Kind(property.id));
        }
        if !property.index.allows(index, certificates) {
            return Err(PropertyError::Index(property.id));
        }
        Ok(property)
    }
}

macro_rules! properties {
    ($($value:literal $id:ident $kind:ident $index:ident $name:literal;)*) => {
        /// CR_PROP values ([MS-WCCE] 3.2.1.4.3.2).
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum PropertyId {
            $(#[doc = concat!($name, ": ", stringify!($value), ".")] $id,)*
        }

        impl PropertyId {
            /// The number on the wire.
            pub const fn value(self) -> i32 {
                match self { $(Self::$id => $value,)* }
            }
        }

        /// All properties, by ascending number.
        pub const PROPERTIES: &[Property] = &[$(Property {
            id: PropertyId::$id,
            kind: PropertyKind::$kind,
            index: PropertyIndex::$index,
            display_name: $name,
        },)*];
    };
}

properties! {
    0x01 FileVersion Text None "CA File Version";
    0x02 ProductVersion Text None "CA Product Version";
    0x03 ExitCount Long None "Exit Count";
    0x04 ExitDescription Text Nothing "Exit Description";
    0x05 PolicyDescription Text None "Policy Description";
    0x06 CaName Text None "Certification Authority Name";
    0x07 SanitizedCaName Text None "Sanitized CA Name";
    0x08 SharedFolder Text None "Shared Folder Path";
    0x09 ParentCa Text None "Parent CA Name";
    0x0A CaType Long None "CA Type";
    0x0B CaSigCertCount Long None "CA Signature Certificate Count";
    0x0C CaSigCert Binary CertificateOrNewest "CA Signature Certificate";
    0x0D CaSigCertChain Binary CertificateOrNewest "CA signing certificate Chain";
    0x0E CaXchgCertCount Long None "CA Exchange Certificate Count";
    0x0F CaXchgCert Binary Exchange "CA Exchange Certificate";
    0x10 CaXchgCertChain Binary Exchange "CA Exchange Certificate Chain";
    0x11 BaseCrl Binary CertificateOrNewest "Base CRL";
    0x12 DeltaCrl Binary CertificateOrNewest "Delta CRL";
    0x13 CaCertState Long Certificate "CA Signing Certificates State";
    0x14 CrlState Long Certificate "CA CRL State";
    0x15 CaPropIdMax Long None "Maximum Property ID";
    0x16 DnsName Text None "CA Fully Qualified DNS";
    0x17 RoleSeparationEnabled Long None "Role Separated Enabled";
    0x18 KraCertUsedCount Long None "Count Of Required KRAs For Archival";
    0x19 KraCertCount Long None "Count Of Registered KRAs";
    0x1A KraCert Binary Nothing "KRA Certificate";
    0x1B KraCertState Long Nothing "KRA Certificates State";
    0x1C AdvancedServer Long None "Advanced Server";
    0x1D Templates Text None "Configured Certificate Templates";
    0x1E BaseCrlPublishStatus Long CertificateOrNewest "Base CRL Publishing Status";
    0x1F DeltaCrlPublishStatus Long CertificateOrNewest "Delta CRL Publishing State";
    0x20 CaSigCertCrlChain Binary CertificateOrNewest "CA Signing Certificate Chain and CRL";
    0x21 CaXchgCertCrlChain Binary Exchange "CA Exchange Certificate Chain and CRL";
    0x22 CaCertStatusCode Long CertificateOrNewest "CA Signing Certificate Status";
    0x23 CaForwardCrossCert Binary Forward "CA Forward Cross Certificate";
    0x24 CaBackwardCrossCert Binary Backward "CA Backward Cross Certificate";
    0x25 CaForwardCrossCertState Long OfSeveral "CA Forward Cross Certificate State";
    0x26 CaBackwardCrossCertState Long OfSeveral "CA Backward Cross Certificate State";
    0x27 CaCertVersion Long Certificate "CA Signing Certificates Revisions";
    0x28 SanitizedCaShortName Text None "CA Sanitized Short Name";
    0x29 CertCdpUrls Text CertificateOrNewest "CRL Distribution Points";
    0x2A CertAiaUrls Text CertificateOrNewest "Authority Information Access";
    0x2B CertAiaOcspUrls Text CertificateOrNewest "OCSP URLs";
    0x2C LocaleName Text None "CA Locale Name";
    0x2D SubjectTemplateOids Text None "Subject Template";
    0x2E CrlPartitionCount Long None "CRL Partitions Count";
    0x2F PartitionedBaseCrl Binary Nothing "Partitioned Base CRL";
    0x30 PartitionedDeltaCrl Binary Nothing "Partitioned Delta CRL";
    0x31 PartitionedBaseCrlPublishStatus Long Nothing "Partitioned Base CRL Publishing Status";
    0x32 PartitionedDeltaCrlPublishStatus Long Nothing "Partitioned Delta CRL Publishing Status";
}
