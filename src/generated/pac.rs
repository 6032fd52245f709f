//! Written by `codegen` from `idl/pac.idl`.

use crate::ndr::{
    self, Align, DecodeError, Decoder, EncodeError, Encoder, Invalid, Ndr, num,
};
use super::dtyp::{FILETIME, RPC_SID, RPC_UNICODE_STRING};

/// Eight octets ([MS-NRPC] 2.2.1.1.1).
///
/// ```idl
/// typedef struct _CYPHER_BLOCK {
///     byte data[8];
/// } CYPHER_BLOCK;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CYPHER_BLOCK {
    /// The octets.
    pub data: [u8; 8],
}

impl Ndr for CYPHER_BLOCK {
    const ALIGN: Align = Align::new(1, 1);
    const MIN_SIZE: usize = 8;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.data.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self { data: Ndr::decode(d)? };
        d.align64(Self::ALIGN);
        Ok(value)
    }
}

/// A session key of an NTLM logon; zero in Kerberos ([MS-NRPC] 2.2.1.4.9).
///
/// ```idl
/// typedef struct _USER_SESSION_KEY {
///     CYPHER_BLOCK data[2];
/// } USER_SESSION_KEY;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct USER_SESSION_KEY {
    /// Sixteen octets.
    pub data: [CYPHER_BLOCK; 2],
}

impl Ndr for USER_SESSION_KEY {
    const ALIGN: Align = Align::new(1, 1);
    const MIN_SIZE: usize = 16;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.data.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self { data: Ndr::decode(d)? };
        d.align64(Self::ALIGN);
        Ok(value)
    }
}

/// Membership of a group of a known domain ([MS-PAC] 2.2.2).
///
/// ```idl
/// typedef struct _GROUP_MEMBERSHIP {
///     ULONG RelativeId;
///     ULONG Attributes;
/// } GROUP_MEMBERSHIP, *PGROUP_MEMBERSHIP;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GROUP_MEMBERSHIP {
    /// RID of the group.
    pub relative_id: u32,
    /// SE_GROUP_*.
    pub attributes: u32,
}

impl Ndr for GROUP_MEMBERSHIP {
    const ALIGN: Align = Align::new(4, 4);
    const MIN_SIZE: usize = 8;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.relative_id.encode(e)?;
        self.attributes.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            relative_id: Ndr::decode(d)?,
            attributes: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }
}

/// Membership of any group ([MS-PAC] 2.2.1).
///
/// ```idl
/// typedef struct _KERB_SID_AND_ATTRIBUTES {
///     PRPC_SID Sid;
///     ULONG Attributes;
/// } KERB_SID_AND_ATTRIBUTES, *PKERB_SID_AND_ATTRIBUTES;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KERB_SID_AND_ATTRIBUTES {
    /// SID of the group.
    pub sid: Option<Box<RPC_SID>>,
    /// SE_GROUP_*.
    pub attributes: u32,
}

impl Ndr for KERB_SID_AND_ATTRIBUTES {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 8;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.sid.encode(e)?;
        self.attributes.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            sid: Ndr::decode(d)?,
            attributes: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.sid.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.sid.decode_deferred(d)?;
        Ok(())
    }
}

/// Memberships of groups of one domain ([MS-PAC] 2.2.3).
///
/// ```idl
/// typedef struct _DOMAIN_GROUP_MEMBERSHIP {
///     PRPC_SID DomainId;
///     ULONG GroupCount;
///     [size_is(GroupCount)] PGROUP_MEMBERSHIP GroupIds;
/// } DOMAIN_GROUP_MEMBERSHIP, *PDOMAIN_GROUP_MEMBERSHIP;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DOMAIN_GROUP_MEMBERSHIP {
    /// SID of the domain.
    pub domain_id: Option<Box<RPC_SID>>,
    /// Number of groups.
    pub group_count: u32,
    /// The groups.
    pub group_ids: Option<Vec<GROUP_MEMBERSHIP>>,
}

