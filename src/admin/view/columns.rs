//! Tables and columns of the CA's database, with the numbers and names that clients know ([MS-CSRA]
//! 2.2.1.7, 3.1.1.1 to 3.1.1.4; those of Windows Server 2016).

/// A table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Table {
    /// Requests and the certificates issued for them.
    Requests,
    /// Extensions of requests.
    Extensions,
    /// Attributes of requests.
    Attributes,
    /// CRLs.
    Crls,
}

impl Table {
    /// By the number of EnumViewColumnTable and DeleteRow.
    pub fn from_number(number: u32) -> Option<Self> {
        match number {
            0 => Some(Self::Requests),
            0x3000 => Some(Self::Extensions),
            0x4000 => Some(Self::Attributes),
            0x5000 => Some(Self::Crls),
            _ => None,
        }
    }

    /// Its columns, in the order in which they are enumerated.
    pub fn columns(self) -> &'static [Column] {
        match self {
            Self::Requests => REQUESTS,
            Self::Extensions => EXTENSIONS,
            Self::Attributes => ATTRIBUTES,
            Self::Crls => CRLS,
        }
    }

    /// The table and the column of an identifier.
    pub fn find(id: u32) -> Option<(Self, &'static Column)> {
        let all = [Self::Requests, Self::Extensions, Self::Attributes, Self::Crls];
        all.into_iter().find_map(|table| {
            table.columns().iter().find(|column| column.id == id).map(|column| (table, column))
        })
    }
}

/// What values of a column are.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// A number of 32 bits.
    Long,
    /// A time.
    Date,
    /// Bytes.
    Binary,
    /// Text.
    Text,
}

impl Kind {
    /// PROPTYPE_LONG and its relatives.
    pub fn value(self) -> u32 {
        match self {
            Self::Long => 1,
            Self::Date => 2,
            Self::Binary => 3,
            Self::Text => 4,
        }
    }
}

/// A column.
#[derive(PartialEq, Eq, Debug)]
pub struct Column {
    /// Its identifier.
    pub id: u32,
    /// Its name.
    pub name: &'static str,
    /// What people are shown.
    pub display: &'static str,
    /// What its values are.
    pub kind: Kind,
    /// How long they are at most, in bytes.
    pub max: u32,
    /// Whether clients are told that it is indexed.
    pub indexed: bool,
}

/// Request.RequestID, and what other tables and views call it.
pub(super) mod ids {
    pub const REQUEST_ID: u32 = 0x1000;
    pub const DISPOSITION: u32 = 0x1009;
    pub const REQUESTER: u32 = 0x1010;
    pub const ISSUED_ID: u32 = 0x2000;
    pub const TEMPLATE: u32 = 0x2003;
    pub const SERIAL: u32 = 0x2007;
    pub const NOT_AFTER: u32 = 0x200A;
    pub const ATTRIBUTE_REQUEST_ID: u32 = 0x3000;
    pub const EXTENSION_REQUEST_ID: u32 = 0x4000;
    pub const CRL_ROW_ID: u32 = 0x5000;
}

macro_rules! columns {
    ($($table:ident: $($id:literal $name:literal $kind:ident $max:literal $display:literal $($mark:literal)?;)*)*) => {
        $(const $table: &[Column] = &[$(Column {
            id: $id,
            name: $name,
            display: $display,
            kind: Kind::$kind,
            max: $max,
            indexed: columns!(@indexed $($mark)?),
        },)*];)*
    };
    (@indexed) => { false };
    (@indexed $mark:literal) => { true };
}

