//! How a [`Diagnostic`] looks in a terminal: one headline, then each source line with a caret under the piece at fault.
//!
//! SDL may come from a remote service, so control characters in it never reach the terminal.

use std::fmt::{self, Display, Formatter};

use super::diagnostic::{Diagnostic, Location, Severity};

/// Whether a rendering may use ANSI colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Plain,
    Ansi,
}

/// The longest excerpt of one source line, in characters: SDL from introspection may be a single line of many kilobytes.
const EXCERPT_CHARACTERS: usize = 160;

impl Diagnostic {
    /// The printable form. Ends without a newline.
    pub fn render(&self, style: Style) -> impl Display + '_ {
        Rendered {
            diagnostic: self,
            style,
        }
    }
}

impl Display for Diagnostic {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.render(Style::Plain).fmt(f)
    }
}

struct Rendered<'a> {
    diagnostic: &'a Diagnostic,
    style: Style,
}

impl Display for Rendered<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let diagnostic = self.diagnostic;
        let (label, colour) = match diagnostic.severity {
            Severity::Error => ("error", "31"),
            Severity::Warning => ("warning", "33"),
            Severity::Info => ("info", "36"),
            Severity::Debug => ("debug", "90"),
        };
        let headline = format!("{label}[{}]", diagnostic.code);
        write!(f, "{}: ", self.paint(colour, &headline))?;
        if let Some(subgraph) = &diagnostic.subgraph {
            write!(f, "[{}] ", printable(subgraph))?;
        }
        f.write_str(&printable(diagnostic.message.trim_end()))?;
        for location in &diagnostic.locations {
            self.location(f, location, colour)?;
        }
        if diagnostic.locations.is_empty()
            && let Some(coordinate) = &diagnostic.coordinate
        {
            write!(
                f,
                "\n  {} at {}",
                self.paint("34", "="),
                printable(coordinate)
            )?;
        }
        if let Some(help) = &diagnostic.help {
            write!(f, "\n  {} help: {}", self.paint("34", "="), printable(help))?;
        }
        Ok(())
    }
}

impl Rendered<'_> {
    fn location(&self, f: &mut Formatter<'_>, at: &Location, colour: &str) -> fmt::Result {
        let arrow = self.paint("34", "-->");
        write!(
            f,
            "\n  {arrow} {}:{}:{}",
            printable(&at.file),
            at.line,
            at.column
        )?;
        // The headline already names the subgraph when there is only one to name.
        if let Some(subgraph) = &at.subgraph
            && self.diagnostic.subgraph.as_ref() != Some(subgraph)
        {
            write!(f, " ({})", printable(subgraph))?;
        }
        let Excerpt {
            line,
            indent,
            carets,
        } = excerpt(at);
        if line.is_empty() {
            return Ok(());
        }
        let number = at.line.to_string();
        let gutter = " ".repeat(number.len());
        let bar = self.paint("34", "|");
        write!(f, "\n{gutter} {bar}")?;
        write!(f, "\n{} {bar} {line}", self.paint("34", &number))?;
        write!(
            f,
            "\n{gutter} {bar} {indent}{}",
            self.paint(colour, &carets)
        )
    }

    fn paint(&self, colour: &str, text: &str) -> String {
        match self.style {
            Style::Plain => text.to_owned(),
            Style::Ansi => format!("\x1b[1;{colour}m{text}\x1b[0m"),
        }
    }
}

/// A source line cut to size, and what stands under it.
struct Excerpt {
    line: String,
    indent: String,
    carets: String,
}

fn excerpt(at: &Location) -> Excerpt {
    let characters: Vec<char> = at.source_line.trim_end().chars().collect();
    let start = at.column.saturating_sub(1).min(characters.len());
    let end = at
        .end_column
        .saturating_sub(1)
        .clamp(start, characters.len());
    // A third of the room stays for what comes before the piece at fault.
    let from = if characters.len() > EXCERPT_CHARACTERS {
        start.saturating_sub(EXCERPT_CHARACTERS / 3)
    } else {
        0
    };
    let to = characters.len().min(from + EXCERPT_CHARACTERS);
    let cut: String = characters[from..to].iter().collect();
    // Tabs are kept under tabs, so that the caret lines up whatever their width.
    let indent = characters[from..start]
        .iter()
        .map(|c| if *c == '\t' { '\t' } else { ' ' })
        .collect();
    Excerpt {
        line: printable(&cut),
        indent,
        carets: "^".repeat((end.min(to) - start).max(1)),
    }
}

fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => c,
            c if c.is_control() => char::REPLACEMENT_CHARACTER,
            c => c,
        })
        .collect()
}
