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
        lines(f, "enters", fetch.entered.iter().map(entered))?;
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

/// Names after one another, the first of many.
fn list(names: &[String]) -> String {
    match names.len().checked_sub(LISTED_MAX) {
        None | Some(0) => names.join(", "),
        Some(more) => format!("{} and {more} more", names[..LISTED_MAX].join(", ")),
    }
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
        Some(Purpose::Type) => "type",
        Some(Purpose::Existence) | None => "existence of",
    };
    format!("{purpose} {}", list(&paths))
}

fn entered(entered: &Entered) -> String {
    let mut out = match entered.at.is_empty() {
        true => "the root".to_owned(),
        false => entered.at.clone(),
    };
    if !entered.types.is_empty() {
        out.push_str(&format!(" ({})", list(&entered.types)));
    }
    if let Some(key) = &entered.key {
        out.push_str(&format!(" by key `{key}`"));
    }
    for Required { field, requires } in &entered.requires {
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
