//! Rights of the CA's security descriptor, the roles that they make, and what each method of
//! [MS-CSRA] wants ([MS-CSRA] 3.1.1.7, 3.1.4).

use std::fmt;

use bitflags::bitflags;

use crate::model::{AccessMask, SecurityDescriptor, Token};

bitflags! {
    /// Rights of the CA's security descriptor, as GetMyRoles reports them.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    pub struct Rights: u32 {
        /// Manage CA: the role of CA administrator.
        const ADMINISTRATOR = 0x1;
        /// Issue and Manage Certificates: the role of certificate manager.
        const OFFICER = 0x2;
        /// The role of auditor. (Windows has a privilege for it.)
        const AUDITOR = 0x4;
        /// The role of backup operator. (Windows has a privilege for it.)
        const OPERATOR = 0x8;
        /// Read.
        const READ = 0x100;
        /// Request Certificates.
        const ENROLL = 0x200;
    }
}

impl Rights {
    const ROLES: Self =
        Self::ADMINISTRATOR.union(Self::OFFICER).union(Self::AUDITOR).union(Self::OPERATOR);

    /// What the descriptor grants to whoever has the token.
    pub fn of(security: &SecurityDescriptor, token: &Token) -> Self {
        let granted = |right: &Self| security.grants(token, AccessMask(right.bits()));
        Self::all().iter().filter(granted).collect()
    }

    /// Whether it is more than one role, which role separation does not allow.
    pub fn conflict(self) -> bool {
        self.intersection(Self::ROLES).iter().count() > 1
    }

    /// Whether these rights are enough.
    pub fn meet(self, need: Need) -> bool {
        let (administrator, officer) = (Self::ADMINISTRATOR, Self::OFFICER);
        match need {
            Need::Nothing => true,
            Need::Read => self.intersects(administrator | officer | Self::READ),
            Need::Officer => self.contains(officer),
            Need::Administrator => self.contains(administrator),
            Need::AdministratorAndOfficer => self.contains(administrator | officer),
            Need::AdministratorOrOperator => self.intersects(administrator | Self::OPERATOR),
            Need::AdministratorOrAuditor => self.intersects(administrator | Self::AUDITOR),
            Need::Operator => self.contains(Self::OPERATOR),
        }
    }
}

/// What a method wants of its caller.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Need {
    /// No right.
    Nothing,
    /// Administrator, officer or Read.
    Read,
    /// Officer.
    Officer,
    /// Administrator.
    Administrator,
    /// Both roles.
    AdministratorAndOfficer,
    /// Either role.
    AdministratorOrOperator,
    /// Either role.
    AdministratorOrAuditor,
    /// Backup operator.
    Operator,
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "no right",
            Self::Read => "Read (0x100)",
            Self::Officer => "Issue and Manage Certificates (0x2)",
            Self::Administrator => "Manage CA (0x1)",
            Self::AdministratorAndOfficer => "Manage CA and Issue and Manage Certificates (0x3)",
            Self::AdministratorOrOperator => "Manage CA (0x1) or Backup (0x8)",
            Self::AdministratorOrAuditor => "Manage CA (0x1) or Audit (0x4)",
            Self::Operator => "Backup (0x8)",
        })
    }
}

macro_rules! methods {
    ($($name:ident: $need:ident;)*) => {
        /// The methods of ICertAdminD and ICertAdminD2.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[allow(missing_docs)]
        pub enum Method { $($name,)* }

        impl Method {
            /// All of them, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// What it wants of its caller.
            pub fn need(self) -> Need {
                match self { $(Self::$name => Need::$need,)* }
            }
        }
    };
}

