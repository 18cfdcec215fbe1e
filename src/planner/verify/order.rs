//! Fetches come after those they wait for, wait for no more than they must, and a mutation's fields run one after the
//! other, each once.

use super::Subject;
use crate::operation::OperationKind;
use crate::planner::plan::{FetchKind, OutputValue, PositionId, Read};
use std::collections::HashMap;

/// Which fetches are done when another starts.
pub(super) struct Order {
    /// By fetch, a bit per fetch.
    before: Vec<Vec<u64>>,
}

impl Order {
    /// Whether `earlier` is done when `later` starts.
    pub(super) fn is_before(&self, earlier: usize, later: usize) -> bool {
        let word = self.before[later].get(earlier / 64).copied();
        word.unwrap_or(0) & (1 << (earlier % 64)) != 0
    }
}

/// Checks the order of fetches.
pub(super) fn check(subject: &Subject) -> Result<Order, String> {
    let fetches = &subject.plan.fetches;
    let words = fetches.len().div_ceil(64);
    let mut order = Order { before: Vec::new() };
    for (index, fetch) in fetches.iter().enumerate() {
        let name = subject.fetch(index);
        if fetch.id.0 as usize != index {
            return Err(format!("{name} is called {}", fetch.id.0));
        }
        let mut before = vec![0; words];
        for after in &fetch.after {
            let after = after.0 as usize;
            let known = order.before.get(after);
            let known =
                known.ok_or_else(|| format!("{name} waits for {after}, which comes later"))?;
            for (word, more) in before.iter_mut().zip(known) {
                *word |= more;
            }
        }
        for after in &fetch.after {
            let (word, bit) = (after.0 as usize / 64, 1 << (after.0 % 64));
            if before[word] & bit != 0 {
                let after = after.0;
                return Err(format!(
                    "{name} waits for {after} needlessly: it waits for one that does"
                ));
            }
            before[word] |= bit;
        }
        order.before.push(before);
    }
    operations(subject)?;
    if subject.plan.kind == OperationKind::Mutation {
        mutation(subject, &order)?;
    }
    Ok(order)
}

/// Only the roots of a mutation are mutations.
fn operations(subject: &Subject) -> Result<(), String> {
    let plan = subject.plan;
    if plan.kind != subject.operation.kind {
        return Err(format!(
            "a {} is planned as a {}",
            subject.operation.kind, plan.kind
        ));
    }
    for (index, fetch) in plan.fetches.iter().enumerate() {
        let is_root = matches!(
            fetch.kind,
            FetchKind::Root {
                at: PositionId(0),
                ..
            }
        );
        let kind = if is_root {
            plan.kind
        } else {
            OperationKind::Query
        };
        if fetch.operation != kind {
            let name = subject.fetch(index);
            return Err(format!("{name} is a {}, not a {kind}", fetch.operation));
        }
    }
    Ok(())
}

/// The root fields of a mutation: one fetch each, in order, and what depends on one before the next.
fn mutation(subject: &Subject, order: &Order) -> Result<(), String> {
    let mut fields: Vec<PositionId> = Vec::new();
    for field in &subject.plan.output.fields {
        let position = match &field.value {
            OutputValue::Leaf { position, .. } | OutputValue::Object { position, .. } => *position,
            OutputValue::Typename | OutputValue::Introspection | OutputValue::Denied { .. } => {
                continue;
            }
        };
        fields.push(position);
    }
    fields.dedup();
    let mut reads: HashMap<PositionId, Vec<(usize, usize)>, foldhash::fast::RandomState> =
        HashMap::default();
    for (fetch, read) in root_fetches(subject) {
        for (at, field) in read.fields.iter().enumerate() {
            reads.entry(field.position).or_default().push((fetch, at));
        }
    }
    // By field: its fetch and where it stands there.
    let mut run: Vec<(usize, usize)> = Vec::new();
    for &field in &fields {
        let all = reads.get(&field).map_or(&[][..], Vec::as_slice);
        let &[once] = all else {
            let (path, times) = (subject.path(field), all.len());
            return Err(format!("{path} is run {times} times by a mutation"));
        };
        if let Some(&last) = run.last()
            && !(last.0 == once.0 && last.1 < once.1 || order.is_before(last.0, once.0))
        {
            let (path, before) = (subject.path(field), subject.path(fields[run.len() - 1]));
            let name = subject.fetch(once.0);
            return Err(format!("{name} runs {path} without waiting for {before}"));
        }
        run.push(once);
    }
    dependants(subject, order, &fields, &run)
}

fn root_fetches<'a>(subject: &Subject<'a>) -> Vec<(usize, &'a Read)> {
    let fetches = subject.plan.fetches.iter().enumerate();
    let root = fetches.filter_map(|(index, fetch)| match &fetch.kind {
        FetchKind::Root {
            at: PositionId(0),
            read,
        } => Some((index, read)),
        _ => None,
    });
    root.collect()
}

/// What is fetched for one run of root fields is there before the next one starts.
fn dependants(
    subject: &Subject,
    order: &Order,
    fields: &[PositionId],
    run: &[(usize, usize)],
) -> Result<(), String> {
    for (index, fetch) in subject.plan.fetches.iter().enumerate() {
        let positions: Vec<PositionId> = match &fetch.kind {
            FetchKind::Root { at, .. } => vec![*at],
            FetchKind::Entities(all) => {
                let targets = all.iter().flat_map(|one| &one.targets);
                targets.map(|target| target.position).collect()
            }
        };
        // Positions ascend as the fields they are under do.
        let served = positions.iter().filter_map(|&position| {
            let field = top(subject, position)?;
            fields.binary_search(&field).ok()
        });
        let Some(last) = served.max() else { continue };
        let own = run[last].0;
        let next = run[last..].iter().find(|(root, _)| *root != own);
        if let Some(&(next, _)) = next
            && !order.is_before(index, next)
        {
            let (name, next) = (subject.fetch(index), subject.fetch(next));
            return Err(format!(
                "{next} does not wait for {name}, which serves a mutation before it"
            ));
        }
    }
    Ok(())
}

/// The root field that a position is under.
fn top(subject: &Subject, position: PositionId) -> Option<PositionId> {
    let mut at = position;
    loop {
        match subject.plan.positions[at.0 as usize].parent? {
            PositionId(0) => return Some(at),
            parent => at = parent,
        }
    }
}
