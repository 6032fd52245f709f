//! `wcced example`: example 3.6 of [MS-CERSOD], a certificate on behalf of another user and its
//! renewal, with all negative cases, on a CA of its own and over the real wire.

mod cases;
mod desk;
mod narration;
mod stage;
mod steps;

use std::path::PathBuf;

use clap::Args;

use self::desk::{Desk, Way};
use self::narration::Narration;
use self::stage::Stage;
use crate::Failure;

#[derive(Args)]
pub struct Example {
    /// Show every PDU.
    #[arg(short, long)]
    verbose: bool,
    /// Work in this folder, which must not be there yet, and leave everything in it: settings,
    /// CA, Request table, log, the certificates.
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
    /// The template that the example is about, in place of the built-in one: TOML as in a
    /// directory file, with the name OnBehalf.
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
}

impl Example {
    pub fn run(&self) -> Result<(), Failure> {
        let template = match &self.template {
            Some(path) => std::fs::read_to_string(path)
                .map_err(|error| format!("{}: {error}", path.display()))?,
            None => stage::TEMPLATE.to_owned(),
        };
        if let Some(there) = self.keep.as_ref().filter(|folder| folder.exists()) {
            return Err(format!("{} is there already", there.display()).into());
        }
        let mut narration = Narration::new(self.verbose);
        narration.say(INTRODUCTION);
        let runtime = tokio::runtime::Runtime::new()?;
        for way in [Way::Object, Way::Passage] {
            narration.title(way);
            let folder = self.keep.as_ref().map(|folder| folder.join(way.short()));
            let mut stage = Stage::set(folder, &template)?;
            narration.say(&stage.description());
            let played = runtime.block_on(play(&mut stage, way, &mut narration));
            if let Err(error) = played {
                narration.broke_off(&*error);
                for line in stage.last_log_lines() {
                    narration.detail(&line);
                }
            }
            stage.stop()?;
        }
        narration.table()
    }
}

/// Steps and cases, by one interface.
async fn play(stage: &mut Stage, way: Way, narration: &mut Narration) -> Result<(), Failure> {
    stage.start()?;
    let mut desk = Desk::new(way);
    let played = steps::play(stage, &mut desk, narration).await?;
    cases::play(stage, &mut desk, narration, &played).await
}

const INTRODUCTION: &str = "\
Example 3.6 of [MS-CERSOD]: an enrollment agent enrolls on behalf of a user, who then renews the
certificate without approval. It runs twice, each time on a new CA on loopback: first through
ICertRequestD2, the interface of DCOM that Windows' clients use, then over ICertPassage. Steps that
a domain has and an embedded directory does not are said to be so.";