impl DOMAIN_GROUP_MEMBERSHIP {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("GroupIds", num(self.group_count), &self.group_ids)?;
        Ok(())
    }
}

impl Ndr for DOMAIN_GROUP_MEMBERSHIP {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 12;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.domain_id.encode(e)?;
        self.group_count.encode(e)?;
        self.group_ids.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            domain_id: Ndr::decode(d)?,
            group_count: Ndr::decode(d)?,
            group_ids: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.domain_id.encode_deferred(e)?;
        self.group_ids.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.domain_id.decode_deferred(d)?;
        self.group_ids.decode_deferred(d)?;
        Ok(self.validate()?)
    }
}

/// Logon and authorization of an account; PAC buffer type 1 ([MS-PAC] 2.5).
///
/// ```idl
/// typedef struct _KERB_VALIDATION_INFO {
///     FILETIME LogonTime;
///     FILETIME LogoffTime;
///     FILETIME KickOffTime;
///     FILETIME PasswordLastSet;
///     FILETIME PasswordCanChange;
///     FILETIME PasswordMustChange;
///     RPC_UNICODE_STRING EffectiveName;
///     RPC_UNICODE_STRING FullName;
///     RPC_UNICODE_STRING LogonScript;
///     RPC_UNICODE_STRING ProfilePath;
///     RPC_UNICODE_STRING HomeDirectory;
///     RPC_UNICODE_STRING HomeDirectoryDrive;
///     USHORT LogonCount;
///     USHORT BadPasswordCount;
///     ULONG UserId;
///     ULONG PrimaryGroupId;
///     ULONG GroupCount;
///     [size_is(GroupCount)] PGROUP_MEMBERSHIP GroupIds;
///     ULONG UserFlags;
///     USER_SESSION_KEY UserSessionKey;
///     RPC_UNICODE_STRING LogonServer;
///     RPC_UNICODE_STRING LogonDomainName;
///     PRPC_SID LogonDomainId;
///     ULONG Reserved1[2];
///     ULONG UserAccountControl;
///     ULONG SubAuthStatus;
///     FILETIME LastSuccessfulILogon;
///     FILETIME LastFailedILogon;
///     ULONG FailedILogonCount;
///     ULONG Reserved3;
///     ULONG SidCount;
///     [size_is(SidCount)] PKERB_SID_AND_ATTRIBUTES ExtraSids;
///     PRPC_SID ResourceGroupDomainSid;
///     ULONG ResourceGroupCount;
///     [size_is(ResourceGroupCount)] PGROUP_MEMBERSHIP ResourceGroupIds;
/// } KERB_VALIDATION_INFO, *PKERB_VALIDATION_INFO;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KERB_VALIDATION_INFO {
    /// Last logon.
    pub logon_time: FILETIME,
    /// End of the session.
    pub logoff_time: FILETIME,
    /// When the account is to be logged off by force.
    pub kick_off_time: FILETIME,
    /// When the password was set.
    pub password_last_set: FILETIME,
    /// From when the password may be changed.
    pub password_can_change: FILETIME,
    /// When the password expires.
    pub password_must_change: FILETIME,
    /// sAMAccountName.
    pub effective_name: RPC_UNICODE_STRING,
    /// Full name.
    pub full_name: RPC_UNICODE_STRING,
    /// Logon script.
    pub logon_script: RPC_UNICODE_STRING,
    /// Profile path.
    pub profile_path: RPC_UNICODE_STRING,
    /// Home directory.
    pub home_directory: RPC_UNICODE_STRING,
    /// Drive of the home directory.
    pub home_directory_drive: RPC_UNICODE_STRING,
    /// Number of logons.
    pub logon_count: u16,
    /// Number of wrong passwords.
    pub bad_password_count: u16,
    /// RID of the account; zero: the first extra SID is the account.
    pub user_id: u32,
    /// RID of the primary group.
    pub primary_group_id: u32,
    /// Number of groups of the account's domain.
    pub group_count: u32,
    /// Groups of the account's domain.
    pub group_ids: Option<Vec<GROUP_MEMBERSHIP>>,
    /// LOGON_*; 0x20 extra SIDs are there, 0x200 resource groups are there.
    pub user_flags: u32,
    /// Zero.
    pub user_session_key: USER_SESSION_KEY,
    /// NetBIOS name of the KDC.
    pub logon_server: RPC_UNICODE_STRING,
    /// NetBIOS name of the account's domain.
    pub logon_domain_name: RPC_UNICODE_STRING,
    /// SID of the account's domain.
    pub logon_domain_id: Option<Box<RPC_SID>>,
    /// Zero.
    pub reserved1: [u32; 2],
    /// USER_*.
    pub user_account_control: u32,
    /// Status of a sub-authentication package.
    pub sub_auth_status: u32,
    /// Last successful interactive logon.
    pub last_successful_i_logon: FILETIME,
    /// Last failed interactive logon.
    pub last_failed_i_logon: FILETIME,
    /// Failed interactive logons since the last successful one.
    pub failed_i_logon_count: u32,
    /// Zero.
    pub reserved3: u32,
    /// Number of extra SIDs.
    pub sid_count: u32,
    /// Groups of other domains, and well-known ones.
    pub extra_sids: Option<Vec<KERB_SID_AND_ATTRIBUTES>>,
    /// SID of the domain of the resource groups.
    pub resource_group_domain_sid: Option<Box<RPC_SID>>,
    /// Number of resource groups.
    pub resource_group_count: u32,
    /// Domain local groups of the server's domain.
    pub resource_group_ids: Option<Vec<GROUP_MEMBERSHIP>>,
}

