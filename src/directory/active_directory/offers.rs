//! What a caller sees of the forest's CAs: which there are, what they issue from, and which SIDs
//! the caller has.

use ldap3::Scope;

use super::Administration;
use super::connection::Query;
use super::entry::Entry;
use super::link::LinkError;
use super::table::{Containers, Listing, find_templates};
use crate::model::{SecurityDescriptor, Sid, Template, TemplateTable, Token};

/// An enterprise CA: a pKIEnrollmentService object ([MS-WCCE] 2.2.2.11.2).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EnrollmentService {
    /// displayName: the name that the CA is called by.
    pub name: String,
    /// dNSHostName: where it is.
    pub host: String,
    /// certificateTemplates: what it issues from, by cn.
    pub templates: Vec<String>,
    /// nTSecurityDescriptor, which says too who may enroll with the CA.
    pub security: SecurityDescriptor,
}

impl Administration {
    /// The forest's enterprise CAs, by name. One whose object lacks something that clients need is
    /// left out.
    ///
    /// # Errors
    /// Why the directory cannot be read.
    pub async fn services(&self) -> Result<Vec<EnrollmentService>, LinkError> {
        let found = self
            .connection
            .search(&Query {
                base: &Containers::of(self.forest()).services,
                scope: Scope::Subtree,
                filter: "(objectCategory=pKIEnrollmentService)",
                attributes: &[
                    "cn",
                    "displayName",
                    "dNSHostName",
                    "certificateTemplates",
                    "nTSecurityDescriptor",
                ],
                security: true,
            })
            .await?;
        let mut services: Vec<_> = found.iter().filter_map(service).collect();
        services.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(services)
    }

    /// The forest's templates, those that can be read.
    ///
    /// # Errors
    /// Why the directory cannot be read.
    pub async fn readable_templates(&self) -> Result<Vec<Template>, LinkError> {
        let found = find_templates(&self.connection, &Containers::of(self.forest())).await?;
        Ok(found.iter().filter_map(|entry| entry.attributes.to_template().ok()).collect())
    }

    /// The template table of the CA of this sanitized name, as the CA itself has it.
    ///
    /// # Errors
    /// Why the directory cannot be read.
    pub async fn template_table(&self, ca: &str) -> Result<TemplateTable, LinkError> {
        Ok(Listing::read(&self.connection, self.forest(), ca).await?.table())
    }

    /// The SIDs of who is logged on here, as the domain controller sees them: tokenGroups of the
    /// rootDSE ([MS-ADTS] 3.1.1.3.2.41).
    ///
    /// # Errors
    /// Why they cannot be read.
    pub async fn caller(&self) -> Result<Token, LinkError> {
        let answer = |problem| LinkError::Answer { host: self.host().to_owned(), problem };
        let root = self.connection.object("", &["tokenGroups"]).await?;
        let sids = root.iter().flat_map(|root| root.attributes.values("tokenGroups"));
        let sids: Result<Vec<Sid>, _> = sids.map(|sid| Sid::from_bytes(sid)).collect();
        let mut sids = sids.map_err(|_| answer("its tokenGroups are not SIDs"))?.into_iter();
        // Which of them is the account does not matter: all count alike.
        let user = sids.next().ok_or_else(|| answer("it does not tell the caller's groups"))?;
        Ok(Token::new(user, sids))
    }
}

fn service(entry: &Entry) -> Option<EnrollmentService> {
    let cn = entry.text("cn")?;
    let security = entry.value("nTSecurityDescriptor")?;
    Some(EnrollmentService {
        name: entry.text("displayName").unwrap_or(cn).to_owned(),
        host: entry.text("dNSHostName")?.to_owned(),
        templates: entry.texts("certificateTemplates").map(str::to_owned).collect(),
        security: SecurityDescriptor::from_bytes(security).ok()?,
    })
}
