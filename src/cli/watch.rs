//! Tells when files change.

use anyhow::Context;
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};
use tokio::sync::mpsc;

/// Watches files by the directories they are in: editors and orchestrators replace files rather than write to them,
/// and a watch on the file itself would follow the old one.
pub(super) struct Watch {
    watcher: RecommendedWatcher,
    directories: BTreeSet<PathBuf>,
    changes: mpsc::Receiver<()>,
}

impl Watch {
    /// Watches nothing yet.
    pub(super) fn new() -> anyhow::Result<Self> {
        // One waiting note is enough: whoever takes it looks at everything.
        let (note, changes) = mpsc::channel(1);
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|event| !event.kind.is_access()) {
                let _ = note.try_send(());
            }
        });
        let watcher = watcher.context("cannot watch files for changes")?;
        Ok(Self {
            watcher,
            directories: BTreeSet::new(),
            changes,
        })
    }

    /// Watches these files too.
    pub(super) fn add(&mut self, files: &[PathBuf]) {
        for file in files {
            let directory = match file.parent() {
                Some(parent) if parent != Path::new("") => parent.to_owned(),
                _ => PathBuf::from("."),
            };
            if self.directories.contains(&directory) {
                continue;
            }
            match self.watcher.watch(&directory, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    self.directories.insert(directory);
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot watch {} for changes", directory.display())
                }
            }
        }
    }

    /// Something in the directories of the files has changed.
    pub(super) async fn changed(&mut self) {
        if self.changes.recv().await.is_none() {
            std::future::pending().await
        }
    }

    /// Forgets changes that are noted and not looked at.
    pub(super) fn clear(&mut self) {
        while self.changes.try_recv().is_ok() {}
    }
}
