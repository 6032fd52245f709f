//! From the attributes of a directory object to a template or an issuance policy ([MS-CRTD]
//! chapter 2): what LDAP, and exports in JSON and LDIF, have in common.

mod triplets;

use std::collections::HashMap;
use std::time::Duration;

use crate::model::{
    EnrollmentFlags, GeneralFlags, IssuancePolicy, KeyAlgorithms, KeyUsage, LinkedGroup, NameFlags,
    Oid, PrivateKeyFlags, SchemaVersion, SecurityDescriptor, SecurityDescriptorError, Template,
};

/// The attributes of one object as LDAP delivers them: strings and numbers as text, octet strings
/// as they are. Names are compared without case.
#[derive(Clone, Debug, Default)]
pub struct Attributes(HashMap<String, Vec<Vec<u8>>>);

/// Why an object of the directory cannot be understood. Such a template is none: a rule that
/// nobody can read is not followed by leaving it out.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{object}: {attribute}: {problem}")]
pub struct AttributeError {
    /// cn of the object, where it has one.
    pub object: String,
    /// Which attribute.
    pub attribute: &'static str,
    /// What is wrong with it.
    pub problem: AttributeProblem,
}

/// What is wrong with an attribute.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AttributeProblem {
    /// It has no value and needs one.
    #[error("there is no value")]
    Missing,
    /// It has several values where one is allowed.
    #[error("there are several values")]
    Several,
    /// Not UTF-8.
    #[error("not text")]
    NotText,
    /// Not an integer, or one that makes no sense here.
    #[error("{0:?} is not a number that it can have")]
    NotANumber(String),
    /// Not a dotted OID.
    #[error("{0:?} is no object identifier")]
    NotAnOid(String),
    /// Not 8 bytes with a negative interval.
    #[error("not a period: 8 bytes that hold a negative number of 100 ns")]
    NotAPeriod,
    /// More bytes than key usage has, or none.
    #[error("not one or two bytes of a key usage")]
    NotAKeyUsage,
    /// A schema version that is not known: such templates are not used ([MS-WCCE] 3.2.2.5).
    #[error("the schema version {0} is not known; 1 to 4 are")]
    UnknownSchema(i64),
    /// Not a self-relative security descriptor.
    #[error(transparent)]
    Security(#[from] SecurityDescriptorError),
    /// Triplets that cannot be read ([MS-CRTD] 2.23).
    #[error("not triplets of name, type and value: {0}")]
    Triplets(String),
    /// msPKI-Certificate-Application-Policy and pKIExtendedKeyUsage differ.
    #[error("not the same policies as in pKIExtendedKeyUsage")]
    Purposes,
}

impl Attributes {
    /// Puts the values of an attribute in, behind those that are there.
    pub fn insert(&mut self, name: &str, values: impl IntoIterator<Item = Vec<u8>>) {
        self.0.entry(name.to_lowercase()).or_default().extend(values);
    }

    /// Takes the values of an attribute out.
    pub(super) fn remove(&mut self, name: &str) -> Vec<Vec<u8>> {
        self.0.remove(&name.to_lowercase()).unwrap_or_default()
    }

    /// All values of an attribute.
    pub fn values(&self, name: &str) -> &[Vec<u8>] {
        self.0.get(&name.to_lowercase()).map(Vec::as_slice).unwrap_or_default()
    }

    /// cn, or name where an export leaves cn out.
    pub fn name(&self) -> Option<&str> {
        let values = self.values("cn").iter().chain(self.values("name"));
        values.filter_map(|value| str::from_utf8(value).ok()).find(|name| !name.is_empty())
    }

    /// The template that these are the attributes of.
    ///
    /// # Errors
    /// Names the attribute that cannot be understood.
    pub fn to_template(&self) -> Result<Template, AttributeError> {
        let name = self.name().unwrap_or_default().to_owned();
        let reader = Reader { attributes: self, object: &name };
        reader.template()
    }

    /// The issuance policy that these are the attributes of; `None` where the object is of
    /// another kind (a template's OID, an application policy). The group's SID is for the caller
    /// to look up.
    ///
    /// # Errors
    /// Names the attribute that cannot be understood.
    pub fn to_issuance_policy(&self) -> Result<Option<IssuancePolicy>, AttributeError> {
        let name = self.name().unwrap_or_default().to_owned();
        let reader = Reader { attributes: self, object: &name };
        reader.issuance_policy()
    }
}

