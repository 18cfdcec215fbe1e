//! The join spec's elements under their local names, and the subgraphs they list.

use super::{Error, SubgraphId, link::Links, model::Subgraph};
use apollo_compiler::{Name, Schema, ast};
use std::collections::HashMap;

/// The local names of the join spec's elements, and its graphs.
pub(super) struct Join {
    pub(super) subgraphs: Vec<Subgraph>,
    /// `join__Graph` values → subgraphs.
    pub(super) graphs: HashMap<Name, SubgraphId>,
    pub(super) ty: String,
    pub(super) owner: Option<String>,
    pub(super) field: String,
    pub(super) implements: String,
    pub(super) member: String,
}

impl Join {
    pub(super) fn read(schema: &Schema, links: &Links) -> Result<Self, Error> {
        let directive = |element: &str| {
            links
                .directive("join", element)
                .unwrap_or_else(|| format!("join__{element}"))
        };
        let enum_name = links
            .type_name("join", "Graph")
            .unwrap_or_else(|| "join__Graph".to_owned());
        let values = schema
            .get_enum(&enum_name)
            .ok_or_else(|| Error::at(&enum_name, "the enum that lists the subgraphs is missing"))?;
        let marker = directive("graph");
        let (mut subgraphs, mut graphs) = (Vec::new(), HashMap::new());
        for (value, definition) in &values.values {
            let graph = definition.directives.get(&marker).ok_or_else(|| {
                Error::at(
                    format!("{enum_name}.{value}"),
                    format!("it has no @{marker}(name:, url:)"),
                )
            })?;
            let text = |name: &str| string(graph, name).unwrap_or_default();
            let id = u16::try_from(subgraphs.len())
                .map_err(|_| Error::at(&enum_name, "too many subgraphs"))?;
            graphs.insert(value.clone(), SubgraphId(id));
            subgraphs.push(Subgraph {
                name: text("name"),
                url: text("url"),
            });
        }
        Ok(Self {
            subgraphs,
            graphs,
            ty: directive("type"),
            owner: schema
                .directive_definitions
                .contains_key(directive("owner").as_str())
                .then(|| directive("owner")),
            field: directive("field"),
            implements: directive("implements"),
            member: directive("unionMember"),
        })
    }

    /// The subgraph that a directive's `graph:` names.
    pub(super) fn graph(&self, directive: &ast::Directive) -> Option<SubgraphId> {
        self.graphs
            .get(directive.specified_argument_by_name("graph")?.as_enum()?)
            .copied()
    }

    /// The ids of all subgraphs.
    pub(super) fn subgraph_ids(&self) -> impl Iterator<Item = SubgraphId> + use<> {
        (0..self.subgraphs.len() as u16).map(SubgraphId)
    }
}

/// A string argument.
pub(super) fn string(directive: &ast::Directive, argument: &str) -> Option<String> {
    directive
        .specified_argument_by_name(argument)?
        .as_str()
        .map(str::to_owned)
}

/// A Boolean argument.
pub(super) fn boolean(directive: &ast::Directive, argument: &str) -> Option<bool> {
    directive.specified_argument_by_name(argument)?.to_bool()
}
