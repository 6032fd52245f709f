//! The CA as administrators see it: who may call what, and everything that is not about one row.

use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::{Mutex, Notify};

use super::audit::{AuditFilter, Event};
use super::roles::{Method, Need, Rights};
use super::settings::{AdminSettings, Live};
use super::{AdminError, CrlService, Views};
use crate::ca::{CertificateAuthority, CrlKind};
use crate::directory::Directory;
use crate::enroll::{Enrollment, PropertyQuery, PropertyValue, is_of, text_line};
use crate::model::{Caller, RequestId, RequestRow, Sid, Token};
use crate::store::Store;

/// The CA behind its administrative interfaces.
pub struct Administration {
    pub(super) ca: Arc<CertificateAuthority>,
    pub(super) directory: Arc<dyn Directory>,
    pub(super) store: Arc<dyn Store>,
    pub(super) crls: Arc<CrlService>,
    pub(super) enrollment: Arc<Enrollment>,
    pub(super) settings: Arc<AdminSettings>,
    /// Held from reading a row until its new state is durable: no change of one manager is lost
    /// behind another's.
    pub(super) changes: Mutex<()>,
    pub(super) views: Arc<Views>,
    pub(super) views_per_account: usize,
    pub(super) delete_valid: bool,
    /// Ends the service, where administrators may.
    shutdown: Option<Arc<Notify>>,
}

/// The parts that an [`Administration`] works on.
pub struct Parts {
    /// The CA.
    pub ca: Arc<CertificateAuthority>,
    /// Templates and accounts.
    pub directory: Arc<dyn Directory>,
    /// The Request table.
    pub store: Arc<dyn Store>,
    /// The CRLs.
    pub crls: Arc<CrlService>,
    /// What requests that are approved go through.
    pub enrollment: Arc<Enrollment>,
    /// What administrators set.
    pub settings: Arc<AdminSettings>,
    /// Views that one account may have open.
    pub views_per_account: usize,
    /// Whether rows of valid certificates may be deleted.
    pub delete_valid: bool,
    /// Told that the service is to end; `None` where administrators may not end it.
    pub shutdown: Option<Arc<Notify>>,
}

/// Which CRLs PublishCRLs makes ([MS-CSRA] 3.1.4.2.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Publication {
    /// A base CRL, and with it a delta CRL, or a delta CRL alone.
    pub kind: CrlKind,
    /// The CRLs that there are, once more.
    pub again: bool,
}

impl Publication {
    const BASE: u32 = 1;
    const DELTA: u32 = 2;
    const AGAIN: u32 = 0x10;

    /// From the flags of PublishCRLs; `None` where they name nothing.
    pub fn from_flags(flags: u32) -> Option<Self> {
        let again = flags & Self::AGAIN != 0;
        let kind = match flags & !Self::AGAIN {
            Self::BASE | 3 => CrlKind::Base,
            Self::DELTA => CrlKind::Delta,
            _ => return None,
        };
        Some(Self { kind, again })
    }
}

impl Administration {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Self {
        Self {
            ca: parts.ca,
            directory: parts.directory,
            store: parts.store,
            crls: parts.crls,
            enrollment: parts.enrollment,
            settings: parts.settings,
            changes: Mutex::new(()),
            views: Arc::default(),
            views_per_account: parts.views_per_account,
            delete_valid: parts.delete_valid,
            shutdown: parts.shutdown,
        }
    }

    /// What counts now of what administrators set.
    pub fn live(&self) -> Arc<Live> {
        self.settings.live()
    }

    /// What the CA's security descriptor grants to the caller.
    pub fn rights(&self, caller: &Caller) -> Rights {
        Rights::of(&self.live().security, &caller.token)
    }

    /// What comes before every method: the caller has the right for it, and means this CA. In this
    /// order, so that strangers don't learn what the CA is called.
    ///
    /// # Errors
    /// Where a right is missing, roles conflict, or another CA is meant.
    pub fn check(
        &self,
        caller: &Caller,
        method: Method,
        authority: &str,
    ) -> Result<(), AdminError> {
        self.check_right(caller, method)?;
        let is_ping = method == Method::Ping && authority.is_empty();
        if is_ping || self.ca.certificate().names.matches(authority) {
            return Ok(());
        }
        Err(AdminError::WrongAuthority(text_line(authority)))
    }

