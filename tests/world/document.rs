//! A client operation in a form that can be grown, made smaller and printed.

use std::fmt::{self, Write};

use apollo_compiler::Name;
use serde_json::{Map, Value};

/// One operation with its fragments and variable values.
#[derive(Debug, Clone)]
pub struct Document {
    /// `query` or `mutation`.
    pub kind: &'static str,
    pub variables: Vec<Variable>,
    pub selections: Vec<Selection>,
    pub fragments: Vec<Fragment>,
}

#[derive(Debug, Clone)]
pub struct Variable {
    pub name: String,
    /// Type and default, as declared.
    pub declaration: String,
    /// Absent when the request does not give it.
    pub value: Option<Value>,
}

#[derive(Debug, Clone)]
pub struct Fragment {
    pub name: String,
    pub on: Name,
    pub selections: Vec<Selection>,
}

#[derive(Debug, Clone)]
pub struct Selection {
    pub what: What,
    /// `@skip` and `@include`, as written.
    pub conditions: Vec<String>,
    /// Whether it must have selections of its own.
    pub is_composite: bool,
    pub selections: Vec<Selection>,
}

#[derive(Debug, Clone)]
pub enum What {
    /// Alias (or empty), name, and arguments as written.
    Field(String, String, Vec<String>),
    Inline(Option<Name>),
    Spread(String),
}

impl Selection {
    pub fn leaf(name: &str) -> Self {
        Selection {
            what: What::Field(String::new(), name.to_owned(), Vec::new()),
            conditions: Vec::new(),
            is_composite: false,
            selections: Vec::new(),
        }
    }
}

impl Document {
    /// The `variables` of the request.
    pub fn values(&self) -> Value {
        let mut values = Map::new();
        for variable in &self.variables {
            if let Some(value) = &variable.value {
                values.insert(variable.name.clone(), value.clone());
            }
        }
        Value::Object(values)
    }

    /// Takes out what nothing uses any more, and gives emptied selection sets a `__typename`.
    pub fn tidy(&mut self) {
        fill(&mut self.selections);
        for fragment in &mut self.fragments {
            fill(&mut fragment.selections);
        }
        loop {
            let text = self.to_string();
            let before = self.fragments.len();
            self.fragments.retain(|f| is_used(&text, "...", &f.name));
            if before == self.fragments.len() {
                break;
            }
        }
        let mut body = self.clone();
        body.variables.clear();
        let text = body.to_string();
        self.variables.retain(|v| is_used(&text, "$", &v.name));
    }
}

fn fill(selections: &mut Vec<Selection>) {
    if selections.is_empty() {
        selections.push(Selection::leaf("__typename"));
    }
    for selection in selections {
        if selection.is_composite {
            fill(&mut selection.selections);
        }
    }
}

fn is_used(text: &str, mark: &str, name: &str) -> bool {
    let wanted = format!("{mark}{name}");
    text.match_indices(&wanted).any(|(at, _)| {
        let rest = &text[at + wanted.len()..];
        !rest.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_')
    })
}

impl fmt::Display for Document {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.kind)?;
        if !self.variables.is_empty() {
            let declared = self.variables.iter();
            let declared: Vec<_> = declared
                .map(|variable| format!("${}: {}", variable.name, variable.declaration))
                .collect();
            write!(out, " ({})", declared.join(", "))?;
        }
        print(out, &self.selections, 0)?;
        for fragment in &self.fragments {
            write!(out, "fragment {} on {}", fragment.name, fragment.on)?;
            print(out, &fragment.selections, 0)?;
        }
        Ok(())
    }
}

fn print(out: &mut impl Write, selections: &[Selection], depth: usize) -> fmt::Result {
    let indent = "  ".repeat(depth);
    writeln!(out, " {{")?;
    for selection in selections {
        write!(out, "{indent}  ")?;
        match &selection.what {
            What::Field(alias, name, arguments) => {
                if !alias.is_empty() {
                    write!(out, "{alias}: ")?;
                }
                write!(out, "{name}")?;
                if !arguments.is_empty() {
                    write!(out, "({})", arguments.join(", "))?;
                }
            }
            What::Inline(None) => write!(out, "...")?,
            What::Inline(Some(on)) => write!(out, "... on {on}")?,
            What::Spread(name) => write!(out, "...{name}")?,
        }
        for condition in &selection.conditions {
            write!(out, " {condition}")?;
        }
        if selection.selections.is_empty() {
            writeln!(out)?;
        } else {
            print(out, &selection.selections, depth + 1)?;
        }
    }
    writeln!(out, "{indent}}}")
}
