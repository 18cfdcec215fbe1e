//! Plans made by hand, out of GraphQL texts.
//!
//! A selection set stands for a `Read`, an `Output` or a `Representation`. In all of them `key: name` is a key on that
//! side and the position `name`. A position is named after its field; `name_2` is another one of the same field.

mod context;

use crate::executor::{Program, compile};
use crate::operation::OperationKind;
use crate::planner::{
    Entities, Fetch, FetchId, FetchKind, Leaf, Output, OutputField, OutputValue, Plan, Position,
    PositionId, Read, ReadField, Representation, RepresentationField, Target, Typename,
};
use crate::schema::{SubgraphId, Supergraph, TypeId, TypeKind, TypeSet};
use apollo_compiler::{Name, ast};
use std::sync::{Arc, LazyLock};

static SUPERGRAPH: LazyLock<Arc<Supergraph>> = LazyLock::new(|| {
    let sdl = include_str!("supergraph.graphql");
    Arc::new(Supergraph::parse(sdl).expect("the tests' supergraph is valid"))
});

pub(super) fn supergraph() -> &'static Arc<Supergraph> {
    &SUPERGRAPH
}

/// A plan under construction.
pub(super) struct Draft {
    plan: Plan,
    /// By position: its name in the tests, and the named type of its field.
    names: Vec<(String, TypeId)>,
}

/// Where an entity fetch takes its representations from, and what it reads.
pub(super) struct At {
    position: &'static str,
    types: Option<&'static str>,
    typename: Typename,
    key: &'static str,
    read: &'static str,
}

/// The rows at a position (names joined by dots), the fields of their representations, and what to read of the entities.
pub(super) fn at(position: &'static str, key: &'static str, read: &'static str) -> At {
    At {
        position,
        types: None,
        typename: Typename::Runtime,
        key,
        read,
    }
}

impl At {
    /// Only rows of the types that `name` can be.
    pub(super) fn only(self, name: &'static str) -> Self {
        Self {
            types: Some(name),
            ..self
        }
    }

    /// Representations of this type, whatever the rows are.
    pub(super) fn known_as(self, name: &str) -> Self {
        Self {
            typename: Typename::Fixed(Name::new(name).unwrap()),
            ..self
        }
    }
}

const ROOT: PositionId = PositionId(0);

impl Draft {
    pub(super) fn query() -> Self {
        Self::new(OperationKind::Query, "Query")
    }

    pub(super) fn mutation() -> Self {
        Self::new(OperationKind::Mutation, "Mutation")
    }

    fn new(kind: OperationKind, root: &str) -> Self {
        let root = supergraph().type_id(root).unwrap();
        Self {
            plan: Plan {
                kind,
                positions: vec![Position {
                    parent: None,
                    slot: 0,
                    slots: 0,
                    field: Name::new("root").unwrap(),
                    lists: 0,
                    object: Some(root),
                    named: root,
                    fields: Default::default(),
                    arguments: Vec::new(),
                }],
                fetches: Vec::new(),
                output: Output::default(),
                forbidden: TypeSet::default(),
            },
            names: vec![(String::new(), root)],
        }
    }

    /// Adds a fetch of root fields; the document is what it reads.
    pub(super) fn root(mut self, subgraph: &str, after: &[u32], document: &str) -> Self {
        let read = self.read(ROOT, document);
        self.fetch(
            subgraph,
            after,
            document,
            FetchKind::Root { at: ROOT, read },
        )
    }

    /// Adds a fetch of root fields at a deeper position.
    pub(super) fn root_at(
        mut self,
        position: &str,
        subgraph: &str,
        after: &[u32],
        document: &str,
    ) -> Self {
        let at = self.find(position);
        let read = self.read(at, document);
        self.fetch(subgraph, after, document, FetchKind::Root { at, read })
    }

    /// Adds a fetch of entities with one `_entities` field for all targets.
    pub(super) fn entities(mut self, subgraph: &str, after: &[u32], targets: Vec<At>) -> Self {
        let field = self.entity_field("_entities", "representations", targets);
        self.fetch(
            subgraph,
            after,
            "{ _entities }",
            FetchKind::Entities(vec![field]),
        )
    }

    /// Adds a fetch of entities with an `_entities` field for each target.
    pub(super) fn batch(mut self, subgraph: &str, after: &[u32], targets: Vec<At>) -> Self {
        let field = |(index, target)| {
            self.entity_field(&format!("_e{index}"), &format!("r{index}"), vec![target])
        };
        let fields = targets.into_iter().enumerate().map(field).collect();
        self.fetch(subgraph, after, "{ batch }", FetchKind::Entities(fields))
    }

