//! Reads the `join` directives, versions 0.1 to 0.5: which subgraph has what.

use apollo_compiler::ast::{Directive, Type};
use apollo_compiler::schema::{Component, ExtendedType, FieldDefinition};
use apollo_compiler::{Name, Schema, schema};
use indexmap::IndexMap;

use super::contexts;
use super::field_set::{FieldSet, Selection};
use super::links::Links;
use super::model::{Access, FieldIn, Key, TypeIn};

/// The types of every subgraph, by the subgraph's name.
pub fn read(schema: &Schema, links: &Links) -> Result<IndexMap<String, Types>, String> {
    Reader::new(schema, links).read()
}

type Types = IndexMap<Name, TypeIn>;

/// Reads the `join` directives.
struct Reader<'a> {
    schema: &'a Schema,
    links: &'a Links,
    graph_directive: String,
    type_directive: String,
    owner_directive: String,
    field_directive: String,
    implements_directive: String,
    member_directive: String,
    value_directive: String,
    /// Subgraph names by the value of `join__Graph`.
    graphs: IndexMap<Name, String>,
}

impl<'a> Reader<'a> {
    fn new(schema: &'a Schema, links: &'a Links) -> Self {
        let name = |element: &str| links.directive("join", element);
        let mut reader = Reader {
            schema,
            links,
            graph_directive: name("graph"),
            type_directive: name("type"),
            owner_directive: name("owner"),
            field_directive: name("field"),
            implements_directive: name("implements"),
            member_directive: name("unionMember"),
            value_directive: name("enumValue"),
            graphs: IndexMap::new(),
        };
        if let Some(graphs) = schema.get_enum(&name("Graph")) {
            for (value, definition) in &graphs.values {
                let called = definition
                    .directives
                    .get(&reader.graph_directive)
                    .and_then(|directive| text(directive, "name"))
                    .unwrap_or(value.as_str());
                reader.graphs.insert(value.clone(), called.to_owned());
            }
        }
        reader
    }

    fn read(&self) -> Result<IndexMap<String, Types>, String> {
        let mut subgraphs = IndexMap::new();
        for (graph, name) in &self.graphs {
            let mut types = Types::new();
            for (type_name, ty) in &self.schema.types {
                if ty.is_built_in() || self.links.owns_type(type_name) {
                    continue;
                }
                if let Some(read) = self.type_in(graph, ty)? {
                    types.insert(type_name.clone(), read);
                }
            }
            self.add_unlisted_fields(&mut types);
            self.drop_unknown(&mut types);
            subgraphs.insert(name.clone(), types);
        }
        if subgraphs.is_empty() {
            return Err("no subgraphs: the supergraph has no join__Graph".to_owned());
        }
        Ok(subgraphs)
    }

    fn type_in(&self, graph: &Name, ty: &ExtendedType) -> Result<Option<TypeIn>, String> {
        let mut read = TypeIn::default();
        let here: Vec<_> = ty
            .directives()
            .get_all(&self.type_directive)
            .filter(|directive| is_for(directive, graph))
            .collect();
        // Only version 0.1 leaves a type without a subgraph: any of them may have it.
        let everywhere = ty.directives().get(&self.type_directive).is_none();
        if here.is_empty() && !everywhere {
            return Ok(None);
        }
        for directive in here {
            if let Some(key) = text(directive, "key") {
                read.keys.push(Key {
                    fields: FieldSet::parse(key)?,
                    resolvable: flag(directive, "resolvable").unwrap_or(true),
                });
            }
            read.is_interface_object |= flag(directive, "isInterfaceObject").unwrap_or(false);
        }
        let (fields, interfaces) = match ty {
            ExtendedType::Object(object) => (&object.fields, &object.implements_interfaces),
            ExtendedType::Interface(interface) => {
                (&interface.fields, &interface.implements_interfaces)
            }
            ExtendedType::Union(union) => {
                read.members = self.members_in(graph, union);
                return Ok(Some(read));
            }
            ExtendedType::Enum(values) => {
                read.members = self.values_in(graph, values);
                return Ok(Some(read));
            }
            ExtendedType::InputObject(input) => {
                for (name, field) in &input.fields {
                    if let Some(field) = self.input_in(graph, field) {
                        read.fields.insert(name.clone(), field);
                    }
                }
                return Ok(Some(read));
            }
            ExtendedType::Scalar(_) => return Ok(Some(read)),
        };
        for (name, field) in fields {
            if let Some(field) = self.field_in(graph, ty, field)? {
                read.fields.insert(name.clone(), field);
            }
        }
        let says = |interface: &Name| {
            let mut listed = ty.directives().get_all(&self.implements_directive);
            listed.any(|d| is_for(d, graph) && text(d, "interface") == Some(interface.as_str()))
        };
        let listed = self.knows(&self.implements_directive);
        read.implements = interfaces
            .iter()
            .map(|interface| interface.name.clone())
            .filter(|interface| !listed || says(interface))
            .collect();
        Ok(Some(read))
    }