columns! {
    REQUESTS:
        0x1000 "Request.RequestID" Long 4 "Request ID" "*";
        0x1001 "Request.RawRequest" Binary 65536 "Binary Request";
        0x1002 "Request.RawArchivedKey" Binary 65536 "Archived Key";
        0x1003 "Request.KeyRecoveryHashes" Text 8192 "Key Recovery Agent Hashes";
        0x1004 "Request.RawOldCertificate" Binary 16384 "Old Certificate";
        0x1005 "Request.RequestAttributes" Text 32768 "Request Attributes";
        0x1006 "Request.RequestType" Long 4 "Request Type";
        0x1007 "Request.RequestFlags" Long 4 "Request Flags";
        0x1008 "Request.StatusCode" Long 4 "Request Status Code";
        0x1009 "Request.Disposition" Long 4 "Request Disposition" "*";
        0x100A "Request.DispositionMessage" Text 8192 "Request Disposition Message";
        0x100B "Request.SubmittedWhen" Date 8 "Request Submission Date" "*";
        0x100C "Request.ResolvedWhen" Date 8 "Request Resolution Date" "*";
        0x100D "Request.RevokedWhen" Date 8 "Revocation Date";
        0x100E "Request.RevokedEffectiveWhen" Date 8 "Effective Revocation Date" "*";
        0x100F "Request.RevokedReason" Long 4 "Revocation Reason";
        0x1010 "Request.RequesterName" Text 2048 "Requester Name" "*";
        0x1011 "Request.CallerName" Text 2048 "Caller Name" "*";
        0x1012 "Request.SignerPolicies" Text 8192 "Signer Policies";
        0x1013 "Request.SignerApplicationPolicies" Text 8192 "Signer Application Policies";
        0x1014 "Request.Officer" Long 4 "Officer";
        0x1015 "Request.DistinguishedName" Text 8192 "Request Distinguished Name";
        0x1016 "Request.RawName" Binary 4096 "Request Binary Name";
        0x1017 "Request.Country" Text 8192 "Request Country/Region";
        0x1018 "Request.Organization" Text 8192 "Request Organization";
        0x1019 "Request.OrgUnit" Text 8192 "Request Organization Unit";
        0x101A "Request.CommonName" Text 8192 "Request Common Name";
        0x101B "Request.Locality" Text 8192 "Request City";
        0x101C "Request.State" Text 8192 "Request State";
        0x101D "Request.Title" Text 8192 "Request Title";
        0x101E "Request.GivenName" Text 8192 "Request First Name";
        0x101F "Request.Initials" Text 8192 "Request Initials";
        0x1020 "Request.SurName" Text 8192 "Request Last Name";
        0x1021 "Request.DomainComponent" Text 8192 "Request Domain Component";
        0x1022 "Request.EMail" Text 8192 "Request Email Address";
        0x1023 "Request.StreetAddress" Text 8192 "Request Street Address";
        0x1024 "Request.UnstructuredName" Text 8192 "Request Unstructured Name";
        0x1025 "Request.UnstructuredAddress" Text 8192 "Request Unstructured Address";
        0x1026 "Request.DeviceSerialNumber" Text 8192 "Request Device Serial Number";
        0x1027 "Request.AttestationChallenge" Binary 4096 "Attestation Challenge";
        0x1028 "Request.EndorsementKeyHash" Text 144 "Endorsement Key Hash" "*";
        0x1029 "Request.EndorsementCertificateHash" Text 144 "Endorsement Certificate Hash" "*";
        0x102A "Request.RawPrecertificate" Binary 16384 "Binary Precertificate";
        0x2000 "RequestID" Long 4 "Issued Request ID" "*";
        0x2001 "RawCertificate" Binary 16384 "Binary Certificate";
        0x2002 "CertificateHash" Text 128 "Certificate Hash" "*";
        0x2003 "CertificateTemplate" Text 254 "Certificate Template" "*";
        0x2004 "EnrollmentFlags" Long 4 "Template Enrollment Flags";
        0x2005 "GeneralFlags" Long 4 "Template General Flags";
        0x2006 "PrivatekeyFlags" Long 4 "Template Private Key Flags";
        0x2007 "SerialNumber" Text 128 "Serial Number" "*";
        0x2008 "IssuerNameID" Long 4 "Issuer Name ID";
        0x2009 "NotBefore" Date 8 "Certificate Effective Date";
        0x200A "NotAfter" Date 8 "Certificate Expiration Date" "*";
        0x200B "SubjectKeyIdentifier" Text 128 "Issued Subject Key Identifier" "*";
        0x200C "RawPublicKey" Binary 4096 "Binary Public Key";
        0x200D "PublicKeyLength" Long 4 "Public Key Length";
        0x200E "PublicKeyAlgorithm" Text 254 "Public Key Algorithm";
        0x200F "RawPublicKeyAlgorithmParameters" Binary 4096 "Public Key Algorithm Parameters";
        0x2010 "PublishExpiredCertInCRL" Long 4 "Publish Expired Certificate in CRL";
        0x2011 "UPN" Text 2048 "User Principal Name" "*";
        0x2012 "DistinguishedName" Text 8192 "Issued Distinguished Name";
        0x2013 "RawName" Binary 4096 "Issued Binary Name";
        0x2014 "Country" Text 8192 "Issued Country/Region";
        0x2015 "Organization" Text 8192 "Issued Organization";
        0x2016 "OrgUnit" Text 8192 "Issued Organization Unit";
        0x2017 "CommonName" Text 8192 "Issued Common Name" "*";
        0x2018 "Locality" Text 8192 "Issued City";
        0x2019 "State" Text 8192 "Issued State";
        0x201A "Title" Text 8192 "Issued Title";
        0x201B "GivenName" Text 8192 "Issued First Name";
        0x201C "Initials" Text 8192 "Issued Initials";
        0x201D "SurName" Text 8192 "Issued Last Name";
        0x201E "DomainComponent" Text 8192 "Issued Domain Component";
        0x201F "EMail" Text 8192 "Issued Email Address";
        0x2020 "StreetAddress" Text 8192 "Issued Street Address";
        0x2021 "UnstructuredName" Text 8192 "Issued Unstructured Name";
        0x2022 "UnstructuredAddress" Text 8192 "Issued Unstructured Address";
        0x2023 "DeviceSerialNumber" Text 8192 "Issued Device Serial Number";
    EXTENSIONS:
        0x4000 "ExtensionRequestId" Long 4 "Extension Request ID" "*";
        0x4001 "ExtensionName" Text 254 "Extension Name";
        0x4002 "ExtensionFlags" Long 4 "Extension Flags";
        0x4003 "ExtensionRawValue" Binary 4096 "Extension Raw Value";
    ATTRIBUTES:
        0x3000 "AttributeRequestId" Long 4 "Attribute Request ID" "*";
        0x3001 "AttributeName" Text 254 "Attribute Name";
        0x3002 "AttributeValue" Text 8192 "Attribute Value";
    CRLS:
        0x5000 "CRLRowId" Long 4 "CRL Row ID" "*";
        0x5001 "CRLNumber" Long 4 "CRL Number" "*";
        0x5002 "CRLMinBase" Long 4 "CRL Minimum Base Number";
        0x5003 "CRLNameId" Long 4 "CRL Name ID";
        0x5004 "CRLCount" Long 4 "CRL Count";
        0x5005 "CRLThisUpdate" Date 8 "CRL This Update";
        0x5006 "CRLNextUpdate" Date 8 "CRL Next Update" "*";
        0x5007 "CRLThisPublish" Date 8 "CRL This Publish";
        0x5008 "CRLNextPublish" Date 8 "CRL Next Publish" "*";
        0x5009 "CRLEffective" Date 8 "CRL Effective";
        0x500A "CRLPropagationComplete" Date 8 "CRL Propagation Complete" "*";
        0x500B "CRLLastPublished" Date 8 "CRL Last Published" "*";
        0x500C "CRLPublishAttempts" Long 4 "CRL Publish Attempts" "*";
        0x500D "CRLPublishFlags" Long 4 "CRL Publish Flags";
        0x500E "CRLPublishStatusCode" Long 4 "CRL Publish Status Code" "*";
        0x500F "CRLPublishError" Text 8192 "CRL Publish Error Information";
        0x5010 "CRLRawCRL" Binary 536870912 "CRL Raw CRL";
}