    /// The first half of [`check`](Self::check), for methods that name no CA.
    ///
    /// # Errors
    /// Where a right is missing, or roles conflict.
    pub fn check_right(&self, caller: &Caller, method: Method) -> Result<(), AdminError> {
        let (account, need) = (caller.account.clone(), method.need());
        let rights = self.rights(caller);
        if !rights.meet(need) {
            return Err(AdminError::Right { account, need });
        }
        if need != Need::Nothing && self.live().role_separation && rights.conflict() {
            return Err(AdminError::RoleConflict { account });
        }
        Ok(())
    }

    /// Writes down what was done.
    pub(super) fn audit(&self, caller: &Caller, id: u32, of: AuditFilter, what: String) {
        Event::new(id, of, what).log(self.live().audit_filter, caller);
    }

    /// The row of a request that the officer may manage ([MS-CSRA] 3.1.1.7, officer rights).
    pub(super) async fn managed(
        &self,
        officer: &Caller,
        id: RequestId,
    ) -> Result<RequestRow, AdminError> {
        let row = self.store.by_id(id).await?.ok_or(AdminError::NoRequest(id))?;
        self.check_officer(officer, &row).await?;
        Ok(row)
    }

    /// The same of a request that the officer does not have an interest in.
    pub(super) async fn decidable(
        &self,
        officer: &Caller,
        id: RequestId,
    ) -> Result<RequestRow, AdminError> {
        let row = self.managed(officer, id).await?;
        if is_of(&row, officer) {
            return Err(AdminError::OwnRequest(officer.account.clone()));
        }
        Ok(row)
    }

    /// Whether the officer may manage the requester's requests, by this template.
    pub(super) async fn check_officer(
        &self,
        officer: &Caller,
        row: &RequestRow,
    ) -> Result<(), AdminError> {
        let Some(rights) = self.live().officers.clone() else { return Ok(()) };
        let requester = self.requester_token(row).await?;
        let template = self.template_names(&row.columns.certificate_template).await?;
        let names: Vec<&str> = template.iter().map(String::as_str).collect();
        if rights.entries.allows(&officer.token, &names, &requester) {
            return Ok(());
        }
        Err(AdminError::RestrictedOfficer {
            officer: officer.account.clone(),
            requester: row.columns.requester_name.clone(),
        })
    }

    /// The SIDs of the requester. Of one whose account is gone, its own is left.
    async fn requester_token(&self, row: &RequestRow) -> Result<Token, AdminError> {
        let columns = &row.columns;
        let sid = columns.requester_sid.as_ref().unwrap_or(&columns.caller_sid);
        let sid = sid.parse().unwrap_or_else(|_| Sid::anonymous());
        let token = self.directory.token_by_sid(&sid).await?;
        Ok(token.unwrap_or_else(|| Token::new(sid, [])))
    }

    /// Name and OID of the template that a row names by either.
    async fn template_names(&self, name: &str) -> Result<Vec<String>, AdminError> {
        let table = self.directory.templates().await?;
        let templates = table.rows().iter().map(|row| &row.template);
        let oid =
            |template: &crate::model::Template| template.oid.as_ref().map(ToString::to_string);
        let mut found = templates.filter(|t| t.name == name || oid(t).as_deref() == Some(name));
        let mut names = vec![name.to_owned()];
        if let Some(template) = found.next() {
            names.push(template.name.clone());
            names.extend(oid(template));
        }
        Ok(names)
    }

    /// Controls the service ([MS-CSRA] 3.1.4.1.15): 1 ends it, where that is allowed; 2 and 3 do
    /// nothing. The caller has been checked.
    ///
    /// # Errors
    /// For other values, and where the service may not be ended in this way.
    pub fn control(&self, caller: &Caller, flags: u32) -> Result<(), AdminError> {
        match (flags, &self.shutdown) {
            (1, Some(shutdown)) => {
                let what = "end of the service asked for".to_owned();
                self.audit(caller, 4875, AuditFilter::SERVICE, what);
                shutdown.notify_one();
                Ok(())
            }
            (1, None) => Err(AdminError::Refused(
                "the service is ended on its machine, unless administration.remote_shutdown is set",
            )),
            (2 | 3, _) => Ok(()),
            _ => Err(AdminError::Argument("1 ends the service, 2 and 3 do nothing")),
        }
    }

