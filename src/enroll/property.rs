//! Properties of the CA ([MS-WCCE] 3.2.1.4.3.2), apart from how they travel.

mod renewals;
mod table;

use std::sync::Arc;
use std::time::SystemTime;

use self::renewals::Direction;
use self::table::NEWEST;
use super::process::Failure;
use super::{EnrollError, Enrollment, gate};
use crate::asn1::Certificate;
use crate::ca::{CertificateAuthority, Generation, IssueError};
use crate::model::{Caller, HResult, Oid};

pub use self::table::{PROPERTIES, Property, PropertyId, PropertyIndex, PropertyKind};

/// Which property is wanted, in the values of the wire.
#[derive(Clone, Copy, Debug)]
pub struct PropertyQuery<'a> {
    /// pwszAuthority: which CA is meant; `None` where it does not matter.
    pub authority: Option<&'a str>,
    /// PropID.
    pub id: i32,
    /// PropIndex.
    pub index: i32,
    /// PropType; `None` where the call has none.
    pub kind: Option<i32>,
}

/// The value of a property.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PropertyValue {
    /// Text.
    Text(String),
    /// A number that comes among all the others.
    Info(CaInfo),
    /// A number for itself.
    Number(u32),
    /// A number for each certificate of the CA.
    Numbers(Vec<u32>),
    /// DER, or a byte for each certificate of the CA.
    Bytes(Vec<u8>),
}

/// The numbers that describe the CA ([MS-WCCE] 2.2.2.4).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CaInfo {
    /// CAType: 0 for a root, 1 for a subordinate, of an enterprise.
    pub ca_type: u32,
    /// Certificates that the CA signs with.
    pub signature_certificates: u32,
    /// Exchange certificates.
    pub exchange_certificates: u32,
    /// Exit algorithms.
    pub exit_algorithms: u32,
    /// The highest PropID.
    pub max_property_id: i32,
    /// Whether roles are separated.
    pub role_separation: bool,
    /// Key recovery agents that an archival takes.
    pub kra_used: u32,
    /// Key recovery agents that there are.
    pub kra: u32,
    /// Whether templates of all versions are offered.
    pub advanced_server: bool,
}

/// Why a property has no value.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PropertyError {
    /// No such identifier.
    #[error("there is no property {0}")]
    Unknown(i32),
    /// PropType is not that of the property.
    #[error("property {0:?} is not of the type asked for")]
    Kind(PropertyId),
    /// PropIndex is out of range.
    #[error("property {0:?} has no such index")]
    Index(PropertyId),
    /// What the property is about does not exist here.
    #[error("this CA has nothing to tell as property {0:?}")]
    NotFound(PropertyId),
    /// The property is known, and has no value.
    #[error("property {0:?} has no value")]
    Empty(PropertyId),
    /// The property belongs to something that this CA does not do.
    #[error("this CA does not have what property {0:?} tells about")]
    NotImplemented(PropertyId),
}

impl PropertyError {
    /// The return value that the specification names or, where it leaves the choice, one that
    /// fits.
    pub fn hresult(self) -> HResult {
        match self {
            Self::Unknown(_) | Self::Kind(_) | Self::Index(_) | Self::NotImplemented(_) => {
                HResult::E_INVALIDARG
            }
            Self::NotFound(_) => HResult::FILE_NOT_FOUND,
            Self::Empty(_) => HResult::CERTSRV_E_PROPERTY_EMPTY,
        }
    }
}

/// Config_File_Version and Config_Product_Version, in the form "w.x.y.z".
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), ".0");

/// Config_CA_Policy_Description. ("Windows default" is Microsoft's.)
const POLICY: &str = "wcce enterprise policy";

/// The language of messages (RFC 4646).
const LOCALE: &str = "en-US";

impl Enrollment {
    /// The value of a property of the CA.
    ///
    /// # Errors
    /// Where the caller may not call this CA or names another, where there is no such property,
    /// or its value cannot be read or made.
    pub async fn property(
        &self,
        caller: &Arc<Caller>,
        query: PropertyQuery<'_>,
    ) -> Result<PropertyValue, EnrollError> {
        gate::may_enroll(self, caller)?;
        self.property_of_reader(caller, query).await
    }

    /// The same for somebody who may read the CA's properties by another right.
    ///
    /// # Errors
    /// As [`Self::property`].
    pub async fn property_of_reader(
        &self,
        caller: &Arc<Caller>,
        query: PropertyQuery<'_>,
    ) -> Result<PropertyValue, EnrollError> {
        query.authority.map_or(Ok(()), |authority| gate::is_meant(self, authority))?;
        let certificates = self.signing_certificates();
        let property = Property::find(query.id, query.index, query.kind, certificates)?;
        let ca = self.ca_at(property, query.index)?;
        self.value(caller, property.id, query.index, ca).await
    }

