//! Markdown pages whose fenced blocks are the test.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A page.
pub struct Page {
    pub path: PathBuf,
    parts: Vec<Part>,
}

enum Part {
    Prose(String),
    Block(Block),
}

/// A fenced block: what stands behind its fence, and its text.
#[derive(Clone, Debug)]
pub struct Block {
    /// Without the language: ```` ```http subgraph users ```` is `subgraph users`.
    pub kind: String,
    language: String,
    pub text: String,
}

impl Page {
    /// Reads a page.
    pub fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let mut parts = Vec::new();
        let mut open: Option<Block> = None;
        for line in text.lines() {
            match (&mut open, line.strip_prefix("```")) {
                (None, Some(info)) => {
                    let (language, kind) = info.split_once(' ').unwrap_or((info, ""));
                    open = Some(Block {
                        kind: kind.trim().to_owned(),
                        language: language.to_owned(),
                        text: String::new(),
                    });
                }
                (Some(_), Some(_)) => parts.extend(open.take().map(Part::Block)),
                (Some(block), None) => {
                    block.text.push_str(line);
                    block.text.push('\n');
                }
                (None, None) => parts.push(Part::Prose(line.to_owned())),
            }
        }
        assert!(open.is_none(), "{}: a block has no end", path.display());
        Self {
            path: path.to_owned(),
            parts,
        }
    }

    /// The blocks, in order.
    pub fn blocks(&self) -> Vec<Block> {
        let blocks = self.parts.iter().filter_map(|part| match part {
            Part::Block(block) => Some(block.clone()),
            Part::Prose(_) => None,
        });
        blocks.collect()
    }

    /// Writes the page anew with these texts in its blocks.
    pub fn write(&self, texts: &[String]) {
        let mut texts = texts.iter();
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Prose(line) => out.push_str(&format!("{line}\n")),
                Part::Block(block) => {
                    let info = format!("{} {}", block.language, block.kind);
                    let text = texts.next().unwrap();
                    out.push_str(&format!("```{}\n{text}```\n", info.trim()));
                }
            }
        }
        fs::write(&self.path, out).unwrap();
    }
}
