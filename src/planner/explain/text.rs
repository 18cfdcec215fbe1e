//! An explanation as people read it: a block for each fetch, a line for each reason.

use super::explanation::{
    Alternative, Change, Entered, Explanation, FetchReasons, Need, Passed, Purpose, Required, Size,
};
use super::trials::rank;
use std::fmt;

/// How many names one line lists; JSON has them all.
const LISTED_MAX: usize = 12;

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "cost: {}", self.plan)?;
        for fetch in &self.fetches {
            writeln!(f)?;
            self.fetch(f, fetch)?;
        }
        if self.is_cut {
            writeln!(
                f,
                "\nnot everything was compared: the plan is too large for it"
            )?;
        }
        Ok(())
    }
}

impl Explanation {
    fn fetch(&self, f: &mut fmt::Formatter<'_>, fetch: &FetchReasons) -> fmt::Result {
        let (id, stage) = (fetch.fetch.0, fetch.stage);
        writeln!(f, "fetch {id} from {}, stage {stage}", fetch.subgraph)?;
        if fetch.answers.is_empty() {
            line(f, "answers", "nothing that the client asked for")?;
        } else {
            line(f, "answers", &list(&fetch.answers))?;
        }
        let brings = fetch.brings.iter();
        lines(f, "brings", brings.map(passed))?;
        let alike = |a: &Entered, b: &Entered| (&a.key, &a.requires) == (&b.key, &b.requires);
        lines(f, "enters", fetch.entered.chunk_by(alike).map(entered))?;
        lines(f, "waits for", fetch.waits_for.iter().map(passed))?;
        let provided = fetch.provided.iter().map(|provided| {
            let without = match &provided.without {
                Some(size) => self.against(size),
                None => "no plan".to_owned(),
            };
            let (fields, by) = (list(&provided.fields), &provided.by);
            format!("{fields} by @provides of {by}; without it: {without}")
        });
        lines(f, "provided", provided)?;
        if !fetch.only_here.is_empty() {
            line(f, "only here", &list(&fetch.only_here))?;
        }
        let others = fetch.alternatives.iter().map(|other| self.other(other));
        lines(f, "or else", others)?;
        if let Some(saving) = &fetch.saved_if {
            let changes: Vec<String> = saving.changes.iter().map(change).collect();
            let (changes, size) = (changes.join(", and "), self.against(&saving.plan));
            line(f, "saved if", &format!("{changes}: {size}"))?;
        }
        Ok(())
    }

    fn other(&self, other: &Alternative) -> String {
        let missed = match rank(&other.plan) < rank(&self.plan) {
            true => " (cheaper, but not found: fields are settled one after the other)",
            false => "",
        };
        let (fields, size) = (list(&other.fields), self.against(&other.plan));
        format!("{} answers {fields}: {size}{missed}", other.subgraph)
    }

    /// What something costs, compared with the plan.
    fn against(&self, size: &Size) -> String {
        let parts = [
            (size.requests, self.plan.requests, "request"),
            (size.stages, self.plan.stages, "stage"),
            (size.fields, self.plan.fields, "field"),
        ];
        let differences = parts.into_iter().filter_map(|(then, now, what)| {
            let sign = if then > now { "+" } else { "-" };
            (then != now).then(|| format!("{sign}{}", counted(then.abs_diff(now), what)))
        });
        let differences: Vec<String> = differences.collect();
        match differences.is_empty() {
            true => "the same cost".to_owned(),
            false => differences.join(", "),
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} in {}, {}",
            counted(self.requests, "request"),
            counted(self.stages, "stage"),
            counted(self.fields, "field")
        )
    }
}

fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

/// A line, or several under one label.
fn lines(
    f: &mut fmt::Formatter<'_>,
    label: &str,
    texts: impl Iterator<Item = String>,
) -> fmt::Result {
    for (index, text) in texts.enumerate() {
        line(f, if index == 0 { label } else { "" }, &text)?;
    }
    Ok(())
}

fn line(f: &mut fmt::Formatter<'_>, label: &str, text: &str) -> fmt::Result {
    writeln!(f, "  {label:<9}  {text}")
}

/// Names after one another, the first of many. What follows the same path is written behind it once.
fn list(names: &[String]) -> String {
    let listed = &names[..names.len().min(LISTED_MAX)];
    let alike = listed.chunk_by(|a, b| split(a).0 == split(b).0);
    let written = alike.map(|names| match names {
        [only] => only.clone(),
        several => {
            let last: Vec<&str> = several.iter().map(|name| split(name).1).collect();
            format!("{}{{{}}}", split(&several[0]).0, last.join(", "))
        }
    });
    let written = written.collect::<Vec<_>>().join(", ");
    match names.len() - listed.len() {
        0 => written,
        more => format!("{written} and {more} more"),
    }
}

/// A path up to its last name with the dot, and the rest. Types in parentheses belong to the rest.
fn split(path: &str) -> (&str, &str) {
    let names = path.find(" (").map_or(path, |at| &path[..at]);
    path.split_at(names.rfind('.').map_or(0, |dot| dot + 1))
}

fn passed(passed: &Passed) -> String {
    let fetch = passed.fetch.0;
    let mut parts = Vec::new();
    for needs in passed.needs.chunk_by(|a, b| a.purpose == b.purpose) {
        parts.push(needed(needs));
    }
    match parts.is_empty() {
        true => format!("fetch {fetch}: the fields of a mutation run in order"),
        false => format!("fetch {fetch}: {}", parts.join("; ")),
    }
}

/// What is needed for one purpose.
fn needed(needs: &[Need]) -> String {
    let paths: Vec<String> = needs.iter().map(|need| need.path.clone()).collect();
    let purpose = match needs.first().map(|need| need.purpose) {
        Some(Purpose::Key) => "key",
        Some(Purpose::Requires) => "@requires",
        Some(Purpose::Context) => "@context",
        Some(Purpose::Type) => "type",
        Some(Purpose::Existence) | None => "existence of",
    };
    format!("{purpose} {}", list(&paths))
}

/// Places that are entered in one way.
fn entered(places: &[Entered]) -> String {
    let place = |entered: &Entered| match (entered.at.as_str(), entered.types.is_empty()) {
        ("", _) => "the root".to_owned(),
        (at, true) => at.to_owned(),
        (at, false) => format!("{at} ({})", list(&entered.types)),
    };
    let mut out = list(&places.iter().map(place).collect::<Vec<_>>());
    let Some(Entered { key, requires, .. }) = places.first() else {
        return out;
    };
    if let Some(key) = key {
        out.push_str(&format!(" by key `{key}`"));
    }
    for Required { field, requires } in requires {
        out.push_str(&format!(", with `{requires}` for {field}"));
    }
    out
}

fn change(change: &Change) -> String {
    match change {
        Change::Resolve { subgraph, fields } => {
            format!("{subgraph} resolved or provided {}", list(fields))
        }
        Change::RequireNothing { fields } => format!("{} had no @requires", list(fields)),
    }
}
