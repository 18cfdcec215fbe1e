//! What facts are about, and how that is said.

use crate::planner::graph::{Fact, FactId, Graph, NodeId};
use crate::schema::{FieldInSubgraph, Supergraph, TypeSet};

/// What is known by a fact. The root's and entries' states are no such thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Known {
    /// A leaf, for a class of its parent's types.
    Value,
    /// The runtime type of a class.
    Type,
    /// Objects, of every class.
    Objects,
}

/// A fact's position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Subject {
    pub(super) node: NodeId,
    pub(super) known: Known,
    pub(super) class: usize,
}

/// What a fact is about.
pub(super) fn subject(graph: &Graph, fact: FactId) -> Option<Subject> {
    let position = || {
        // It is established by states of its position only.
        let step = graph.facts.made_by(fact).first()?;
        let input = graph.facts.inputs(*step).first()?;
        Some(graph.facts.state(*input)?.position)
    };
    Some(match &graph.facts.facts[fact.index()] {
        Fact::Value { node, class } => Subject {
            node: *node,
            known: Known::Value,
            class: *class,
        },
        Fact::Typename => {
            let node = position()?;
            let classes = &graph.typenames[node.index()];
            Subject {
                node,
                known: Known::Type,
                class: classes.iter().position(|of| *of == fact)?,
            }
        }
        Fact::Exists => Subject {
            node: position()?,
            known: Known::Objects,
            class: 0,
        },
        Fact::State(state) if state.class.is_none() => Subject {
            node: state.position,
            known: Known::Objects,
            class: 0,
        },
        Fact::State(_) => return None,
    })
}

/// Subjects as paths: what differs in the types it is for only is one.
pub(super) fn paths(
    supergraph: &Supergraph,
    graph: &Graph,
    subjects: impl IntoIterator<Item = Subject>,
) -> Vec<String> {
    let mut all: Vec<(NodeId, Known, TypeSet)> = Vec::new();
    for Subject { node, known, class } in subjects {
        let classes = classes_around(graph, node, known);
        let types = classes.get(class).cloned().unwrap_or_default();
        let mut same = all.iter_mut();
        match same.find(|one| one.1 == known && is_one_path(graph, one.0, node)) {
            Some((.., of)) => of.unite(&types),
            None => all.push((node, known, types)),
        }
    }
    // Of objects, what is in them says more.
    let holds = |above: NodeId, node: NodeId| above != node && is_within(graph, node, above);
    let says_more = |(node, known, _): &(NodeId, Known, TypeSet)| {
        *known == Known::Objects
            && all.iter().any(|(other, what, _)| {
                holds(*node, *other) || (other == node && *what == Known::Type)
            })
    };
    let said = all.iter().filter(|one| !says_more(one));
    let mut paths: Vec<String> = Vec::new();
    for (node, known, types) in said {
        let path = path(supergraph, graph, (*node, *known, types));
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    paths
}

/// Whether nodes of the same objects are written alike.
fn is_one_path(graph: &Graph, a: NodeId, b: NodeId) -> bool {
    let (one, other) = (graph.tree.node(a), graph.tree.node(b));
    a == b || (one.parent, one.key, one.name) == (other.parent, other.key, other.name)
}

fn path(
    supergraph: &Supergraph,
    graph: &Graph,
    (node, known, types): (NodeId, Known, &TypeSet),
) -> String {
    let mut path = graph.tree.path(node);
    let possible = match known {
        Known::Objects => return path,
        Known::Value => {
            let parent = graph.tree.node(node).parent.unwrap_or(NodeId::ROOT);
            &graph.tree.node(parent).possible
        }
        Known::Type => {
            path.push_str(".__typename");
            &graph.tree.node(node).possible
        }
    };
    if !possible.is_subset(types) {
        path.push_str(&format!(" ({})", names(supergraph, types).join(", ")));
    }
    path
}

/// The names of types.
pub(super) fn names(supergraph: &Supergraph, types: &TypeSet) -> Vec<String> {
    let names = types.iter().map(|ty| supergraph.type_name(ty).to_string());
    names.collect()
}

fn classes_around<'g>(graph: &'g Graph, node: NodeId, known: Known) -> &'g [TypeSet] {
    let node = graph.tree.node(node);
    match (known, node.parent) {
        (Known::Value, Some(parent)) => &graph.tree.node(parent).classes,
        (Known::Type, _) => &node.classes,
        _ => &[],
    }
}

/// Whether `node` is `above` or somewhere below it.
pub(super) fn is_within(graph: &Graph, node: NodeId, above: NodeId) -> bool {
    let mut at = Some(node);
    while let Some(node) = at {
        if node == above {
            return true;
        }
        at = graph.tree.node(node).parent;
    }
    false
}

/// `Type.field` for the types of a subject, which is a value or objects.
pub(super) fn coordinates(supergraph: &Supergraph, graph: &Graph, subject: Subject) -> Vec<String> {
    let node = graph.tree.node(subject.node);
    let parent = node.parent.unwrap_or(NodeId::ROOT);
    let parts = node.parts.iter().filter(|part| match subject.known {
        Known::Value => part.class == subject.class,
        _ => true,
    });
    let types = parts.flat_map(|part| graph.tree.node(parent).classes[part.class].iter());
    types
        .map(|ty| format!("{}.{}", supergraph.type_name(ty), node.name))
        .collect()
}

/// How the subgraph of the state `from` knows the field that a subject is.
pub(super) fn field_in<'a>(
    supergraph: &'a Supergraph,
    graph: &Graph,
    (from, subject): (FactId, Subject),
) -> Option<&'a FieldInSubgraph> {
    let state = graph.facts.state(from)?;
    let node = graph.tree.node(subject.node);
    let mut parts = node.parts.iter();
    let part = parts.find(|part| subject.known != Known::Value || part.class == subject.class)?;
    let field = match state.opaque && state.declared != part.object {
        true => supergraph.field_of(state.declared, node.name)?,
        false => part.field,
    };
    supergraph.field(field).in_subgraph(state.subgraph)
}