methods! {
    SetExtension: Officer;
    SetAttributes: Officer;
    ResubmitRequest: Officer;
    DenyRequest: Officer;
    IsValidCertificate: Read;
    PublishCrl: Administrator;
    GetCrl: Read;
    RevokeCertificate: Officer;
    EnumViewColumn: Read;
    GetViewDefaultColumnSet: Read;
    EnumAttributesOrExtensions: Read;
    OpenView: Read;
    EnumView: Read;
    CloseView: Read;
    ServerControl: AdministratorOrOperator;
    Ping: Administrator;
    GetServerState: Nothing;
    Backup: Operator;
    ImportCertificate: Officer;
    GetCaProperty: Read;
    SetCaProperty: Administrator;
    GetCaPropertyInfo: Read;
    GetCaSecurity: Read;
    SetCaSecurity: Administrator;
    GetArchivedKey: Officer;
    GetAuditFilter: Read;
    SetAuditFilter: AdministratorOrAuditor;
    GetOfficerRights: Read;
    SetOfficerRights: Administrator;
    GetConfigEntry: Read;
    SetConfigEntry: Administrator;
    ImportKey: Officer;
    GetMyRoles: Read;
    DeleteRow: AdministratorAndOfficer;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Ace, AceKind, Acl, Sid};

    fn rights(aces: &[(AceKind, u32, &str)]) -> Rights {
        let ace = |(kind, mask, who): &(AceKind, u32, &str)| {
            Ace::plain(*kind, AccessMask(*mask), who.parse().expect("valid"))
        };
        let dacl = Some(Acl { aces: aces.iter().map(ace).collect() });
        let security = SecurityDescriptor { owner: None, group: None, dacl };
        let user: Sid = "S-1-5-21-1-2-3-1103".parse().expect("valid");
        Rights::of(&security, &Token::new(user, ["S-1-5-21-1-2-3-512".parse().expect("valid")]))
    }

    #[test]
    fn rights_come_from_the_descriptor_and_from_nowhere_else() {
        use AceKind::{Allow, Deny};
        let (me, admins, all) = ("S-1-5-21-1-2-3-1103", "S-1-5-21-1-2-3-512", "S-1-5-11");
        assert_eq!(rights(&[]), Rights::empty());
        // As a real officer with Enroll got: Read is not added.
        assert_eq!(rights(&[(Allow, 2, me), (Allow, 0x200, all)]).bits(), 0x202);
        assert_eq!(rights(&[(Allow, 3, admins)]).bits(), 3);
        assert_eq!(rights(&[(Deny, 1, me), (Allow, 3, admins)]).bits(), 2);
        assert_eq!(rights(&[(Allow, 0x1000_0000, me)]), Rights::all());
        assert_eq!(rights(&[(Allow, 3, "S-1-5-32-544")]), Rights::empty());
    }

    #[test]
    fn two_roles_conflict_and_rights_beside_them_do_not() {
        for (bits, conflict) in
            [(0, false), (1, false), (0x302, false), (3, true), (5, true), (0xC, true), (0xF, true)]
        {
            assert_eq!(Rights::from_bits_truncate(bits).conflict(), conflict, "{bits:#x}");
        }
    }

    /// Each method × each right alone, and both roles together.
    #[test]
    fn each_method_wants_its_right_and_no_other_will_do() {
        let columns = [0x1, 0x2, 0x4, 0x8, 0x100, 0x200, 0x3];
        for method in Method::ALL {
            let expected = match method.need() {
                Need::Nothing => [1, 1, 1, 1, 1, 1, 1],
                Need::Read => [1, 1, 0, 0, 1, 0, 1],
                Need::Officer => [0, 1, 0, 0, 0, 0, 1],
                Need::Administrator => [1, 0, 0, 0, 0, 0, 1],
                Need::AdministratorAndOfficer => [0, 0, 0, 0, 0, 0, 1],
                Need::AdministratorOrOperator => [1, 0, 0, 1, 0, 0, 1],
                Need::AdministratorOrAuditor => [1, 0, 1, 0, 0, 0, 1],
                Need::Operator => [0, 0, 0, 1, 0, 0, 0],
            };
            for (bits, allowed) in columns.iter().zip(expected) {
                let meets = Rights::from_bits_truncate(*bits).meet(method.need());
                assert_eq!(meets, allowed == 1, "{method:?} with {bits:#x}");
            }
        }
    }
}
