//! Budgets that only tighten.
//!
//! `ratchet.txt` lists what was over a budget before, a line each: the subject, and how much it may have. A number there
//! may only go down, and a line leaves when its subject fits.

use super::source::Breach;
use std::collections::{BTreeMap, BTreeSet};

/// Where the list stands.
pub(super) const FILE: &str = "tests/tidy/ratchet.txt";

/// What is over its budget, by subject.
#[derive(Default)]
pub(super) struct Over(BTreeMap<String, Measure>);

struct Measure {
    /// The rule and the place.
    breach: Breach,
    found: usize,
    budget: usize,
}

impl Over {
    /// Notes a subject that has more than its budget. Of subjects with one name, the largest counts.
    pub(super) fn note(&mut self, subject: String, breach: Breach, found: usize, budget: usize) {
        let most = self.0.get(&subject).map_or(budget, |measure| measure.found);
        if found > most {
            self.0.insert(
                subject,
                Measure {
                    breach,
                    found,
                    budget,
                },
            );
        }
    }

    pub(super) fn extend(&mut self, other: Over) {
        self.0.extend(other.0);
    }
}

/// Everything over budget that the list does not have, and every line of the list that does not hold.
pub(super) fn turn(over: &Over, list: &str) -> Vec<Breach> {
    let mut breaches = Vec::new();
    let mut listed = BTreeSet::new();
    for (number, line) in list
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
    {
        let mut stale = |says: String| {
            breaches.push(Breach {
                path: FILE.to_owned(),
                line: number + 1,
                rule: "ratchet",
                says,
            });
        };
        let Some((subject, Ok(allowed))) = line
            .rsplit_once(' ')
            .map(|(subject, count)| (subject, count.parse()))
        else {
            stale(format!("not `SUBJECT NUMBER`: {line}"));
            continue;
        };
        listed.insert(subject);
        match over.0.get(subject) {
            None => stale(format!("remove `{line}`: it fits, or it is gone")),
            Some(measure) if measure.found < allowed => {
                stale(format!("lower to `{subject} {}`", measure.found))
            }
            Some(measure) if measure.found > allowed => {
                breaches.push(told(
                    measure,
                    format!("grew from {allowed} to {}: {subject}", measure.found),
                ));
            }
            Some(_) => {}
        }
    }
    for (subject, measure) in over
        .0
        .iter()
        .filter(|(subject, _)| !listed.contains(subject.as_str()))
    {
        let (found, budget, says) = (measure.found, measure.budget, &measure.breach.says);
        let says = format!(
            "{says}over the budget of {budget}; the ratchet's line would be: {subject} {found}"
        );
        breaches.push(told(measure, says));
    }
    breaches
}

fn told(measure: &Measure, says: String) -> Breach {
    let Breach {
        path, line, rule, ..
    } = &measure.breach;
    Breach {
        path: path.clone(),
        line: *line,
        rule,
        says,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratchet_turns_one_way() {
        let breach = || Breach {
            path: "src/a.rs".to_owned(),
            line: 3,
            rule: "file",
            says: String::new(),
        };
        let mut over = Over::default();
        over.note("file src/b.rs".to_owned(), breach(), 9, 10);
        over.note("file src/a.rs".to_owned(), breach(), 11, 10);
        over.note("file src/a.rs".to_owned(), breach(), 12, 10);
        let told = |list| {
            turn(&over, list)
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
        };
        assert!(told("# a comment\n\nfile src/a.rs 12\n").is_empty());
        assert_eq!(
            told("file src/a.rs 11"),
            ["src/a.rs:3: [file] grew from 11 to 12: file src/a.rs"]
        );
        assert_eq!(
            told("file src/a.rs 13\nfile src/b.rs 11\nodd"),
            [
                "tests/tidy/ratchet.txt:1: [ratchet] lower to `file src/a.rs 12`",
                "tests/tidy/ratchet.txt:2: [ratchet] remove `file src/b.rs 11`: it fits, or it is gone",
                "tests/tidy/ratchet.txt:3: [ratchet] not `SUBJECT NUMBER`: odd",
            ]
        );
        assert_eq!(
            told(""),
            [
                "src/a.rs:3: [file] over the budget of 10; the ratchet's line would be: file src/a.rs 12"
            ]
        );
    }
}
