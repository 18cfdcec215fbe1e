//! Supergraph SDL → [`Supergraph`]: reads the `join__*` directives (the join spec, <https://specs.apollo.dev/join/v0.3>).

use super::{
    BySubgraph, Error, FieldId, FieldSet, TypeId, TypeSet, alike, annotate, api,
    contexts::{self, Contexts},
    entrances, federation1,
    field_set::Reader,
    join::{Join, boolean, string},
    labels,
    link::Links,
    model::{
        FieldDefinition, FieldInSubgraph, Key, Roots, Supergraph, TypeDefinition, TypeInSubgraph,
        TypeKind,
    },
    possible,
    prepared::Alike,
    reach,
};
use apollo_compiler::{
    Name, Schema, ast,
    schema::{Component, ExtendedType},
    validation::Valid,
};
use std::collections::HashMap;

impl Supergraph {
    /// Reads a supergraph SDL. Fails when it is not valid, not a supergraph, or needs what is not supported.
    pub fn parse(sdl: &str) -> Result<Self, Error> {
        let schema = Schema::parse_and_validate(sdl, "supergraph.graphql")
            .map_err(|invalid| Error::Invalid(said(&invalid.errors, sdl)))?;
        let links = Links::read(&schema)?;
        let api = api::derive(&schema, &links)?;
        let join = Join::read(&schema, &links)?;
        let mut supergraph = Tables {
            schema: &schema,
            api: &api,
            join: &join,
            labels: labels::names(&schema, &join),
            contexts: Contexts::read(&schema, &links),
        }
        .build()?;
        if join.owner.is_some() {
            federation1::complete(&mut supergraph);
        }
        set_unknown_types_aside(&mut supergraph);
        supergraph.subgraphs = join.subgraphs;
        supergraph.api = api;
        supergraph.interfaces = entrances::interfaces(&supergraph);
        supergraph.entrances = entrances::list(&supergraph);
        supergraph.key_fields = entrances::key_fields(&supergraph);
        supergraph.alike = alike::number(&supergraph);
        supergraph.annotations = annotate::read(&supergraph, &schema, &links)?;
        supergraph.protections = links.protections();
        supergraph.depends_on = reach::labels(&supergraph);
        supergraph.contextual = contexts::list(&supergraph);
        #[cfg(debug_assertions)]
        {
            supergraph.served = super::prepared::Served::new(schema, supergraph.subgraphs.len());
        }
        Ok(supergraph)
    }
}

/// Building of the tables.
struct Tables<'a> {
    schema: &'a Valid<Schema>,
    api: &'a Valid<Schema>,
    join: &'a Join,
    labels: Vec<String>,
    contexts: Contexts,
}

