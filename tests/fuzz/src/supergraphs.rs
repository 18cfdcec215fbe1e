//! Random supergraphs as composition could make them: no field without an owner, no interface whose types lack its
//! fields. Whether all of it can be reached is left to chance; composition would refuse such, a planner must say so.

mod interfaces;
mod sdl;

use crate::choices::Choices;
use std::collections::BTreeMap;

/// Leaves by name: one name means one type everywhere, so that interfaces can have any of them.
const LEAVES: [(&str, &str); 5] = [
    ("f0", "Int"),
    ("f1", "String"),
    ("f2", "[Int]"),
    ("f3", "ID"),
    ("f4(x: Int)", "Int"),
];

/// How a subgraph knows a field.
#[derive(Clone, Default)]
struct Known {
    external: bool,
    requires: Option<String>,
    provides: Option<String>,
    ty: Option<String>,
}

#[derive(Clone, Default)]
struct Field {
    ty: String,
    known: BTreeMap<usize, Known>,
    /// Of an interface object only.
    elsewhere: bool,
}

/// By subgraph: keys and whether they can be resolved.
type Keys = BTreeMap<usize, Vec<(&'static str, bool)>>;

#[derive(Clone, Default)]
struct Object {
    keys: Keys,
    fields: BTreeMap<String, Field>,
    implements: Vec<(usize, String)>,
}

#[derive(Default)]
struct Abstract {
    /// By subgraph: the objects it can return.
    members: BTreeMap<usize, Vec<String>>,
    all: Vec<String>,
    fields: BTreeMap<String, Field>,
    keys: BTreeMap<usize, bool>,
}

#[derive(Default)]
struct Graph {
    subgraphs: usize,
    objects: BTreeMap<String, Object>,
    interfaces: BTreeMap<String, Abstract>,
    unions: BTreeMap<String, Abstract>,
}

/// The SDL of a supergraph.
pub fn supergraph(choices: &mut Choices) -> String {
    let mut graph = Graph {
        subgraphs: 1 + choices.below(5),
        ..Graph::default()
    };
    let all: Vec<usize> = (0..graph.subgraphs).collect();
    for index in 0..1 + choices.below(5) {
        let known = choices.some(&all, 60);
        graph
            .objects
            .insert(format!("E{index}"), entity(choices, &known));
    }
    for index in 0..choices.below(3) {
        let known = choices.some(&all, 60);
        graph
            .objects
            .insert(format!("V{index}"), value(choices, &known));
    }
    for index in 0..choices.below(3) {
        let name = format!("U{index}");
        let union = members(choices, &graph);
        graph.unions.insert(name, union);
    }
    for index in 0..choices.below(3) {
        interfaces::add(choices, &mut graph, &format!("I{index}"));
    }
    composites(choices, &mut graph);
    requirements(choices, &mut graph);
    let query = roots(choices, &graph, ("q", 80));
    let mutation = roots(choices, &graph, ("m", 0));
    graph.objects.insert("Query".to_owned(), query);
    graph.objects.insert("Mutation".to_owned(), mutation);
    sdl::print(&graph)
}

fn owned(ty: &str, owners: &[usize]) -> Field {
    let known = owners.iter().map(|owner| (*owner, Known::default()));
    Field {
        ty: ty.to_owned(),
        known: known.collect(),
        elsewhere: false,
    }
}

fn entity(choices: &mut Choices, known: &[usize]) -> Object {
    let mut object = Object::default();
    for &subgraph in known {
        let kinds = ["id", "id", "k", "id k"];
        let mut keys = Vec::new();
        for _ in 0..1 + choices.below(2) {
            let key = kinds[choices.below(kinds.len())];
            if keys.iter().all(|(other, _)| *other != key) {
                keys.push((key, !choices.chance(15)));
            }
        }
        for name in keys.iter().flat_map(|(key, _)| key.split(' ')) {
            let field = object.fields.entry(name.to_owned()).or_default();
            field.ty = "ID!".to_owned();
            field.known.insert(subgraph, Known::default());
        }
        object.keys.insert(subgraph, keys);
    }
    leaves(choices, &mut object, known);
    object
}

fn value(choices: &mut Choices, known: &[usize]) -> Object {
    let mut object = Object::default();
    for &subgraph in known {
        object.keys.insert(subgraph, Vec::new());
    }
    object.fields.insert("v".to_owned(), owned("Int", known));
    leaves(choices, &mut object, known);
    object
}

fn leaves(choices: &mut Choices, object: &mut Object, known: &[usize]) {
    for (name, ty) in LEAVES {
        if choices.chance(60) {
            let owners = choices.some(known, 35);
            let mut field = owned(ty, &owners);
            for own in field.known.values_mut() {
                if choices.chance(10) {
                    own.ty = Some(format!("{ty}!"));
                }
            }
            object.fields.insert(name.to_owned(), field);
        }
    }
}

/// Some of the objects, each in some of the subgraphs that know it.
fn members(choices: &mut Choices, graph: &Graph) -> Abstract {
    let names: Vec<String> = graph.objects.keys().cloned().collect();
    let mut made = Abstract::default();
    for name in choices.some(&names, 50) {
        let known: Vec<usize> = graph.objects[&name].keys.keys().copied().collect();
        for subgraph in choices.some(&known, 85) {
            made.members.entry(subgraph).or_default().push(name.clone());
        }
        made.all.push(name);
    }
    made
}

/// A type by name, and the subgraphs that know it.
fn named(choices: &mut Choices, graph: &Graph) -> Option<(String, Vec<usize>)> {
    let mut all: Vec<(String, Vec<usize>)> = Vec::new();
    for (name, object) in &graph.objects {
        all.push((name.clone(), object.keys.keys().copied().collect()));
    }
    for (name, made) in graph.unions.iter().chain(&graph.interfaces) {
        let objects = made.keys.iter().filter(|(_, is_object)| **is_object);
        let known = made
            .members
            .keys()
            .chain(objects.map(|(subgraph, _)| subgraph));
        all.push((name.clone(), known.copied().collect()));
    }
    choices.pick(&all).cloned()
}

fn wrapped(choices: &mut Choices, name: &str) -> String {
    match choices.below(5) {
        0 => format!("[{name}]"),
        1 => format!("{name}!"),
        2 => format!("[{name}!]!"),
        _ => name.to_owned(),
    }
}

fn composites(choices: &mut Choices, graph: &mut Graph) {
    let names: Vec<String> = graph.objects.keys().cloned().collect();
    for name in names {
        for index in 0..choices.below(4) {
            let Some((target, there)) = named(choices, graph) else {
                continue;
            };
            let here = &graph.objects[&name].keys;
            let both: Vec<usize> = there.into_iter().filter(|s| here.contains_key(s)).collect();
            if both.is_empty() {
                continue;
            }
            let mut field = owned(&wrapped(choices, &target), &choices.some(&both, 40));
            for (&subgraph, own) in &mut field.known {
                if choices.chance(25)
                    && let Some(object) = graph.objects.get_mut(&target)
                    && target != name
                {
                    own.provides = provide(choices, object, subgraph);
                }
            }
            let field_name = format!("c{index}_{}", name.to_lowercase());
            if let Some(object) = graph.objects.get_mut(&name) {
                object.fields.insert(field_name, field);
            }
        }
    }
}

/// A leaf that a subgraph does not own: external there from now on.
fn provide(choices: &mut Choices, object: &mut Object, subgraph: usize) -> Option<String> {
    let is_there = |name: &str, field: &Field| {
        let known = field.known.get(&subgraph);
        let is_leaf = name.starts_with('f') && !name.contains('(');
        is_leaf && known.is_none_or(|known| known.external)
    };
    let mut leaves: Vec<(&String, &mut Field)> = object.fields.iter_mut().collect();
    leaves.retain(|(name, field)| is_there(name, field));
    let count = leaves.len();
    let (name, field) = leaves.get_mut(choices.below(count.max(1)))?;
    field.known.entry(subgraph).or_default().external = true;
    Some(name.to_string())
}

fn requirements(choices: &mut Choices, graph: &mut Graph) {
    for object in graph
        .objects
        .values_mut()
        .filter(|object| object.keys.values().any(|keys| !keys.is_empty()))
    {
        let names: Vec<String> = object
            .fields
            .keys()
            .filter(|name| name.starts_with('f'))
            .cloned()
            .collect();
        for name in names {
            let owners: Vec<usize> = object.fields[&name]
                .known
                .iter()
                .filter(|(_, known)| !known.external)
                .map(|(s, _)| *s)
                .collect();
            for subgraph in owners {
                if !choices.chance(20) {
                    continue;
                }
                let required =
                    provide(choices, object, subgraph).filter(|required| *required != name);
                if let Some(known) = object
                    .fields
                    .get_mut(&name)
                    .and_then(|field| field.known.get_mut(&subgraph))
                {
                    known.requires = required;
                }
            }
        }
    }
}

fn roots(choices: &mut Choices, graph: &Graph, (letter, shared): (&str, usize)) -> Object {
    let mut object = Object::default();
    for subgraph in 0..graph.subgraphs {
        object.keys.insert(subgraph, Vec::new());
    }
    for index in 0..1 + choices.below(5) {
        let Some((target, there)) = named(choices, graph).filter(|(_, there)| !there.is_empty())
        else {
            continue;
        };
        let percent = if choices.chance(shared) { 60 } else { 0 };
        let owners = choices.some(&there, percent);
        let argument = if choices.chance(30) { "(x: Int)" } else { "" };
        let field = owned(&wrapped(choices, &target), &owners);
        object
            .fields
            .insert(format!("{letter}{index}{argument}"), field);
    }
    let first = owned("Int", &[0]);
    object.fields.insert(letter.to_string(), first);
    object
}