    fn knows(&self, directive: &str) -> bool {
        self.schema.directive_definitions.contains_key(directive)
    }

    fn members_in(&self, graph: &Name, union: &schema::UnionType) -> Vec<Name> {
        let listed = self.knows(&self.member_directive);
        let says = |member: &Name| {
            let mut listed = union.directives.get_all(&self.member_directive);
            listed.any(|d| is_for(d, graph) && text(d, "member") == Some(member.as_str()))
        };
        let members = union.members.iter().map(|member| member.name.clone());
        members.filter(|member| !listed || says(member)).collect()
    }

    fn values_in(&self, graph: &Name, values: &schema::EnumType) -> Vec<Name> {
        let listed = self.knows(&self.value_directive);
        let values = values.values.iter();
        values
            .filter(|(_, value)| {
                let mut listings = value.directives.get_all(&self.value_directive);
                !listed || listings.any(|d| is_for(d, graph))
            })
            .map(|(name, _)| name.clone())
            .collect()
    }

    fn input_in(
        &self,
        graph: &Name,
        field: &Component<schema::InputValueDefinition>,
    ) -> Option<FieldIn> {
        let mut ty = (*field.ty).clone();
        if field.directives.has(&self.field_directive) {
            let mut listings = field.directives.get_all(&self.field_directive);
            let listing = listings.find(|d| is_for(d, graph))?;
            ty = parsed_type(listing).unwrap_or(ty);
        }
        Some(FieldIn::of_type(ty, Access::Own))
    }

    fn field_in(
        &self,
        graph: &Name,
        parent: &ExtendedType,
        field: &FieldDefinition,
    ) -> Result<Option<FieldIn>, String> {
        if !field.directives.has(&self.field_directive) {
            let owner = parent.directives().get(&self.owner_directive);
            let here = owner.is_none_or(|owner| is_for(owner, graph));
            return Ok(here.then(|| FieldIn::of_type(field.ty.clone(), Access::Own)));
        }
        let mut listings = field.directives.get_all(&self.field_directive);
        let Some(listing) = listings.find(|d| is_for(d, graph)) else {
            return Ok(None);
        };
        let set = |name: &str| text(listing, name).map(FieldSet::parse).transpose();
        let is_labelled = listing
            .specified_argument_by_name("overrideLabel")
            .is_some_and(|label| !label.is_null());
        let access = if flag(listing, "external") == Some(true) {
            Access::External
        } else if flag(listing, "usedOverridden") == Some(true) && !is_labelled {
            Access::Overridden
        } else {
            Access::Own
        };
        Ok(Some(FieldIn {
            ty: parsed_type(listing).unwrap_or_else(|| field.ty.clone()),
            access,
            requires: set("requires")?,
            provides: set("provides")?,
            context_arguments: contexts::arguments(listing)?,
        }))
    }