    /// Declares variables of the last fetch.
    pub(super) fn variables(mut self, names: &[&str]) -> Self {
        let fetch = self.plan.fetches.last_mut().unwrap();
        fetch.variables = names.iter().map(|name| Name::new(name).unwrap()).collect();
        self
    }

    /// Completes the plan with what the client sees, and compiles it.
    pub(super) fn output(self, selection: &str) -> Arc<Program> {
        compile(supergraph(), self.plan(selection))
    }

    /// Completes the plan with what the client sees.
    pub(super) fn plan(mut self, selection: &str) -> Plan {
        self.plan.output = self.output_of((ROOT, self.names[0].1), &parse(selection));
        self.plan
    }

    fn fetch(mut self, subgraph: &str, after: &[u32], document: &str, kind: FetchKind) -> Self {
        let subgraphs = supergraph().subgraphs();
        let subgraph = subgraphs
            .iter()
            .position(|known| known.name == subgraph)
            .unwrap();
        self.plan.fetches.push(Fetch {
            id: FetchId(self.plan.fetches.len() as u32),
            subgraph: SubgraphId(subgraph as u16),
            after: after.iter().copied().map(FetchId).collect(),
            document: document.into(),
            variables: Vec::new(),
            operation: self.plan.kind,
            kind,
            template: None,
        });
        self
    }

    fn entity_field(&mut self, key: &str, variable: &str, targets: Vec<At>) -> Entities {
        let target = |at: At| {
            let position = self.find(at.position);
            let ty = at.types.map_or(self.names[position.0 as usize].1, type_id);
            Target {
                position,
                types: at.types.map(possible),
                representation: Representation {
                    typename: at.typename,
                    fields: self.representation((position, ty), &parse(at.key), Need::Key),
                },
                contexts: Vec::new(),
                read: self.read_of((position, ty), &parse(at.read), None),
            }
        };
        Entities {
            key: key.to_owned(),
            variable: variable.to_owned(),
            contexts: Vec::new(),
            targets: targets.into_iter().map(target).collect(),
        }
    }

    /// The position with this path, which some read has made.
    fn find(&self, path: &str) -> PositionId {
        path.split('.').fold(ROOT, |parent, name| {
            self.child(parent, name)
                .unwrap_or_else(|| panic!("no position {name} of {path}"))
        })
    }

    fn child(&self, parent: PositionId, name: &str) -> Option<PositionId> {
        let mut positions = self.plan.positions.iter().zip(&self.names);
        let found = positions
            .position(|(position, (known, _))| position.parent == Some(parent) && known == name);
        found.map(|index| PositionId(index as u32))
    }

    /// The position of a field of the objects at `parent`, of which we know the type; made where missing.
    fn position(&mut self, (parent, ty): (PositionId, TypeId), name: &str) -> (PositionId, TypeId) {
        if let Some(known) = self.child(parent, name) {
            return (known, self.names[known.0 as usize].1);
        }
        let field = supergraph().field(
            supergraph()
                .field_of(ty, field_name(name))
                .unwrap_or_else(|| panic!("no field {name}")),
        );
        let slot = &mut self.plan.positions[parent.0 as usize].slots;
        let position = Position {
            parent: Some(parent),
            slot: *slot,
            slots: 0,
            field: field.name.clone(),
            lists: field.lists,
            object: (supergraph().ty(field.named).kind == TypeKind::Object).then_some(field.named),
            named: field.named,
            fields: Default::default(),
            arguments: Vec::new(),
        };
        *slot += 1;
        self.plan.positions.push(position);
        self.names.push((name.to_owned(), field.named));
        (
            PositionId(self.plan.positions.len() as u32 - 1),
            field.named,
        )
    }

    fn read(&mut self, at: PositionId, selection: &str) -> Read {
        let ty = self.names[at.0 as usize].1;
        self.read_of((at, ty), &parse(selection), None)
    }

    fn read_of(
        &mut self,
        at: (PositionId, TypeId),
        selections: &[ast::Selection],
        types: Option<&TypeSet>,
    ) -> Read {
        let mut read = Read::default();
        for selection in selections {
            match selection {
                ast::Selection::Field(field) if field.name == "__typename" => {
                    read.typename = Some(field.response_name().to_string());
                }
                ast::Selection::Field(field) => {
                    let below = self.position(at, &field.name);
                    read.fields.push(ReadField {
                        key: field.response_name().to_string(),
                        types: types.cloned(),
                        position: below.0,
                        read: (!field.selection_set.is_empty())
                            .then(|| self.read_of(below, &field.selection_set, None)),
                    });
                }
                ast::Selection::InlineFragment(fragment) => {
                    let name = fragment.type_condition.as_deref().unwrap();
                    let inner = self.read_of(
                        (at.0, type_id(name)),
                        &fragment.selection_set,
                        Some(&possible(name)),
                    );
                    read.fields.extend(inner.fields);
                }
                ast::Selection::FragmentSpread(_) => panic!("no fragments in drafts"),
            }
        }
        read
    }