    /// Makes CRLs ([MS-CSRA] 3.1.4.2.1). The caller has been checked.
    ///
    /// # Errors
    /// Where they cannot be made.
    pub async fn publish_crls(
        &self,
        caller: &Caller,
        publication: Publication,
        next_update: Option<SystemTime>,
    ) -> Result<(), AdminError> {
        if next_update.is_some_and(|next| next < SystemTime::now()) {
            return Err(AdminError::Argument("the CRL would have expired already"));
        }
        let Publication { kind, again } = publication;
        if kind == CrlKind::Delta && !self.crls.makes_deltas() {
            return Err(AdminError::Argument("this CA makes no delta CRLs"));
        }
        let what = match kind {
            CrlKind::Base => "publication of CRLs asked for",
            CrlKind::Delta => "publication of a delta CRL asked for",
        };
        self.audit(caller, 4871, AuditFilter::REVOCATION, what.to_owned());
        match again {
            true => self.crls.republish(),
            false => {
                drop(self.crls.publish_for(kind, Some(&caller.account), next_update).await?);
            }
        }
        Ok(())
    }

    /// The current base CRL ([MS-CSRA] 3.1.4.1.7).
    ///
    /// # Errors
    /// Where there is none.
    pub fn crl(&self) -> Result<Vec<u8>, AdminError> {
        let crls = self.crls.watch();
        let base = crls.borrow().base.as_ref().map(|crl| crl.der.clone());
        base.ok_or(AdminError::NotFound("there is no CRL yet"))
    }

    /// The value of a property, for whoever may read by an administrative right.
    ///
    /// # Errors
    /// Where there is none.
    pub async fn property(
        &self,
        caller: &Arc<Caller>,
        query: PropertyQuery<'_>,
    ) -> Result<PropertyValue, AdminError> {
        Ok(self.enrollment.property_of_reader(caller, query).await?)
    }

    /// Sets the CA's security descriptor ([MS-CSRA] 3.1.4.2.7).
    ///
    /// # Errors
    /// Where it is malformed, would lock everybody out, or cannot be kept.
    pub async fn set_security(&self, caller: &Caller, bytes: &[u8]) -> Result<(), AdminError> {
        let descriptor = self.settings.set_security(bytes).await?;
        let what = format!("security of the CA set to {}", descriptor.to_sddl());
        self.audit(caller, 4882, AuditFilter::SECURITY, what);
        Ok(())
    }

    /// The CA's security descriptor, self-relative ([MS-CSRA] 3.1.4.2.6).
    pub fn security(&self) -> Vec<u8> {
        self.live().security.to_bytes(false)
    }

    /// Sets what is audited ([MS-CSRA] 3.1.4.2.11).
    ///
    /// # Errors
    /// For bits that there are not, or where it cannot be kept.
    pub async fn set_audit_filter(&self, caller: &Caller, bits: u32) -> Result<(), AdminError> {
        let filter = AuditFilter::from_bits(bits);
        let filter =
            filter.ok_or(AdminError::Argument("the audit filter has bits 0x01 to 0x40"))?;
        self.settings.set_audit_filter(filter).await?;
        self.audit(caller, 4885, AuditFilter::SECURITY, format!("audit filter set to {bits:#04x}"));
        Ok(())
    }

    /// Switches role separation.
    ///
    /// # Errors
    /// Where it cannot be kept.
    pub async fn set_role_separation(&self, caller: &Caller, on: bool) -> Result<(), AdminError> {
        self.settings.set_role_separation(on).await?;
        let what = format!("role separation switched {}", if on { "on" } else { "off" });
        self.audit(caller, 4897, AuditFilter::SECURITY, what);
        Ok(())
    }

    /// Sets, or takes away (`None`), the rights of officers, or those of enrollment agents
    /// ([MS-CSRA] 3.1.4.2.13).
    ///
    /// # Errors
    /// Where they are malformed or cannot be kept.
    pub async fn set_rights_of(
        &self,
        caller: &Caller,
        whom: RightsOf,
        descriptor: Option<&[u8]>,
    ) -> Result<(), AdminError> {
        let (name, set) = match whom {
            RightsOf::Officers => ("officers", self.settings.set_officers(descriptor).await),
            RightsOf::Agents => ("enrollment agents", self.settings.set_agents(descriptor).await),
        };
        set?;
        let what = match descriptor {
            Some(bytes) => format!("rights of {name} set to {}", hex::encode(bytes)),
            None => format!("rights of {name} taken away"),
        };
        self.audit(caller, 4890, AuditFilter::SECURITY, what);
        Ok(())
    }
}

/// Whose rights SetOfficerRights sets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RightsOf {
    /// Certificate managers.
    Officers,
    /// Enrollment agents.
    Agents,
}