/// `flags` of msPKI-Enterprise-Oid objects that are issuance policies.
const ISSUANCE_POLICY: i64 = 2;

struct Reader<'a> {
    attributes: &'a Attributes,
    object: &'a str,
}

impl Reader<'_> {
    fn template(&self) -> Result<Template, AttributeError> {
        if self.object.is_empty() {
            return Err(self.wrong("cn", AttributeProblem::Missing));
        }
        let schema = self.schema()?;
        let private_key = PrivateKeyFlags::from_bits_retain(self.bits("msPKI-Private-Key-Flag")?);
        let (ra_application_policies, algorithms) = self.signer_policies(schema, private_key)?;
        let oid = self.oids("msPKI-Cert-Template-OID")?;
        Ok(Template {
            name: self.object.to_owned(),
            display_name: self.text("displayName")?.unwrap_or_else(|| self.object.to_owned()),
            oid: self.template_oid(schema, oid)?,
            schema,
            major: self.count("revision")?.unwrap_or_default(),
            minor: self.count("msPKI-Template-Minor-Revision")?.unwrap_or_default(),
            flags: GeneralFlags::from_bits_retain(self.bits("flags")?),
            enrollment: EnrollmentFlags::from_bits_retain(self.bits("msPKI-Enrollment-Flag")?),
            private_key,
            names: NameFlags::from_bits_retain(self.bits("msPKI-Certificate-Name-Flag")?),
            validity: self
                .period("pKIExpirationPeriod")?
                .ok_or_else(|| self.wrong("pKIExpirationPeriod", AttributeProblem::Missing))?,
            renewal_overlap: self.period("pKIOverlapPeriod")?.unwrap_or_default(),
            minimal_key_size: self.count("msPKI-Minimal-Key-Size")?.unwrap_or_default(),
            key_usage: self.key_usage()?,
            key_spec: self.count("pKIDefaultKeySpec")?.unwrap_or(1),
            max_issuing_depth: self.depth()?,
            critical_extensions: self.oids("pKICriticalExtensions")?,
            application_policies: self.purposes(schema)?,
            certificate_policies: self.oids("msPKI-Certificate-Policy")?,
            ra_signatures: self.count("msPKI-RA-Signature")?.unwrap_or_default(),
            ra_application_policies,
            ra_policies: self.oids("msPKI-RA-Policies")?,
            algorithms,
            supersedes: self.texts("msPKI-Supersede-Templates")?,
            default_csps: self.providers()?,
            security: self.security()?,
        })
    }

    fn issuance_policy(&self) -> Result<Option<IssuancePolicy>, AttributeError> {
        if self.number("flags")? != Some(ISSUANCE_POLICY) {
            return Ok(None);
        }
        let attribute = "msPKI-Cert-Template-OID";
        let oid = self.one(attribute, self.oids(attribute)?)?;
        let oid = oid.ok_or_else(|| self.wrong(attribute, AttributeProblem::Missing))?;
        let group = self.text("msDS-OIDToGroupLink")?;
        Ok(Some(IssuancePolicy {
            display_name: self.text("displayName")?.unwrap_or_else(|| oid.to_string()),
            oid,
            cps: self.texts("msPKI-OID-CPS")?,
            user_notice: self.text("msPKI-OID-User-Notice")?,
            group: group.map(|name| LinkedGroup { name, sid: None }),
        }))
    }

    fn wrong(&self, attribute: &'static str, problem: AttributeProblem) -> AttributeError {
        AttributeError { object: self.object.to_owned(), attribute, problem }
    }

    fn texts(&self, attribute: &'static str) -> Result<Vec<String>, AttributeError> {
        let text = |value: &Vec<u8>| String::from_utf8(value.clone());
        let texts: Result<_, _> = self.attributes.values(attribute).iter().map(text).collect();
        texts.map_err(|_| self.wrong(attribute, AttributeProblem::NotText))
    }

    /// The value of an attribute that has one at most.
    fn one<T>(
        &self,
        attribute: &'static str,
        mut values: Vec<T>,
    ) -> Result<Option<T>, AttributeError> {
        let value = values.pop();
        match values.is_empty() {
            true => Ok(value),
            false => Err(self.wrong(attribute, AttributeProblem::Several)),
        }
    }

    fn text(&self, attribute: &'static str) -> Result<Option<String>, AttributeError> {
        self.one(attribute, self.texts(attribute)?)
    }

    fn octets(&self, attribute: &'static str) -> Result<Option<&[u8]>, AttributeError> {
        let values = self.attributes.values(attribute).iter().map(Vec::as_slice).collect();
        self.one(attribute, values)
    }

    fn oids(&self, attribute: &'static str) -> Result<Vec<Oid>, AttributeError> {
        let oid = |text: String| {
            text.trim().parse().map_err(|_| self.wrong(attribute, AttributeProblem::NotAnOid(text)))
        };
        self.texts(attribute)?.into_iter().map(oid).collect()
    }

    fn number(&self, attribute: &'static str) -> Result<Option<i64>, AttributeError> {
        let Some(text) = self.text(attribute)? else { return Ok(None) };
        let number = text.trim().parse::<i64>().ok();
        // Integers are 32 bits; exports write some of them without sign.
        let number =
            number.filter(|number| (i64::from(i32::MIN)..=i64::from(u32::MAX)).contains(number));
        match number {
            Some(number) => Ok(Some(number)),
            None => Err(self.wrong(attribute, AttributeProblem::NotANumber(text))),
        }
    }

    /// Flags: the 32 bits of a number with or without sign.
    fn bits(&self, attribute: &'static str) -> Result<u32, AttributeError> {
        let number = self.number(attribute)?.unwrap_or_default();
        let [a, b, c, d, ..] = number.to_le_bytes();
        Ok(u32::from_le_bytes([a, b, c, d]))
    }

    /// A number that is not negative.
    fn count(&self, attribute: &'static str) -> Result<Option<u32>, AttributeError> {
        let Some(number) = self.number(attribute)? else { return Ok(None) };
        let count = u32::try_from(number).ok();
        let not_a_number = || AttributeProblem::NotANumber(number.to_string());
        count.map(Some).ok_or_else(|| self.wrong(attribute, not_a_number()))
    }

    fn schema(&self) -> Result<SchemaVersion, AttributeError> {
        let attribute = "msPKI-Template-Schema-Version";
        match self.number(attribute)? {
            None | Some(1) => Ok(SchemaVersion::V1),
            Some(2) => Ok(SchemaVersion::V2),
            Some(3) => Ok(SchemaVersion::V3),
            Some(4) => Ok(SchemaVersion::V4),
            Some(other) => Err(self.wrong(attribute, AttributeProblem::UnknownSchema(other))),
        }
    }

    fn template_oid(
        &self,
        schema: SchemaVersion,
        oids: Vec<Oid>,
    ) -> Result<Option<Oid>, AttributeError> {
        let attribute = "msPKI-Cert-Template-OID";
        match self.one(attribute, oids)? {
            None if schema > SchemaVersion::V1 => {
                Err(self.wrong(attribute, AttributeProblem::Missing))
            }
            oid => Ok(oid),
        }
    }

    /// A FILETIME interval: negative, in units of 100 ns.
    fn period(&self, attribute: &'static str) -> Result<Option<Duration>, AttributeError> {
        let Some(value) = self.octets(attribute)? else { return Ok(None) };
        let bytes = <[u8; 8]>::try_from(value).ok();
        let units = bytes.map(i64::from_le_bytes).filter(|units| *units <= 0);
        let period = units.map(|units| {
            let units = units.unsigned_abs();
            // Below 10^7 units are left, 100 ns each: less than a second.
            let nanoseconds = u32::try_from((units % 10_000_000).saturating_mul(100));
            Duration::new(units / 10_000_000, nanoseconds.unwrap_or_default())
        });
        period.map(Some).ok_or_else(|| self.wrong(attribute, AttributeProblem::NotAPeriod))
    }

    fn key_usage(&self) -> Result<KeyUsage, AttributeError> {
        let attribute = "pKIKeyUsage";
        match self.octets(attribute)? {
            None | Some([]) => Ok(KeyUsage::default()),
            Some([first]) => Ok(KeyUsage(u16::from_be_bytes([*first, 0]))),
            Some([first, second]) => Ok(KeyUsage(u16::from_be_bytes([*first, *second]))),
            Some(_) => Err(self.wrong(attribute, AttributeProblem::NotAKeyUsage)),
        }
    }

    /// -1, which is 0xFFFFFFFF, is without limit; nothing at all allows no CA below.
    fn depth(&self) -> Result<Option<u32>, AttributeError> {
        let attribute = "pKIMaxIssuingDepth";
        match self.number(attribute)? {
            Some(-1) => Ok(None),
            Some(number) if number == i64::from(u32::MAX) => Ok(None),
            Some(_) => self.count(attribute),
            None => Ok(Some(0)),
        }
    }

    /// pKIExtendedKeyUsage for version 1, msPKI-Certificate-Application-Policy for later ones,
    /// which have both, and alike.
    fn purposes(&self, schema: SchemaVersion) -> Result<Vec<Oid>, AttributeError> {
        let attribute = "msPKI-Certificate-Application-Policy";
        let extended = self.oids("pKIExtendedKeyUsage")?;
        let policies = self.oids(attribute)?;
        if schema == SchemaVersion::V1 || policies.is_empty() {
            return Ok(extended);
        }
        let within = |some: &[Oid], others: &[Oid]| some.iter().all(|oid| others.contains(oid));
        let alike = within(&extended, &policies) && within(&policies, &extended);
        match extended.is_empty() || alike {
            true => Ok(policies),
            false => Err(self.wrong(attribute, AttributeProblem::Purposes)),
        }
    }

    /// msPKI-RA-Application-Policies, in the syntax of the template's version ([MS-CRTD] 2.23):
    /// one OID a value, or one string of triplets. A grave accent makes triplets of any value.
    fn signer_policies(
        &self,
        schema: SchemaVersion,
        private_key: PrivateKeyFlags,
    ) -> Result<(Vec<Oid>, KeyAlgorithms), AttributeError> {
        let attribute = "msPKI-RA-Application-Policies";
        let values = self.texts(attribute)?;
        let legacy = match schema {
            SchemaVersion::V1 | SchemaVersion::V2 => true,
            SchemaVersion::V3 => false,
            SchemaVersion::V4 => private_key.contains(PrivateKeyFlags::USE_LEGACY_PROVIDER),
        };
        let marked = values.iter().any(|value| value.contains(triplets::DELIMITER));
        if values.is_empty() || (legacy && !marked) {
            return Ok((self.oids(attribute)?, KeyAlgorithms::default()));
        }
        let value = self.one(attribute, values)?.unwrap_or_default();
        triplets::read(&value).map_err(|problem| self.wrong(attribute, problem))
    }

    /// pKIDefaultCSPs: `n,Name`, by ascending n.
    fn providers(&self) -> Result<Vec<String>, AttributeError> {
        let attribute = "pKIDefaultCSPs";
        let numbered = |text: String| match text.split_once(',') {
            Some((number, name)) => match number.trim().parse::<u32>() {
                Ok(number) => Ok((number, name.trim().to_owned())),
                Err(_) => Err(self.wrong(attribute, AttributeProblem::NotANumber(text))),
            },
            None => Err(self.wrong(attribute, AttributeProblem::NotANumber(text))),
        };
        let all: Result<Vec<_>, _> = self.texts(attribute)?.into_iter().map(numbered).collect();
        let mut all = all?;
        all.sort();
        Ok(all.into_iter().map(|(_, name)| name).collect())
    }

    /// Without a descriptor nobody is granted anything.
    fn security(&self) -> Result<SecurityDescriptor, AttributeError> {
        let attribute = "nTSecurityDescriptor";
        match self.octets(attribute)? {
            None => Ok(SecurityDescriptor::default()),
            Some(bytes) => SecurityDescriptor::from_bytes(bytes)
                .map_err(|problem| self.wrong(attribute, problem.into())),
        }
    }
}

#[cfg(test)]
mod tests;
