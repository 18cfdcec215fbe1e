//! The library's files with their references, and where a name is at home.

use super::{
    references::{Reference, References, references},
    source::Source,
};
use std::collections::HashMap;

/// Every file under `src/`.
pub(super) struct Library<'a> {
    pub files: Vec<(&'a Source, References)>,
    /// Module → its place in `files`.
    modules: HashMap<&'a [String], usize>,
}

impl<'a> Library<'a> {
    pub(super) fn new(sources: &'a [Source]) -> Library<'a> {
        let files = sources.iter().filter(|source| source.is_product());
        let files: Vec<_> = files.map(|source| (source, references(source))).collect();
        let modules = files
            .iter()
            .enumerate()
            .map(|(index, (source, _))| (source.module.as_slice(), index))
            .collect();
        Library { files, modules }
    }

    /// References with the file and the layer they stand in; the crate's root is the layer "".
    pub(super) fn references(&self) -> impl Iterator<Item = (&'a Source, &str, &Reference)> {
        self.files.iter().flat_map(|(source, references)| {
            references
                .all
                .iter()
                .map(|reference| (*source, source.layer().unwrap_or(""), reference))
        })
    }

    /// The `mod.rs` of a layer.
    pub(super) fn door(&self, layer: &str) -> Option<&(&'a Source, References)> {
        self.modules
            .get([layer.to_owned()].as_slice())
            .map(|&index| &self.files[index])
    }

    /// The module that declares what a path below `crate` names: re-exports followed, items dropped.
    pub(super) fn home(&self, path: &[String]) -> Vec<String> {
        let mut path = path.to_vec();
        // A chain of re-exports ends; the bound is for those that do not.
        for _ in 0..8 {
            if self.file(&path).is_some() {
                return path;
            }
            // The longest beginning that is a file, and the name asked of it.
            let Some(length) = (1..path.len())
                .rev()
                .find(|&length| self.file(&path[..length]).is_some())
            else {
                break;
            };
            let (module, name) = (&path[..length], &path[length]);
            let target = self.file(module).and_then(|file| file.bound.get(name));
            match target.filter(|target| target[0] == "crate" && target.len() > 1) {
                Some(target) => {
                    path = target[1..]
                        .iter()
                        .chain(&path[length + 1..])
                        .cloned()
                        .collect()
                }
                None => return module.to_vec(),
            }
        }
        path
    }

    fn file(&self, module: &[String]) -> Option<&References> {
        self.modules.get(module).map(|&index| &self.files[index].1)
    }
}