impl KERB_VALIDATION_INFO {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("GroupIds", num(self.group_count), &self.group_ids)?;
        ndr::size_is("ExtraSids", num(self.sid_count), &self.extra_sids)?;
        ndr::size_is(
            "ResourceGroupIds",
            num(self.resource_group_count),
            &self.resource_group_ids,
        )?;
        Ok(())
    }
}

impl Ndr for KERB_VALIDATION_INFO {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 216;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.logon_time.encode(e)?;
        self.logoff_time.encode(e)?;
        self.kick_off_time.encode(e)?;
        self.password_last_set.encode(e)?;
        self.password_can_change.encode(e)?;
        self.password_must_change.encode(e)?;
        self.effective_name.encode(e)?;
        self.full_name.encode(e)?;
        self.logon_script.encode(e)?;
        self.profile_path.encode(e)?;
        self.home_directory.encode(e)?;
        self.home_directory_drive.encode(e)?;
        self.logon_count.encode(e)?;
        self.bad_password_count.encode(e)?;
        self.user_id.encode(e)?;
        self.primary_group_id.encode(e)?;
        self.group_count.encode(e)?;
        self.group_ids.encode(e)?;
        self.user_flags.encode(e)?;
        self.user_session_key.encode(e)?;
        self.logon_server.encode(e)?;
        self.logon_domain_name.encode(e)?;
        self.logon_domain_id.encode(e)?;
        self.reserved1.encode(e)?;
        self.user_account_control.encode(e)?;
        self.sub_auth_status.encode(e)?;
        self.last_successful_i_logon.encode(e)?;
        self.last_failed_i_logon.encode(e)?;
        self.failed_i_logon_count.encode(e)?;
        self.reserved3.encode(e)?;
        self.sid_count.encode(e)?;
        self.extra_sids.encode(e)?;
        self.resource_group_domain_sid.encode(e)?;
        self.resource_group_count.encode(e)?;
        self.resource_group_ids.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            logon_time: Ndr::decode(d)?,
            logoff_time: Ndr::decode(d)?,
            kick_off_time: Ndr::decode(d)?,
            password_last_set: Ndr::decode(d)?,
            password_can_change: Ndr::decode(d)?,
            password_must_change: Ndr::decode(d)?,
            effective_name: Ndr::decode(d)?,
            full_name: Ndr::decode(d)?,
            logon_script: Ndr::decode(d)?,
            profile_path: Ndr::decode(d)?,
            home_directory: Ndr::decode(d)?,
            home_directory_drive: Ndr::decode(d)?,
            logon_count: Ndr::decode(d)?,
            bad_password_count: Ndr::decode(d)?,
            user_id: Ndr::decode(d)?,
            primary_group_id: Ndr::decode(d)?,
            group_count: Ndr::decode(d)?,
            group_ids: Ndr::decode(d)?,
            user_flags: Ndr::decode(d)?,
            user_session_key: Ndr::decode(d)?,
            logon_server: Ndr::decode(d)?,
            logon_domain_name: Ndr::decode(d)?,
            logon_domain_id: Ndr::decode(d)?,
            reserved1: Ndr::decode(d)?,
            user_account_control: Ndr::decode(d)?,
            sub_auth_status: Ndr::decode(d)?,
            last_successful_i_logon: Ndr::decode(d)?,
            last_failed_i_logon: Ndr::decode(d)?,
            failed_i_logon_count: Ndr::decode(d)?,
            reserved3: Ndr::decode(d)?,
            sid_count: Ndr::decode(d)?,
            extra_sids: Ndr::decode(d)?,
            resource_group_domain_sid: Ndr::decode(d)?,
            resource_group_count: Ndr::decode(d)?,
            resource_group_ids: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.effective_name.encode_deferred(e)?;
        self.full_name.encode_deferred(e)?;
        self.logon_script.encode_deferred(e)?;
        self.profile_path.encode_deferred(e)?;
        self.home_directory.encode_deferred(e)?;
        self.home_directory_drive.encode_deferred(e)?;
        self.group_ids.encode_deferred(e)?;
        self.logon_server.encode_deferred(e)?;
        self.logon_domain_name.encode_deferred(e)?;
        self.logon_domain_id.encode_deferred(e)?;
        self.extra_sids.encode_deferred(e)?;
        self.resource_group_domain_sid.encode_deferred(e)?;
        self.resource_group_ids.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.effective_name.decode_deferred(d)?;
        self.full_name.decode_deferred(d)?;
        self.logon_script.decode_deferred(d)?;
        self.profile_path.decode_deferred(d)?;
        self.home_directory.decode_deferred(d)?;
        self.home_directory_drive.decode_deferred(d)?;
        self.group_ids.decode_deferred(d)?;
        self.logon_server.decode_deferred(d)?;
        self.logon_domain_name.decode_deferred(d)?;
        self.logon_domain_id.decode_deferred(d)?;
        self.extra_sids.decode_deferred(d)?;
        self.resource_group_domain_sid.decode_deferred(d)?;
        self.resource_group_ids.decode_deferred(d)?;
        Ok(self.validate()?)
    }
}