    /// Adds what a subgraph must have though no directive lists it: in version 0.1 the fields
    /// its keys, requirements and provisions name, and in every version an interface's field
    /// that another subgraph took over from this one's object.
    fn add_unlisted_fields(&self, types: &mut Types) {
        let mut wanted = Vec::new();
        for (name, ty) in types.iter() {
            for key in &ty.keys {
                wanted.push((name.clone(), key.fields.clone()));
            }
            for field in ty.fields.values() {
                wanted.extend(field.requires.clone().map(|set| (name.clone(), set)));
                let named = field.ty.inner_named_type();
                wanted.extend(field.provides.clone().map(|set| (named.clone(), set)));
            }
        }
        for (name, set) in wanted {
            self.add_field_set(types, &name, &set);
        }
        let mut missing = Vec::new();
        for (name, ty) in types.iter() {
            for interface in ty.implements.iter().filter_map(|i| types.get(i)) {
                for (field, of_interface) in &interface.fields {
                    if !ty.fields.contains_key(field) {
                        let field_in =
                            FieldIn::of_type(of_interface.ty.clone(), Access::Overridden);
                        missing.push((name.clone(), field.clone(), field_in));
                    }
                }
            }
        }
        for (name, field, field_in) in missing {
            types[&name].fields.entry(field).or_insert(field_in);
        }
    }

    fn add_field_set(&self, types: &mut Types, parent: &Name, set: &FieldSet) {
        for selection in &set.0 {
            match selection {
                Selection::Field {
                    name, selections, ..
                } => {
                    let Ok(definition) = self.schema.type_field(parent, name) else {
                        continue;
                    };
                    let Some(ty) = types.get_mut(parent).filter(|_| name != "__typename") else {
                        continue;
                    };
                    let field = ty.fields.entry(name.clone()).or_insert_with(|| {
                        FieldIn::of_type(definition.ty.clone(), Access::External)
                    });
                    let named = field.ty.inner_named_type().clone();
                    self.add_field_set(types, &named, selections);
                }
                Selection::On {
                    condition,
                    selections,
                } => self.add_field_set(types, condition.as_ref().unwrap_or(parent), selections),
            }
        }
    }

    /// Drops what version 0.1, which lists types nowhere, made us take for granted: fields of
    /// types this subgraph lacks, then types without fields, until nothing changes.
    fn drop_unknown(&self, types: &mut Types) {
        loop {
            let known: Vec<Name> = types.keys().cloned().collect();
            let is_known = |name: &Name| {
                known.contains(name)
                    || self
                        .schema
                        .types
                        .get(name)
                        .is_none_or(|ty| ty.is_built_in())
            };
            let mut dropped = false;
            for ty in types.values_mut() {
                let before = ty.fields.len() + ty.members.len() + ty.implements.len();
                ty.fields.retain(|_, f| is_known(f.ty.inner_named_type()));
                ty.implements.retain(|interface| is_known(interface));
                dropped |= before != ty.fields.len() + ty.members.len() + ty.implements.len();
            }
            let before = types.len();
            types.retain(|name, ty| match self.schema.types.get(name) {
                Some(ExtendedType::Object(_) | ExtendedType::Interface(_)) => {
                    !ty.fields.is_empty()
                        || self
                            .schema
                            .schema_definition
                            .query
                            .as_ref()
                            .is_some_and(|q| q.name == *name)
                }
                Some(ExtendedType::InputObject(_)) => !ty.fields.is_empty(),
                Some(ExtendedType::Enum(_)) => !ty.members.is_empty(),
                Some(ExtendedType::Union(_)) => {
                    ty.members.retain(|member| known.contains(member));
                    !ty.members.is_empty()
                }
                _ => true,
            });
            if !dropped && before == types.len() {
                return;
            }
        }
    }
}

fn is_for(directive: &Directive, graph: &Name) -> bool {
    directive
        .specified_argument_by_name("graph")
        .and_then(|value| value.as_enum())
        == Some(graph)
}

fn text<'d>(directive: &'d Directive, name: &str) -> Option<&'d str> {
    directive.specified_argument_by_name(name)?.as_str()
}

fn flag(directive: &Directive, name: &str) -> Option<bool> {
    directive.specified_argument_by_name(name)?.to_bool()
}

fn parsed_type(directive: &Directive) -> Option<Type> {
    Type::parse(text(directive, "type")?, "type").ok()
}