    /// The list of properties, for a caller who may read them.
    ///
    /// # Errors
    /// Where the caller may not call this CA, or names another.
    pub fn properties(
        &self,
        caller: &Arc<Caller>,
        authority: &str,
    ) -> Result<&'static [Property], EnrollError> {
        gate::check(self, caller, authority)?;
        Ok(PROPERTIES)
    }

    /// Whether `authority` names this CA, or none ([MS-WCCE] 3.2.1.4.2.3).
    ///
    /// # Errors
    /// Where it names another.
    pub fn ping(&self, authority: &str) -> Result<(), EnrollError> {
        if authority.is_empty() { Ok(()) } else { gate::is_meant(self, authority) }
    }

    /// How many certificates the CA has had.
    fn signing_certificates(&self) -> u32 {
        u32::from(self.ca.generation().certificate).saturating_add(1)
    }

    /// The CA with the certificate of this number, where a property is of one. Those that are over
    /// are not kept.
    fn ca_at(
        &self,
        property: &Property,
        index: i32,
    ) -> Result<&CertificateAuthority, PropertyError> {
        let of_certificate = matches!(
            property.index,
            PropertyIndex::Certificate | PropertyIndex::CertificateOrNewest
        );
        if !of_certificate || index == NEWEST {
            return Ok(&self.ca);
        }
        let all = self.ca.earlier().iter().map(|ca| &**ca).chain([&*self.ca]);
        let mut all = all.filter(|ca| i32::from(ca.generation().certificate) == index);
        all.next().ok_or(PropertyError::NotFound(property.id))
    }

    async fn value(
        &self,
        caller: &Arc<Caller>,
        id: PropertyId,
        index: i32,
        ca: &CertificateAuthority,
    ) -> Result<PropertyValue, EnrollError> {
        use PropertyId as P;
        use PropertyValue::{Bytes, Info, Number, Numbers, Text};
        let names = &self.ca.certificate().names;
        let now = (self.clock)();
        Ok(match id {
            P::FileVersion | P::ProductVersion => Text(VERSION.to_owned()),
            P::PolicyDescription => Text(POLICY.to_owned()),
            P::CaName => Text(names.common_name.clone()),
            P::SanitizedCaName => Text(names.sanitized.clone()),
            P::SanitizedCaShortName => Text(names.sanitized_short.clone()),
            P::DnsName => Text(self.settings.host.dns_name.clone()),
            P::LocaleName => Text(LOCALE.to_owned()),
            // The order of attributes in subjects is not a setting.
            P::SubjectTemplateOids => Text(String::new()),
            P::Templates => Text(self.template_list().await?),
            P::CertCdpUrls => Text(lines(&ca.urls().crl)),
            P::CertAiaUrls => Text(lines(&ca.urls().ca_certificate)),
            P::CertAiaOcspUrls => Text(lines(&ca.urls().ocsp)),
            P::ParentCa if self.ca.certificate().is_root() => {
                return Err(PropertyError::NotFound(id).into());
            }
            // Where the CA above is reached is not a setting.
            P::ParentCa => Text(String::new()),
            P::ExitCount
            | P::CaType
            | P::CaSigCertCount
            | P::CaXchgCertCount
            | P::CaPropIdMax
            | P::KraCertUsedCount
            | P::KraCertCount
            | P::AdvancedServer => Info(self.info()),
            P::CaSigCert => Bytes(ca.certificate().der.clone()),
            P::CaSigCertChain => Bytes(ca.own_chain([])),
            P::CaSigCertCrlChain => Bytes(ca.own_chain(self.crl_of(ca).as_deref())),
            P::CaXchgCert => Bytes(self.exchange_certificate(caller).await?),
            P::CaXchgCertChain => {
                let der = self.exchange_certificate(caller).await?;
                Bytes(self.ca.exchange_chain(&der, []))
            }
            P::CaXchgCertCrlChain => {
                let der = self.exchange_certificate(caller).await?;
                Bytes(self.ca.exchange_chain(&der, self.crl().as_deref()))
            }
            P::BaseCrl => Bytes(self.crl_of(ca).unwrap_or_default()),
            P::DeltaCrl => Bytes(self.delta_crl_of(ca).unwrap_or_default()),
            P::CaCertState => self.certificate_states(now),
            P::CrlState => self.crl_states(now),
            P::CaCertStatusCode => Number(chain_status(ca, now)?.0),
            P::CaCertVersion => Numbers(self.versions()),
            P::BaseCrlPublishStatus => Number(self.publish_flags(ca, false).unwrap_or_default()),
            P::DeltaCrlPublishStatus => {
                Number(self.publish_flags(ca, true).ok_or(PropertyError::Empty(id))?)
            }
            // CRLs are not partitioned.
            P::CrlPartitionCount => Number(0),
            P::ExitDescription | P::SharedFolder | P::KraCert => {
                return Err(PropertyError::NotFound(id).into());
            }
            P::KraCertState => {
                return Err(PropertyError::Empty(id).into());
            }
            P::RoleSeparationEnabled
            | P::PartitionedBaseCrl
            | P::PartitionedDeltaCrl
            | P::PartitionedBaseCrlPublishStatus
            | P::PartitionedDeltaCrlPublishStatus => {
                return Err(PropertyError::NotImplemented(id).into());
            }
            P::CaForwardCrossCert => self.cross_certificate(id, index, Direction::Forward)?,
            P::CaBackwardCrossCert => self.cross_certificate(id, index, Direction::Backward)?,
            P::CaForwardCrossCertState => self.cross_states(Direction::Forward, now),
            P::CaBackwardCrossCertState => self.cross_states(Direction::Backward, now),
        })
    }

    fn info(&self) -> CaInfo {
        let is_root = self.ca.certificate().is_root();
        CaInfo {
            ca_type: if is_root { 0 } else { 1 },
            signature_certificates: self.signing_certificates(),
            exchange_certificates: 1,
            exit_algorithms: 0,
            max_property_id: PROPERTIES.last().map_or(0, |last| last.id.value()),
            role_separation: false,
            kra_used: 0,
            kra: 0,
            advanced_server: true,
        }
    }

    /// Names and identifiers of the templates that the CA issues by.
    async fn template_list(&self) -> Result<String, Failure> {
        let table = self.directory.templates().await?;
        let enabled = table.rows().iter().filter(|row| row.enabled).map(|row| &row.template);
        let pair = |name: &str, oid: Option<&Oid>| {
            format!("{name}\n{}\n", oid.map(Oid::to_string).unwrap_or_default())
        };
        Ok(enabled.map(|template| pair(&template.name, template.oid.as_ref())).collect())
    }

    /// DER of the current base CRL.
    pub(super) fn crl(&self) -> Option<Vec<u8>> {
        self.crls.borrow().base.as_ref().map(|crl| crl.der.clone())
    }

    /// DER of the current base CRL of this one's key.
    fn crl_of(&self, ca: &CertificateAuthority) -> Option<Vec<u8>> {
        let key = self.ca.generation().key;
        let (base, _) = self.crls.borrow().of_key(ca.generation().key, key)?;
        Some(base?.der.clone())
    }

    /// CRL_Publish_Flags of the newest base or delta CRL of this one's key.
    fn publish_flags(&self, ca: &CertificateAuthority, delta: bool) -> Option<u32> {
        let (crls, key) = (self.crls.borrow(), ca.generation().key);
        let mut rows = crls.history.iter().rev();
        let newest = rows.find(|row| row.key == key && row.is_delta() == delta);
        newest.map(|row| row.flags)
    }

    /// DER of the current delta CRL of this one's key.
    fn delta_crl_of(&self, ca: &CertificateAuthority) -> Option<Vec<u8>> {
        let key = self.ca.generation().key;
        let (_, delta) = self.crls.borrow().of_key(ca.generation().key, key)?;
        Some(delta?.der.clone())
    }

    /// Key and certificate of each certificate that the CA has had. Of those that are over only the
    /// certificate's number is known; they count to the key before.
    fn versions(&self) -> Vec<u32> {
        let all = self.ca.earlier().iter().map(|ca| ca.generation());
        let known: Vec<_> = all.chain([self.ca.generation()]).collect();
        let mut key = 0;
        (0..=self.ca.generation().certificate)
            .map(|certificate| {
                let found = known.iter().find(|known| known.certificate == certificate);
                key = found.map_or(key, |found| found.key);
                Generation { certificate, key }.version()
            })
            .collect()
    }
}

/// Whether the CA's certificate and all above it are in their validity. Signatures were verified
/// when they were loaded.
fn chain_status(ca: &CertificateAuthority, now: SystemTime) -> Result<HResult, Failure> {
    for der in ca.certificates() {
        let certificate = Certificate::parse(der).map_err(IssueError::Encoding)?;
        if !(certificate.not_before..=certificate.not_after).contains(&now) {
            return Ok(HResult::CERT_E_EXPIRED);
        }
    }
    Ok(HResult::S_OK)
}

/// "String1\nString2\n".
fn lines(texts: &[String]) -> String {
    texts.iter().map(|text| format!("{text}\n")).collect()
}
