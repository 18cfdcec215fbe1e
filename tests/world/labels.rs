//! Labels of `@override`: every choice between them makes a supergraph that has none.

use std::collections::BTreeSet;

use apollo_compiler::ast::{Argument, Definition, Directive, Document, Value};
use apollo_compiler::{Node, name};

const LABEL: &str = "overrideLabel";

/// How many labels are chosen one by one; of more, several are on together.
const FREE: usize = 3;

/// The labels that are on, in each of the choices to try. Without labels there is one choice.
pub fn choices(sdl: &str) -> Vec<Vec<String>> {
    let mut labels = BTreeSet::new();
    each_owner(&mut parse(sdl), &mut |owner| labels.extend(label(owner)));
    let choice = |bits: usize| {
        let labels = labels.iter().enumerate();
        let on = labels.filter(|(index, _)| bits >> (index % FREE) & 1 == 1);
        on.map(|(_, label)| label.clone()).collect()
    };
    (0..1 << labels.len().min(FREE)).map(choice).collect()
}

/// The supergraph in which fields have the owners that they have while these labels are on.
pub fn settled(sdl: &str, on: &[String]) -> String {
    let mut document = parse(sdl);
    each_owner(&mut document, &mut |owner| {
        let Some(label) = label(owner) else { return };
        let is_new = owner.specified_argument_by_name("override").is_some();
        let settled = [LABEL, "usedOverridden"];
        owner
            .arguments
            .retain(|argument| !settled.contains(&argument.name.as_str()));
        if on.contains(&label) != is_new {
            owner.arguments.push(Node::new(Argument {
                name: name!("usedOverridden"),
                value: Node::new(Value::Boolean(true)),
            }));
        }
    });
    document.to_string()
}

fn parse(sdl: &str) -> Document {
    Document::parse(sdl, "supergraph.graphql").unwrap_or_else(|error| panic!("{error}"))
}

/// Calls `visit` for every directive of a field.
fn each_owner(document: &mut Document, visit: &mut dyn FnMut(&mut Directive)) {
    for definition in &mut document.definitions {
        let fields = match definition {
            Definition::ObjectTypeDefinition(ty) => &mut ty.make_mut().fields,
            Definition::InterfaceTypeDefinition(ty) => &mut ty.make_mut().fields,
            _ => continue,
        };
        for field in fields {
            for directive in &mut field.make_mut().directives {
                visit(directive.make_mut());
            }
        }
    }
}

fn label(owner: &Directive) -> Option<String> {
    let label = owner.specified_argument_by_name(LABEL)?.as_str()?;
    Some(label.to_owned())
}
