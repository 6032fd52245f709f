//! What an account may enroll for, and where: templates and CAs of a directory against the SIDs of
//! the account.

use crate::model::{ENROLL, EnrollmentRights, SecurityDescriptor, Template, Token};

/// A CA of the directory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DirectoryCa {
    /// The name that it is called by.
    pub name: String,
    /// DNS name of its host.
    pub host: String,
    /// What it issues from, by cn.
    pub templates: Vec<String>,
    /// Who may enroll with it.
    pub security: SecurityDescriptor,
}

/// A CA, and what its caller may do there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CaOffer {
    /// The name that it is called by.
    pub name: String,
    /// DNS name of its host.
    pub host: String,
    /// The templates that it issues from, by name.
    pub templates: Vec<TemplateOffer>,
}

/// A template that a CA issues from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TemplateOffer {
    /// cn.
    pub name: String,
    /// displayName.
    pub display_name: String,
    /// msPKI-Cert-Template-OID, in text; empty where there is none.
    pub oid: String,
    /// What the caller may do. The CA decides in the end.
    pub rights: EnrollmentRights,
}

/// Why no CA can be named.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ChoiceError {
    /// There is none, or none of this name.
    #[error("the directory has no CA{}", of(.0, " called"))]
    NoCa(Option<String>),
    /// No CA issues from the template.
    #[error("no CA of the directory issues from the template {0:?}")]
    NotOffered(String),
    /// The caller lacks the right.
    #[error(
        "you have no right to enroll for the template {0:?} (`wcce templates` lists those that you \
         have)"
    )]
    NoRight(String),
}

fn of(name: &Option<String>, before: &str) -> String {
    name.as_ref().map_or_else(String::new, |name| format!("{before} {name:?}"))
}

/// What the account of this token may enroll for, at each CA.
pub fn offers(cas: Vec<DirectoryCa>, templates: &[Template], token: &Token) -> Vec<CaOffer> {
    cas.into_iter()
        .map(|ca| {
            let welcome = ca.security.grants_extended_right(token, ENROLL);
            let named = |name: &String| {
                templates.iter().find(|template| template.name.eq_ignore_ascii_case(name))
            };
            let offer = |template: &Template| TemplateOffer {
                name: template.name.clone(),
                display_name: template.display_name.clone(),
                oid: template.oid.as_ref().map(ToString::to_string).unwrap_or_default(),
                rights: match welcome {
                    true => template.rights(token),
                    false => EnrollmentRights { enroll: false, autoenroll: false },
                },
            };
            let mut offered: Vec<_> = ca.templates.iter().filter_map(named).map(offer).collect();
            offered.sort_by(|a, b| a.name.cmp(&b.name));
            CaOffer { name: ca.name, host: ca.host, templates: offered }
        })
        .collect()
}

/// The CAs to try for a template (its name or OID; any CA where there is none), in order.
///
/// # Errors
/// Where there is none: why.
pub fn choose<'a>(
    offers: &'a [CaOffer],
    ca: Option<&str>,
    template: Option<&str>,
) -> Result<Vec<&'a CaOffer>, ChoiceError> {
    let called = |offer: &&CaOffer| ca.is_none_or(|ca| offer.name.eq_ignore_ascii_case(ca));
    let cas: Vec<_> = offers.iter().filter(called).collect();
    if cas.is_empty() {
        return Err(ChoiceError::NoCa(ca.map(str::to_owned)));
    }
    let Some(wanted) = template else { return Ok(cas) };
    let is_it = |one: &&TemplateOffer| one.name.eq_ignore_ascii_case(wanted) || one.oid == wanted;
    let offering: Vec<_> = cas
        .into_iter()
        .filter_map(|offer| Some((offer, offer.templates.iter().find(is_it)?)))
        .collect();
    if offering.is_empty() {
        return Err(ChoiceError::NotOffered(wanted.to_owned()));
    }
    let allowed = offering.iter().filter(|(_, template)| template.rights.enroll);
    let allowed: Vec<_> = allowed.map(|(offer, _)| *offer).collect();
    match allowed.is_empty() {
        true => Err(ChoiceError::NoRight(wanted.to_owned())),
        false => Ok(allowed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Ace, AceKind, Acl, Sid, testing};

    fn sid(text: &str) -> Sid {
        text.parse().expect("valid")
    }

    fn granted_to(who: &str) -> SecurityDescriptor {
        let ace = Ace::extended_right(AceKind::Allow, ENROLL, sid(who));
        SecurityDescriptor { owner: None, group: None, dacl: Some(Acl { aces: vec![ace] }) }
    }

    fn template(name: &str, who: &str) -> Template {
        Template { name: name.to_owned(), security: granted_to(who), ..testing::template() }
    }

    fn ca(name: &str, templates: &[&str], who: &str) -> DirectoryCa {
        DirectoryCa {
            name: name.to_owned(),
            host: format!("{}.lab.test", name.to_lowercase()),
            templates: templates.iter().map(|name| (*name).to_owned()).collect(),
            security: granted_to(who),
        }
    }

    const USERS: &str = "S-1-5-21-1-2-3-513";
    const ADMINS: &str = "S-1-5-21-1-2-3-512";

    fn seen() -> Vec<CaOffer> {
        let token = Token::new(sid("S-1-5-21-1-2-3-1103"), [sid(USERS)]);
        let templates = [template("User", USERS), template("Admin", ADMINS)];
        let cas = vec![
            ca("A", &["admin", "Missing"], "S-1-5-11"),
            ca("B", &["USER", "Admin"], "S-1-5-11"),
            ca("C", &["User"], ADMINS),
        ];
        offers(cas, &templates, &token)
    }

    #[test]
    fn a_template_counts_where_template_and_ca_grant_the_right() {
        let seen: Vec<(String, Vec<(String, bool)>)> = seen()
            .into_iter()
            .map(|ca| {
                let rights = ca.templates.into_iter().map(|one| (one.name, one.rights.enroll));
                (ca.name, rights.collect())
            })
            .collect();
        let one = |name: &str, right| (name.to_owned(), right);
        assert_eq!(
            seen,
            [
                ("A".to_owned(), vec![one("Admin", false)]),
                ("B".to_owned(), vec![one("Admin", false), one("User", true)]),
                ("C".to_owned(), vec![one("User", false)]),
            ]
        );
    }

    #[test]
    fn a_ca_is_chosen_that_issues_from_the_template() {
        let seen = seen();
        let names = |ca, template| {
            choose(&seen, ca, template).map(|found| {
                found.into_iter().map(|offer| offer.name.as_str()).collect::<Vec<_>>().join(" ")
            })
        };
        assert_eq!(names(None, Some("user")), Ok("B".to_owned()));
        assert_eq!(names(None, None), Ok("A B C".to_owned()));
        assert_eq!(names(Some("c"), None), Ok("C".to_owned()));
        assert_eq!(names(None, Some("Admin")), Err(ChoiceError::NoRight("Admin".to_owned())));
        assert_eq!(names(Some("C"), Some("User")), Err(ChoiceError::NoRight("User".to_owned())));
        assert_eq!(
            names(None, Some("Missing")),
            Err(ChoiceError::NotOffered("Missing".to_owned()))
        );
        assert_eq!(names(Some("D"), None), Err(ChoiceError::NoCa(Some("D".to_owned()))));
        assert_eq!(choose(&[], None, None), Err(ChoiceError::NoCa(None)));
    }
}
