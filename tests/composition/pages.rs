//! Runs the pages under `tests/cases/composition`.
//!
//! A page has a headline, prose, and sections: the files of a directory (`supergraph.yaml`, `NAME.graphql`), what
//! running subgraphs would answer (`http://…`), and what is printed or composed. Without a `supergraph.yaml` each
//! `NAME.graphql` is a subgraph. Set `UPDATE_PAGES=1` to rewrite the last section by what happens now.

use std::fs;
use std::path::{Path, PathBuf};

use graphway::composition::{
    Composition, Diagnostic, Introspection, SubgraphSdl, SupergraphConfig, compose, read_subgraphs,
};

/// The section with the diagnostics, and the one with the supergraph.
const PRINTED: &str = "Printed";
const SUPERGRAPH: &str = "Supergraph";

#[test]
fn every_page_holds() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/composition");
    let mut pages: Vec<PathBuf> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    pages.sort();
    assert!(pages.len() > 10, "the pages are not where they should be");
    let broken: Vec<String> = pages.iter().filter_map(|page| check(page)).collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// What is wrong with one page.
fn check(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).unwrap();
    let page = Page::parse(&text);
    let happened = page.run();
    let now = page.with_outcome(&happened);
    if now == text {
        return None;
    }
    if std::env::var_os("UPDATE_PAGES").is_some() {
        fs::write(path, now).unwrap();
        return None;
    }
    Some(format!(
        "{} does not hold; this happens:\n{now}",
        path.display()
    ))
}

struct Page<'a> {
    /// Everything before the outcome.
    given: &'a str,
    sections: Vec<Section<'a>>,
    /// Whether the page shows the supergraph or what is printed.
    shows: &'a str,
}

struct Section<'a> {
    title: &'a str,
    content: &'a str,
}

impl<'a> Page<'a> {
    fn parse(text: &'a str) -> Self {
        let (shows, end) = [SUPERGRAPH, PRINTED]
            .into_iter()
            .find_map(|shows| Some((shows, text.find(&format!("\n## {shows}\n"))?)))
            .expect("a page ends in what is printed or composed");
        let given = &text[..end];
        let sections = given
            .split("\n## ")
            .skip(1)
            .map(|section| {
                let (title, rest) = section.split_once('\n').unwrap();
                let fence = rest.find("```").unwrap();
                let open = fence + rest[fence..].find('\n').unwrap() + 1;
                let close = open + rest[open..].find("\n```").unwrap() + 1;
                Section {
                    title,
                    content: &rest[open..close],
                }
            })
            .collect();
        Self {
            given,
            sections,
            shows,
        }
    }

    fn section(&self, title: &str) -> Option<&'a str> {
        let section = self.sections.iter().find(|section| section.title == title);
        section.map(|section| section.content)
    }

    fn run(&self) -> Result<Composition, Vec<Diagnostic>> {
        match self.section("supergraph.yaml") {
            Some(yaml) => self.run_yaml(yaml),
            None => compose(&self.subgraphs()),
        }
    }

    fn subgraphs(&self) -> Vec<SubgraphSdl> {
        let files = self.sections.iter();
        files
            .filter_map(|file| {
                let name = file.title.strip_suffix(".graphql")?;
                Some(SubgraphSdl {
                    name: name.to_owned(),
                    routing_url: format!("http://{name}.test/graphql"),
                    sdl: file.content.to_owned(),
                    origin: file.title.to_owned(),
                })
            })
            .collect()
    }

    /// In a directory of its own, which the printed paths do not show.
    fn run_yaml(&self, yaml: &str) -> Result<Composition, Vec<Diagnostic>> {
        let directory = super::scratch_directory();
        for file in self.subgraphs() {
            fs::write(directory.join(&file.origin), file.sdl).unwrap();
        }
        let variable = |name: &str| {
            let variables = self.section("Environment")?.lines();
            variables
                .filter_map(|line| line.split_once('='))
                .find_map(|(variable, value)| (variable == name).then(|| value.to_owned()))
        };
        let introspect = async |introspection: &Introspection| {
            let sdl = self.section(&introspection.url.to_string());
            sdl.map(str::to_owned)
                .ok_or_else(|| "connection refused".to_owned())
        };
        let path = directory.join("supergraph.yaml");
        let result = SupergraphConfig::parse(&path, yaml, &variable).and_then(|config| {
            futures_util::future::FutureExt::now_or_never(read_subgraphs(&config, introspect))
                .expect("nothing here waits")
        });
        let result = result.and_then(|subgraphs| compose(&subgraphs));
        fs::remove_dir_all(&directory).unwrap();
        let prefix = format!("{}/", directory.display());
        result.map_err(|mut errors| {
            for error in &mut errors {
                error.message = error.message.replace(&prefix, "");
                for location in &mut error.locations {
                    location.file = location.file.replace(&prefix, "");
                }
            }
            errors
        })
    }

    fn with_outcome(&self, outcome: &Result<Composition, Vec<Diagnostic>>) -> String {
        let (shows, language, text) = match outcome {
            Ok(composition) if self.shows == SUPERGRAPH => {
                (SUPERGRAPH, "graphql", composition.supergraph.clone())
            }
            Ok(composition) => (PRINTED, "text", printed(&composition.hints)),
            Err(errors) => (PRINTED, "text", printed(errors)),
        };
        format!("{}\n## {shows}\n\n```{language}\n{text}```\n", self.given)
    }
}

fn printed(diagnostics: &[Diagnostic]) -> String {
    let lines: Vec<String> = diagnostics
        .iter()
        .map(|diagnostic| format!("{diagnostic}\n"))
        .collect();
    lines.join("\n")
}