/// Services that the ticket was delegated through; PAC buffer type 11 ([MS-PAC] 2.9).
///
/// ```idl
/// typedef struct _S4U_DELEGATION_INFO {
///     RPC_UNICODE_STRING S4U2proxyTarget;
///     ULONG TransitedListSize;
///     [size_is(TransitedListSize)] PRPC_UNICODE_STRING S4UTransitedServices;
/// } S4U_DELEGATION_INFO, *PS4U_DELEGATION_INFO;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct S4U_DELEGATION_INFO {
    /// Principal that the ticket may be forwarded to.
    pub s4u2proxy_target: RPC_UNICODE_STRING,
    /// Number of services.
    pub transited_list_size: u32,
    /// The services.
    pub s4u_transited_services: Option<Vec<RPC_UNICODE_STRING>>,
}

impl S4U_DELEGATION_INFO {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is(
            "S4UTransitedServices",
            num(self.transited_list_size),
            &self.s4u_transited_services,
        )?;
        Ok(())
    }
}

impl Ndr for S4U_DELEGATION_INFO {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 16;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.s4u2proxy_target.encode(e)?;
        self.transited_list_size.encode(e)?;
        self.s4u_transited_services.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            s4u2proxy_target: Ndr::decode(d)?,
            transited_list_size: Ndr::decode(d)?,
            s4u_transited_services: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.s4u2proxy_target.encode_deferred(e)?;
        self.s4u_transited_services.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.s4u2proxy_target.decode_deferred(d)?;
        self.s4u_transited_services.decode_deferred(d)?;
        Ok(self.validate()?)
    }
}