impl Tables<'_> {
    fn build(&self) -> Result<Supergraph, Error> {
        let type_ids: HashMap<Name, TypeId, _> = self
            .schema
            .types
            .keys()
            .enumerate()
            .map(|(index, name)| (name.clone(), TypeId(index as u32)))
            .collect();
        let id = |name: &Name| type_ids.get(name).copied();
        let root = |name: &Option<apollo_compiler::schema::ComponentName>| {
            name.as_ref().and_then(|name| id(&name.name))
        };
        let definition = &self.schema.schema_definition;
        let mut supergraph = Supergraph {
            subgraphs: Vec::new(),
            types: Vec::with_capacity(self.schema.types.len()),
            fields: Vec::new(),
            roots: Roots {
                query: root(&definition.query),
                mutation: root(&definition.mutation),
                subscription: root(&definition.subscription),
            },
            api: self.api.clone(),
            type_ids,
            entrances: Vec::new(),
            key_fields: Vec::new(),
            interfaces: Vec::new(),
            alike: Alike::default(),
            annotations: Default::default(),
            protections: Vec::new(),
            labels: self.labels.clone(),
            depends_on: Vec::new(),
            contextual: Vec::new(),
            #[cfg(debug_assertions)]
            served: super::prepared::Served::new(self.api.clone(), 0),
        };
        self.declare_types(&mut supergraph);
        let known: Vec<(TypeId, TypeSet)> = supergraph
            .types
            .iter()
            .enumerate()
            .map(|(i, ty)| (TypeId(i as u32), ty.possible.clone()))
            .collect();
        let ids = supergraph.type_ids.clone();
        let lookup = |name: &str| ids.get(name).map(|id| known[id.index()].clone());
        let reader = Reader {
            schema: self.schema,
            types: &lookup,
        };
        for (name, ty) in &self.schema.types {
            let id = supergraph.type_ids[name];
            supergraph.types[id.index()].in_subgraphs = self.type_in_subgraphs(ty, &reader)?;
        }
        possible::in_subgraphs(&mut supergraph, self.schema, self.join);
        for (name, ty) in &self.schema.types {
            self.declare_fields(&mut supergraph, (name, ty), &reader)?;
        }
        Ok(supergraph)
    }

    /// Names, kinds and possible types.
    fn declare_types(&self, supergraph: &mut Supergraph) {
        for (name, ty) in &self.schema.types {
            let kind = match ty {
                ExtendedType::Scalar(_) => TypeKind::Scalar,
                ExtendedType::Object(_) => TypeKind::Object,
                ExtendedType::Interface(_) => TypeKind::Interface,
                ExtendedType::Union(_) => TypeKind::Union,
                ExtendedType::Enum(_) => TypeKind::Enum,
                ExtendedType::InputObject(_) => TypeKind::InputObject,
            };
            let values = self
                .api
                .get_enum(name)
                .map(|api| api.values.keys().cloned().collect())
                .unwrap_or_default();
            supergraph.types.push(TypeDefinition {
                name: name.clone(),
                kind,
                fields: Default::default(),
                possible: TypeSet::default(),
                visible: TypeSet::default(),
                values,
                in_subgraphs: BySubgraph::default(),
            });
        }
        let ids = &supergraph.type_ids;
        let mut possible: Vec<TypeSet> = vec![TypeSet::default(); supergraph.types.len()];
        for (name, ty) in &self.schema.types {
            let id = ids[name];
            match ty {
                ExtendedType::Object(object) => {
                    possible[id.index()].insert(id);
                    for interface in &object.implements_interfaces {
                        if let Some(interface) = ids.get(&interface.name) {
                            possible[interface.index()].insert(id);
                        }
                    }
                }
                ExtendedType::Union(union) => {
                    possible[id.index()].extend(
                        union
                            .members
                            .iter()
                            .filter_map(|member| ids.get(&member.name)),
                    );
                }
                _ => {}
            }
        }
        // Objects of an interface that nothing implements (only an `@interfaceObject` makes them) have no type of their
        // own: the interface stands for it.
        for (index, ty) in supergraph.types.iter().enumerate() {
            if ty.kind == TypeKind::Interface && possible[index].is_empty() {
                possible[index].insert(TypeId(index as u32));
            }
        }
        let shown: TypeSet = self
            .api
            .types
            .keys()
            .filter_map(|name| ids.get(name).copied())
            .collect();
        for (ty, possible) in supergraph.types.iter_mut().zip(possible) {
            ty.visible = possible.intersection(&shown);
            ty.possible = possible;
        }
    }

    /// The `@join__type`s of a type; every subgraph when it has none (value types of Federation 1).
    fn type_in_subgraphs(
        &self,
        ty: &ExtendedType,
        reader: &Reader,
    ) -> Result<BySubgraph<TypeInSubgraph>, Error> {
        let mut known = BySubgraph::default();
        let mut any = false;
        for directive in ty.directives().get_all(&self.join.ty) {
            any = true;
            let Some(subgraph) = self.join.graph(directive) else {
                return Err(Error::at(
                    ty.name().as_str(),
                    format!("@{} names an unknown subgraph", self.join.ty),
                ));
            };
            let known = known.get_or_insert(subgraph, TypeInSubgraph::default());
            known.interface_object |= boolean(directive, "isInterfaceObject").unwrap_or(false);
            if let Some(key) = string(directive, "key") {
                let fields = reader.read(ty.name(), &key, ty.name().as_str())?;
                // `__typename` alone tells no two objects apart.
                let tells = !fields.fields.is_empty();
                known.keys.push(Key {
                    fields,
                    resolvable: tells && boolean(directive, "resolvable").unwrap_or(true),
                });
            }
        }
        let fields = match ty {
            ExtendedType::Object(object) => Some(&object.fields),
            ExtendedType::Interface(interface) => Some(&interface.fields),
            _ => None,
        };
        // A subgraph that has a field has its type, whatever is said of that.
        let fields = fields.into_iter().flat_map(|fields| fields.values());
        let said = fields.flat_map(|field| field.directives.get_all(&self.join.field));
        let by_fields = said.filter_map(|directive| self.join.graph(directive));
        let all = self.join.subgraph_ids().filter(|_| !any);
        for subgraph in all.chain(by_fields) {
            if known.get(subgraph).is_none() {
                known.insert(subgraph, TypeInSubgraph::default());
            }
        }
        known.shrink();
        Ok(known)
    }

    fn declare_fields(
        &self,
        supergraph: &mut Supergraph,
        (name, ty): (&Name, &ExtendedType),
        reader: &Reader,
    ) -> Result<(), Error> {
        let fields = match ty {
            ExtendedType::Object(object) => &object.fields,
            ExtendedType::Interface(interface) => &interface.fields,
            _ => return Ok(()),
        };
        let parent = supergraph.type_ids[name];
        for (field_name, definition) in fields {
            let coordinate = format!("{name}.{field_name}");
            let named = supergraph
                .type_id(definition.ty.inner_named_type())
                .ok_or_else(|| {
                    Error::at(&coordinate, format!("there is no type `{}`", definition.ty))
                })?;
            let in_subgraphs =
                self.field_in_subgraphs(supergraph, (parent, ty, definition), reader)?;
            let id = FieldId(supergraph.fields.len() as u32);
            supergraph.fields.push(FieldDefinition {
                name: field_name.clone(),
                parent,
                ty: definition.ty.clone(),
                named,
                lists: lists(&definition.ty)
                    .ok_or_else(|| Error::at(&coordinate, "more than 255 lists in a list"))?,
                in_subgraphs,
            });
            supergraph.types[parent.index()]
                .fields
                .insert(field_name.clone(), id);
        }
        Ok(())
    }

    fn field_in_subgraphs(
        &self,
        supergraph: &Supergraph,
        (parent, ty, definition): (TypeId, &ExtendedType, &Component<ast::FieldDefinition>),
        reader: &Reader,
    ) -> Result<BySubgraph<FieldInSubgraph>, Error> {
        let mut known = BySubgraph::default();
        let coordinate = format!("{}.{}", ty.name(), definition.name);
        let mut any = false;
        for directive in definition.directives.get_all(&self.join.field) {
            any = true;
            let Some(subgraph) = self.join.graph(directive) else {
                continue;
            };
            let set = |argument: &str, on: &Name| -> Result<Option<FieldSet>, Error> {
                let read = string(directive, argument)
                    .map(|text| reader.read(on, &text, &coordinate))
                    .transpose()?;
                Ok(read.filter(|set| !set.fields.is_empty()))
            };
            let flag = |argument: &str| boolean(directive, argument).unwrap_or(false);
            let parsed = string(directive, "type").map(|text| {
                ast::Type::parse(text, "type")
                    .map_err(|_| Error::at(&coordinate, "@join__field(type:) is not a type"))
            });
            let guard = labels::guard(directive, &self.labels);
            let here = FieldInSubgraph {
                external: flag("external") || (flag("usedOverridden") && guard.is_none()),
                guard,
                requires: set("requires", ty.name())?,
                provides: set("provides", definition.ty.inner_named_type())?,
                ty: parsed.transpose()?,
                contexts: self
                    .contexts
                    .arguments(directive, (reader, supergraph), &coordinate)?,
            };
            known.insert(subgraph, here);
        }
        if !any {
            let owner = self
                .join
                .owner
                .as_ref()
                .and_then(|owner| ty.directives().get(owner));
            match owner.and_then(|directive| self.join.graph(directive)) {
                Some(subgraph) => known.insert(subgraph, FieldInSubgraph::default()),
                None => {
                    for (subgraph, _) in supergraph.ty(parent).in_subgraphs.iter() {
                        known.insert(subgraph, FieldInSubgraph::default());
                    }
                }
            }
        }
        known.shrink();
        Ok(known)
    }
}

