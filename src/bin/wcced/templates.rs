//! `wcced lint-templates`: what is dangerous about certificate templates, and what to do about it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use clap::Args;
use wcce::ca::{CertificateAuthority, StateFolder};
use wcce::config::Config;
use wcce::directory::config::DirectoryConfig;
use wcce::directory::embedded::EmbeddedDirectory;
use wcce::directory::export::{self, Exported};
use wcce::model::{Ace, AceKind, Acl, ENROLL, Sid, Template, TemplateTable};
use wcce::policy::{Finding, LintContext, Severity, lint, lint_table};

use super::Failure;

/// Which templates to look at.
#[derive(Args)]
#[command(after_help = "\
Exit status: 0 where nothing is wrong, 1 where the templates cannot be read, 2 where something was \
found.")]
pub struct LintTemplates {
    /// The configuration file, whose directory is looked at.
    #[arg(short, long, default_value = "/etc/wcce/wcced.toml")]
    config: PathBuf,
    /// Look at an export of templates instead: LDIF (ldifde, ldapsearch), or JSON. Templates whose
    /// security descriptor is not in it are taken as ones that everybody may enroll for.
    #[arg(short, long)]
    file: Vec<PathBuf>,
    /// Print JSON: a list of objects with template, id, severity, text and remedy.
    #[arg(long)]
    json: bool,
}

/// A finding as it is printed.
struct Line {
    template: String,
    id: &'static str,
    severity: Severity,
    text: String,
    remedy: &'static str,
}

impl LintTemplates {
    /// Prints the findings, the worst first.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let mut lines = Vec::new();
        if self.file.is_empty() {
            let config = Config::load(&self.config)?;
            let state = StateFolder::new(&config.state);
            let ca = CertificateAuthority::load(&config.ca, &state, SystemTime::now())?;
            let table = table(&config.directory, ca.as_ref())?;
            let ca_validity = ca.map(|ca| ca.certificate().remaining(SystemTime::now()));
            let context = LintContext { templates: &table, ca_validity };
            lines.extend(lint_table(&context).into_iter().map(|(name, f)| Line::new(name, f)));
        }
        for path in &self.file {
            lines.extend(of_export(path)?);
        }
        lines.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.template.cmp(&b.template)));
        match self.json {
            true => println!("{}", serde_json::to_string_pretty(&json(&lines))?),
            false => print(&lines),
        }
        Ok(ExitCode::from(if lines.is_empty() { 0 } else { 2 }))
    }
}

/// The templates of the directory, with those that this CA issues from.
fn table(
    directory: &DirectoryConfig,
    ca: Option<&CertificateAuthority>,
) -> Result<Arc<TemplateTable>, Failure> {
    match directory {
        DirectoryConfig::Embedded(file) => Ok(EmbeddedDirectory::load(file)?.table()),
        #[cfg(feature = "active-directory")]
        DirectoryConfig::ActiveDirectory(settings) => {
            let ca = ca.ok_or("there is no CA yet; the first `wcced serve` makes it")?;
            let name = &ca.certificate().names.sanitized_short;
            Ok(Arc::new(super::domain::template_table(settings, name)?))
        }
        #[cfg(not(feature = "active-directory"))]
        DirectoryConfig::ActiveDirectory(_) => {
            let _ = ca;
            Err("this wcced was built without support for Active Directory".into())
        }
    }
}

impl Line {
    fn new(template: &str, finding: Finding) -> Self {
        let Finding { id, severity, text, remedy } = finding;
        Self { template: template.to_owned(), id, severity, text: text.to_owned(), remedy }
    }
}

fn of_export(path: &Path) -> Result<Vec<Line>, Failure> {
    let at = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let bytes = fs::read(path).map_err(|error| at(&error))?;
    let all = export::read(&bytes).map_err(|error| at(&error))?;
    if all.is_empty() {
        return Err(at(&"there is no certificate template in it").into());
    }
    let table = TemplateTable::default();
    let context = LintContext { templates: &table, ca_validity: None };
    Ok(all.into_iter().flat_map(|exported| of_template(exported, &context)).collect())
}

fn of_template(exported: Exported, context: &LintContext<'_>) -> Vec<Line> {
    let Exported { name, template, has_security } = exported;
    let own = |id, severity, text: String, remedy| Line {
        template: name.clone(),
        id,
        severity,
        text,
        remedy,
    };
    let template = match template {
        Ok(template) => template,
        Err(error) => {
            let remedy = "mend the attribute; a CA does not issue from what it cannot read";
            return vec![own("UNREADABLE", Severity::Configuration, error.to_string(), remedy)];
        }
    };
    let mut lines = Vec::new();
    let template = if has_security {
        template
    } else {
        let text = "the export does not say who may enroll; taken as everybody".to_owned();
        let remedy = "export nTSecurityDescriptor too";
        lines.push(own("NO-DESCRIPTOR", Severity::Low, text, remedy));
        for_everybody(template)
    };
    lines.extend(lint(&template, context).into_iter().map(|finding| Line::new(&name, finding)));
    lines
}

fn for_everybody(mut template: Template) -> Template {
    let ace = Ace::extended_right(AceKind::Allow, ENROLL, Sid::everyone());
    template.security.dacl = Some(Acl { aces: vec![ace] });
    template
}

fn print(lines: &[Line]) {
    for Line { template, id, severity, text, remedy } in lines {
        println!("{severity:?}: template {template}: {text} ({id})\n    {remedy}");
    }
    let of = |severity| lines.iter().filter(|line| line.severity == severity).count();
    println!(
        "{} findings: {} critical, {} high, {} medium, {} of configuration, {} low",
        lines.len(),
        of(Severity::Critical),
        of(Severity::High),
        of(Severity::Medium),
        of(Severity::Configuration),
        of(Severity::Low)
    );
}

fn json(lines: &[Line]) -> serde_json::Value {
    let line = |line: &Line| {
        serde_json::json!({
            "template": line.template,
            "id": line.id,
            "severity": format!("{:?}", line.severity).to_lowercase(),
            "text": line.text,
            "remedy": line.remedy,
        })
    };
    lines.iter().map(line).collect()
}
