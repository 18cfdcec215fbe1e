//! Each document is valid where it is sent, and declares the variables it is given.

use super::Subject;
use crate::planner::plan::{Fetch, FetchKind, Plan};
use apollo_compiler::{ExecutableDocument, validation::Valid};

/// Levels of selection sets up to which documents are looked into. The parser here follows some more; keys and `@requires`
/// of a hostile supergraph can be nested deeper.
const LEVELS_MAX: usize = 100;

/// Whether no document is nested too deep for the parser here.
pub(super) fn can_be_parsed(plan: &Plan) -> bool {
    let levels = |fetch: &Fetch| {
        let (mut level, mut most) = (0usize, 0);
        for byte in fetch.document.bytes() {
            match byte {
                b'{' => level += 1,
                b'}' => level = level.saturating_sub(1),
                _ => {}
            }
            most = most.max(level);
        }
        most
    };
    plan.fetches.iter().all(|fetch| levels(fetch) <= LEVELS_MAX)
}

/// Parses every document against its subgraph's schema.
pub(super) fn check(subject: &Subject) -> Result<Vec<Valid<ExecutableDocument>>, String> {
    let fetches = subject.plan.fetches.iter().enumerate();
    let check = |(index, fetch): (usize, &Fetch)| {
        let name = subject.fetch(index);
        let schema = subject.supergraph.served_by(fetch.subgraph);
        let document = ExecutableDocument::parse_and_validate(schema, &*fetch.document, &name)
            .map_err(|invalid| format!("{name} is not valid there:\n{}", invalid.errors))?;
        variables(subject, fetch, &document).map_err(|wrong| format!("{name} {wrong}"))?;
        Ok(document)
    };
    fetches.map(check).collect()
}

fn variables(
    subject: &Subject,
    fetch: &Fetch,
    document: &ExecutableDocument,
) -> Result<(), String> {
    let Ok(operation) = document.operations.get(None) else {
        return Err("has more than one operation".to_owned());
    };
    if fetch.operation != operation.operation_type.into() {
        return Err(format!("does not send a {}", fetch.operation));
    }
    let representations = match &fetch.kind {
        FetchKind::Root { .. } => &[][..],
        FetchKind::Entities(all) => all,
    };
    let mut given: Vec<&str> = fetch.variables.iter().map(|name| name.as_str()).collect();
    let client = &subject.operation.variables;
    if let Some(unknown) = given
        .iter()
        .find(|given| !client.iter().any(|variable| variable.name == **given))
    {
        return Err(format!("is given ${unknown}, which the client has not"));
    }
    for one in representations {
        given.push(&one.variable);
        given.extend(one.contexts.iter().map(|context| context.name.as_str()));
    }
    for name in &given {
        let is_declared = |name: &&str| {
            let declared = operation.variables.iter();
            declared.filter(|one| one.name == **name).count() == 1
        };
        let times = given.iter().filter(|other| *other == name).count();
        if times > 1 || !is_declared(name) {
            return Err(format!("is given ${name} but does not declare it once"));
        }
    }
    for variable in &operation.variables {
        let name = variable.name.as_str();
        if !given.contains(&name) {
            return Err(format!("declares ${name}, which it is not given"));
        }
    }
    Ok(())
}