const QUEUE: &[u32] = &[
    0x1000, 0x1010, 0x100B, 0x1008, 0x100A, 0x2003, 0x101A, 0x1022, 0x1019, 0x1018, 0x101B, 0x101C,
    0x1017, 0x1001,
];
const LOG: &[u32] = &[
    0x1000, 0x1010, 0x2007, 0x2009, 0x200A, 0x2003, 0x2017, 0x201F, 0x2016, 0x2015, 0x2018, 0x2019,
    0x2014, 0x2001,
];
const REVOKED: &[u32] = &[
    0x1000, 0x1010, 0x2007, 0x2009, 0x200A, 0x2003, 0x2017, 0x201F, 0x2016, 0x2015, 0x2018, 0x2019,
    0x2014, 0x2001, 0x100D, 0x100E, 0x100F,
];

/// The columns of a default view ([MS-CSRA] 3.1.4.1.10); `None` for a set that there is not.
pub fn default_columns(set: u32) -> Option<Vec<u32>> {
    let all = |table: Table| Some(table.columns().iter().map(|column| column.id).collect());
    match set {
        // Queue and failed, log, revoked.
        0xFFFF_FFFF | 0xFFFF_FFFD => Some(QUEUE.to_vec()),
        0xFFFF_FFFE => Some(LOG.to_vec()),
        0xFFFF_FFF9 => Some(REVOKED.to_vec()),
        0xFFFF_FFFC => all(Table::Extensions),
        0xFFFF_FFFB => all(Table::Attributes),
        0xFFFF_FFFA => all(Table::Crls),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_those_of_windows_and_ascend() {
        for (table, first, last, count) in [
            (Table::Requests, 0x1000, 0x2023, 43 + 36),
            (Table::Extensions, 0x4000, 0x4003, 4),
            (Table::Attributes, 0x3000, 0x3002, 3),
            (Table::Crls, 0x5000, 0x5010, 17),
        ] {
            let columns = table.columns();
            assert_eq!(columns.len(), count);
            assert!(columns.is_sorted_by(|a, b| a.id < b.id));
            assert_eq!(columns.first().map(|one| one.id), Some(first));
            assert_eq!(columns.last().map(|one| one.id), Some(last));
            assert!(columns.iter().all(|one| Table::find(one.id) == Some((table, one))));
        }
        assert_eq!(Table::find(0x102B), None);
        assert_eq!(Table::from_number(0x2000), None);
    }

    #[test]
    fn default_sets_name_columns_of_one_table() {
        for set in [
            0xFFFF_FFFF,
            0xFFFF_FFFE,
            0xFFFF_FFFD,
            0xFFFF_FFFC,
            0xFFFF_FFFB,
            0xFFFF_FFFA,
            0xFFFF_FFF9_u32,
        ] {
            let columns = default_columns(set).unwrap();
            let tables: Vec<_> = columns.iter().map(|id| Table::find(*id).unwrap().0).collect();
            assert!(tables.iter().all(|table| *table == tables[0]), "{set:#x}");
        }
        assert_eq!(default_columns(0), None);
        assert_eq!(default_columns(0xFFFF_FFF8), None);
    }
}