/// Authorization of the client's device; PAC buffer type 14 ([MS-PAC] 2.12).
///
/// ```idl
/// typedef struct _PAC_DEVICE_INFO {
///     ULONG UserId;
///     ULONG PrimaryGroupId;
///     PRPC_SID AccountDomainId;
///     ULONG AccountGroupCount;
///     [size_is(AccountGroupCount)] PGROUP_MEMBERSHIP AccountGroupIds;
///     ULONG SidCount;
///     [size_is(SidCount)] PKERB_SID_AND_ATTRIBUTES ExtraSids;
///     ULONG DomainGroupCount;
///     [size_is(DomainGroupCount)] PDOMAIN_GROUP_MEMBERSHIP DomainGroup;
/// } PAC_DEVICE_INFO, *PPAC_DEVICE_INFO;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PAC_DEVICE_INFO {
    /// RID of the device; zero: the first extra SID is the device.
    pub user_id: u32,
    /// RID of the primary group.
    pub primary_group_id: u32,
    /// SID of the device's domain.
    pub account_domain_id: Option<Box<RPC_SID>>,
    /// Number of groups of the device's domain.
    pub account_group_count: u32,
    /// Groups of the device's domain.
    pub account_group_ids: Option<Vec<GROUP_MEMBERSHIP>>,
    /// Number of extra SIDs.
    pub sid_count: u32,
    /// Groups outside domains.
    pub extra_sids: Option<Vec<KERB_SID_AND_ATTRIBUTES>>,
    /// Number of further domains.
    pub domain_group_count: u32,
    /// Groups of further domains.
    pub domain_group: Option<Vec<DOMAIN_GROUP_MEMBERSHIP>>,
}

impl PAC_DEVICE_INFO {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is(
            "AccountGroupIds",
            num(self.account_group_count),
            &self.account_group_ids,
        )?;
        ndr::size_is("ExtraSids", num(self.sid_count), &self.extra_sids)?;
        ndr::size_is("DomainGroup", num(self.domain_group_count), &self.domain_group)?;
        Ok(())
    }
}

impl Ndr for PAC_DEVICE_INFO {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 36;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.user_id.encode(e)?;
        self.primary_group_id.encode(e)?;
        self.account_domain_id.encode(e)?;
        self.account_group_count.encode(e)?;
        self.account_group_ids.encode(e)?;
        self.sid_count.encode(e)?;
        self.extra_sids.encode(e)?;
        self.domain_group_count.encode(e)?;
        self.domain_group.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            user_id: Ndr::decode(d)?,
            primary_group_id: Ndr::decode(d)?,
            account_domain_id: Ndr::decode(d)?,
            account_group_count: Ndr::decode(d)?,
            account_group_ids: Ndr::decode(d)?,
            sid_count: Ndr::decode(d)?,
            extra_sids: Ndr::decode(d)?,
            domain_group_count: Ndr::decode(d)?,
            domain_group: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.account_domain_id.encode_deferred(e)?;
        self.account_group_ids.encode_deferred(e)?;
        self.extra_sids.encode_deferred(e)?;
        self.domain_group.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.account_domain_id.decode_deferred(d)?;
        self.account_group_ids.decode_deferred(d)?;
        self.extra_sids.decode_deferred(d)?;
        self.domain_group.decode_deferred(d)?;
        Ok(self.validate()?)
    }
}
