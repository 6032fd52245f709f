//! Names and the files that may use them.

use std::collections::{HashMap, HashSet};

use super::Resolver;
use crate::ast::Name;
use crate::model::ModuleId;
use crate::source::{Error, Result};

/// Names of one kind. Files that do not import each other may use a name differently, and a
/// file may give a name that it imports another meaning.
#[derive(Debug)]
pub struct Scope<T>(HashMap<String, Vec<(ModuleId, T)>>);

impl<T> Default for Scope<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T> Scope<T> {
    /// Gives a name its meaning in a module, and in those that import it.
    pub fn insert(&mut self, module: ModuleId, name: &str, value: T) {
        let meanings = self.0.entry(name.to_owned()).or_default();
        meanings.retain(|(other, _)| *other != module);
        meanings.push((module, value));
    }

    /// A name's latest meaning among the visible modules.
    pub fn get(&self, visible: &HashSet<ModuleId>, name: &str) -> Option<&T> {
        let meanings = self.0.get(name)?;
        meanings.iter().rev().find(|(module, _)| visible.contains(module)).map(|(_, value)| value)
    }

    /// A name's meaning in a module itself.
    pub fn own(&self, module: ModuleId, name: &str) -> Option<&T> {
        self.get(&HashSet::from([module]), name)
    }

    /// All names with all their meanings.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &T)> {
        self.0.iter().flat_map(|(name, meanings)| meanings.iter().map(move |(_, v)| (name, v)))
    }
}

impl Resolver<'_> {
    /// Looks a name up; it is an error if only files that are not imported declare it.
    pub(super) fn lookup<'s, T>(&self, scope: &'s Scope<T>, name: &Name) -> Result<Option<&'s T>> {
        if let Some(value) = scope.get(&self.visible, &name.text) {
            return Ok(Some(value));
        }
        let elsewhere = scope.0.get(&name.text).and_then(|meanings| meanings.first());
        match elsewhere.and_then(|(module, _)| self.model.modules.get(module.0)) {
            Some(home) => {
                let message =
                    format!("`{}` is declared in {}.idl: import it", name.text, home.name);
                Err(Error::new(name.span, message))
            }
            None => Ok(None),
        }
    }
}