    fn representation(
        &mut self,
        at: (PositionId, TypeId),
        selections: &[ast::Selection],
        need: Need,
    ) -> Vec<RepresentationField> {
        let mut fields = Vec::new();
        for selection in selections {
            match selection {
                ast::Selection::Field(field) if field.name == "__typename" => {}
                ast::Selection::Field(field) => {
                    let (position, ty) = self.position(at, &field.name);
                    let need = if field.directives.has("requires") {
                        Need::Requires
                    } else {
                        need
                    };
                    let below = &field.selection_set;
                    fields.push(RepresentationField {
                        name: Name::new(field_name(&field.name)).unwrap(),
                        types: None,
                        position,
                        key: need == Need::Key,
                        fields: self.representation((position, ty), below, need),
                        typename: below.iter().any(|below| {
                            below
                                .as_field()
                                .is_some_and(|below| below.name == "__typename")
                        }),
                    });
                }
                ast::Selection::InlineFragment(fragment) => {
                    let name = fragment.type_condition.as_deref().unwrap();
                    let inner =
                        self.representation((at.0, type_id(name)), &fragment.selection_set, need);
                    fields.extend(inner.into_iter().map(|field| RepresentationField {
                        types: Some(possible(name)),
                        ..field
                    }));
                }
                ast::Selection::FragmentSpread(_) => panic!("no fragments in drafts"),
            }
        }
        fields
    }

    fn output_of(&mut self, at: (PositionId, TypeId), selections: &[ast::Selection]) -> Output {
        let mut output = Output::default();
        for selection in selections {
            match selection {
                ast::Selection::Field(field) => output.fields.push(OutputField {
                    key: field.response_name().clone(),
                    types: None,
                    value: self.output_value(at, field),
                }),
                ast::Selection::InlineFragment(fragment) => {
                    let name = fragment.type_condition.as_deref().unwrap();
                    let inner = self.output_of((at.0, type_id(name)), &fragment.selection_set);
                    output
                        .fields
                        .extend(inner.fields.into_iter().map(|field| OutputField {
                            types: Some(possible(name)),
                            ..field
                        }));
                }
                ast::Selection::FragmentSpread(_) => panic!("no fragments in drafts"),
            }
        }
        output
    }

    fn output_value(&mut self, at: (PositionId, TypeId), field: &ast::Field) -> OutputValue {
        match field.name.as_str() {
            "__typename" => return OutputValue::Typename,
            "__schema" | "__type" => return OutputValue::Introspection,
            _ => {}
        }
        let supergraph = supergraph();
        let ty = &supergraph
            .field(supergraph.field_of(at.1, field_name(&field.name)).unwrap())
            .ty;
        let (position, named) = self.position(at, &field.name);
        if supergraph.ty(named).is_leaf() {
            return OutputValue::Leaf {
                position,
                ty: ty.clone(),
                leaf: leaf(named),
            };
        }
        OutputValue::Object {
            position,
            ty: ty.clone(),
            possible: supergraph.ty(named).visible.clone(),
            output: self.output_of((position, named), &field.selection_set),
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Need {
    Key,
    Requires,
}

fn parse(selection: &str) -> Vec<ast::Selection> {
    let document = ast::Document::parse(selection, "selection.graphql").unwrap();
    match &document.definitions[0] {
        ast::Definition::OperationDefinition(operation) => operation.selection_set.clone(),
        _ => panic!("not a selection set: {selection}"),
    }
}

/// `name_2` → `name`.
fn field_name(position: &str) -> &str {
    position.split('_').next().unwrap()
}

fn type_id(name: &str) -> TypeId {
    supergraph().type_id(name).unwrap()
}

fn possible(name: &str) -> TypeSet {
    supergraph().ty(type_id(name)).possible.clone()
}

fn leaf(ty: TypeId) -> Leaf {
    match supergraph().type_name(ty).as_str() {
        "Int" => Leaf::Int,
        "Float" => Leaf::Float,
        "String" => Leaf::String,
        "Boolean" => Leaf::Boolean,
        "ID" => Leaf::Id,
        _ if supergraph().ty(ty).kind == TypeKind::Enum => Leaf::Enum(ty),
        _ => Leaf::Any,
    }
}