/// A subgraph does not resolve a field whose type it does not know, whatever is said of it.
fn set_unknown_types_aside(supergraph: &mut Supergraph) {
    let (types, ids) = (&supergraph.types, &supergraph.type_ids);
    for field in &mut supergraph.fields {
        for (subgraph, here) in field.in_subgraphs.iter_mut() {
            let ty = here.ty.as_ref().unwrap_or(&field.ty);
            let ty = ids.get(ty.inner_named_type()).map(|id| &types[id.index()]);
            here.external |=
                ty.is_some_and(|ty| !ty.is_leaf() && ty.in_subgraph(subgraph).is_none());
        }
    }
}

/// None: more than anyone counts.
fn lists(ty: &ast::Type) -> Option<u8> {
    match ty {
        ast::Type::List(inner) | ast::Type::NonNullList(inner) => lists(inner)?.checked_add(1),
        ast::Type::Named(_) | ast::Type::NonNullNamed(_) => Some(0),
    }
}

/// What is wrong with a supergraph, with its lines. The library that prints these panics on some that are not ASCII: then
/// only their places.
fn said(errors: &apollo_compiler::validation::DiagnosticList, sdl: &str) -> String {
    if sdl.is_ascii() {
        return errors.to_string();
    }
    let one = |diagnostic: apollo_compiler::diagnostic::Diagnostic<'_, _>| {
        let at = diagnostic.line_column_range().map(|range| {
            format!(
                "supergraph.graphql:{}:{}: ",
                range.start.line, range.start.column
            )
        });
        let error: &apollo_compiler::validation::DiagnosticData = diagnostic.error;
        format!("{}{error}\n", at.unwrap_or_default())
    };
    errors.iter().map(one).collect()
}
