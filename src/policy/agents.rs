//! Config_Permissions_Enrollment_Agent_Rights ([MS-WCCE] 3.2.2.6.2.1.2.1, [MS-CSRA] 2.2.1.11):
//! which agent may enroll for whom, by which template. Nobody by default.

use super::names::same;
use crate::model::{AceKind, Sid, Token};

/// All entries. One that denies counts before all that allow, wherever it stands.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct EnrollmentAgents(Vec<AgentEntry>);

/// Whether some agents may enroll for some by some templates. The form is that of an entry of
/// the security descriptor that Windows keeps: a SID, the SIDs that it is about, and a template.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AgentEntry {
    /// Allows or denies.
    pub kind: AceKind,
    /// The agents: accounts and groups.
    pub agents: Vec<Sid>,
    /// Names of templates; `None` for all.
    pub templates: Option<Vec<String>>,
    /// Whom they enroll for: accounts and groups; `None` for everybody.
    pub subjects: Option<Vec<Sid>>,
}

impl EnrollmentAgents {
    /// These entries.
    pub fn new(entries: Vec<AgentEntry>) -> Self {
        Self(entries)
    }

    /// The entries.
    pub fn entries(&self) -> &[AgentEntry] {
        &self.0
    }

    /// Whether `agent` may enroll for `subject` by the template that has these names: its cn and
    /// its OID, as entries have either.
    pub fn allows(&self, agent: &Token, template: &[&str], subject: &Token) -> bool {
        let any = |kind| {
            let mut entries = self.0.iter().filter(|entry| entry.kind == kind);
            entries.any(|entry| entry.concerns(agent, template, subject))
        };
        !any(AceKind::Deny) && any(AceKind::Allow)
    }
}

impl AgentEntry {
    fn concerns(&self, agent: &Token, template: &[&str], subject: &Token) -> bool {
        let is_meant = |name: &String| template.iter().any(|other| same(name, other));
        self.agents.iter().any(|sid| agent.holds(sid))
            && self.templates.as_ref().is_none_or(|names| names.iter().any(is_meant))
            && self.subjects.as_ref().is_none_or(|sids| sids.iter().any(|sid| subject.holds(sid)))
    }
}
