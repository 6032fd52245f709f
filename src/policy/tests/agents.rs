use super::*;

fn token(rid: u32, groups: &[u32]) -> Token {
    let of = |rid| sid(&format!("S-1-5-21-1-2-3-{rid}"));
    Token::new(of(rid), groups.iter().map(|rid| of(*rid)))
}

fn entry(kind: AceKind, agent: u32, templates: &[&str], subjects: &[u32]) -> AgentEntry {
    let some = |empty: bool| !empty;
    AgentEntry {
        kind,
        agents: vec![sid(&format!("S-1-5-21-1-2-3-{agent}"))],
        templates: some(templates.is_empty())
            .then(|| templates.iter().map(ToString::to_string).collect()),
        subjects: some(subjects.is_empty())
            .then(|| subjects.iter().map(|rid| sid(&format!("S-1-5-21-1-2-3-{rid}"))).collect()),
    }
}

/// [MS-CSRA] 2.2.1.11: agent, template and subject, each an account or one of its groups.
#[test]
fn an_entry_allows_its_agents_its_templates_and_its_subjects() {
    let agents = EnrollmentAgents::new(vec![entry(AceKind::Allow, 1200, &["Smartcard"], &[1300])]);
    let (agent, subject) = (token(1103, &[1200]), token(1104, &[1300]));
    assert!(agents.allows(&agent, &["smartCARD"], &subject));
    assert!(!agents.allows(&token(1103, &[]), &["Smartcard"], &subject));
    assert!(!agents.allows(&agent, &["User"], &subject));
    assert!(!agents.allows(&agent, &["Smartcard"], &token(1104, &[])));
    let all = EnrollmentAgents::new(vec![entry(AceKind::Allow, 1103, &[], &[])]);
    assert!(all.allows(&agent, &["User"], &token(1104, &[])));
    assert!(!EnrollmentAgents::default().allows(&agent, &["User"], &subject), "nobody by default");
}

#[test]
fn an_entry_that_denies_comes_first_wherever_it_stands() {
    let allow = entry(AceKind::Allow, 1200, &[], &[]);
    let deny = entry(AceKind::Deny, 1103, &["User"], &[1104]);
    for entries in [vec![allow.clone(), deny.clone()], vec![deny, allow]] {
        let agents = EnrollmentAgents::new(entries.clone());
        assert_eq!(agents.entries(), entries);
        let agent = token(1103, &[1200]);
        assert!(!agents.allows(&agent, &["User"], &token(1104, &[])));
        assert!(agents.allows(&agent, &["User"], &token(1105, &[])));
        assert!(agents.allows(&agent, &["Other"], &token(1104, &[])));
        assert!(agents.allows(&token(1106, &[1200]), &["User"], &token(1104, &[])));
    }
}
