//! What a subgraph serves: its own types, and the entry points of the subgraph specification.

use apollo_compiler::ast::{OperationType, Type};
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::validation::Valid;
use apollo_compiler::{Name, Schema};
use indexmap::IndexMap;

use super::model::{FieldIn, TypeIn};
use super::sdl;

/// A subgraph's executable schema.
pub fn schema(
    supergraph: &Schema,
    types: &IndexMap<Name, TypeIn>,
    renames_roots: bool,
) -> Result<Valid<Schema>, String> {
    let served = Served {
        supergraph,
        types,
        renames_roots,
    };
    let query = supergraph
        .root_operation(OperationType::Query)
        .ok_or("there is no query type")?;
    let mut out = vec![
        sdl::roots(supergraph, &|name| {
            (types.contains_key(name) || name == query).then(|| served.local(name))
        }),
        "type _Service { sdl: String! }".to_owned(),
    ];
    let mut entry = vec!["_service: _Service!".to_owned()];
    let entities = served.entities();
    if !entities.is_empty() {
        out.push(format!("scalar _Any\nunion _Entity = {entities}"));
        entry.push("_entities(representations: [_Any!]!): [_Entity]!".to_owned());
    }
    for (name, ty) in types {
        if name == query {
            entry.extend(served.fields(name, ty));
        } else if let Some(definition) = supergraph.types.get(name) {
            out.push(served.definition(name, ty, definition));
        }
    }
    out.push(format!(
        "type {} {}",
        served.local(query),
        sdl::block(entry)
    ));
    sdl::parsed(&out.join("\n"))
}

/// The name a subgraph has for a root type of the supergraph; other types keep theirs.
pub fn local_name(supergraph: &Schema, name: &Name, renames_roots: bool) -> String {
    let mut roots = supergraph.schema_definition.iter_root_operations();
    if renames_roots && roots.any(|(_, root)| root.name == *name) {
        format!("Root{name}")
    } else {
        name.to_string()
    }
}

struct Served<'s> {
    supergraph: &'s Schema,
    types: &'s IndexMap<Name, TypeIn>,
    renames_roots: bool,
}

impl Served<'_> {
    fn local(&self, name: &Name) -> String {
        local_name(self.supergraph, name, self.renames_roots)
    }

    fn entities(&self) -> String {
        let entities = self.types.iter().filter(|(name, ty)| {
            let is_object = ty.is_interface_object || self.supergraph.get_object(name).is_some();
            is_object && ty.keys.iter().any(|key| key.resolvable)
        });
        sdl::joined(entities.map(|(name, _)| name), " | ")
    }

    fn definition(&self, name: &Name, ty: &TypeIn, definition: &ExtendedType) -> String {
        let implements = sdl::implements(ty.implements.iter());
        match definition {
            ExtendedType::Scalar(_) => format!("scalar {name}"),
            ExtendedType::Interface(_) if !ty.is_interface_object => {
                let fields = sdl::block(self.fields(name, ty));
                format!("interface {name}{implements} {fields}")
            }
            ExtendedType::Object(_) | ExtendedType::Interface(_) => {
                let fields = sdl::block(self.fields(name, ty));
                format!("type {}{implements} {fields}", self.local(name))
            }
            ExtendedType::Union(_) => {
                format!("union {name} = {}", sdl::joined(ty.members.iter(), " | "))
            }
            ExtendedType::Enum(_) => {
                let values = ty.members.iter().map(Name::to_string);
                format!("enum {name} {}", sdl::block(values))
            }
            ExtendedType::InputObject(input) => {
                let fields = input.fields.values();
                let fields = fields.filter(|field| ty.fields.contains_key(&field.name));
                format!("input {name} {}", sdl::block(fields.map(|f| sdl::input(f))))
            }
        }
    }

    fn fields(&self, parent: &Name, ty: &TypeIn) -> Vec<String> {
        let fields = ty.fields.iter();
        fields
            .map(|(name, field)| {
                let ty = self.local_type(&field.ty);
                sdl::field(name, self.inputs(parent, name, field), &ty)
            })
            .collect()
    }

    fn inputs(&self, parent: &Name, name: &Name, field: &FieldIn) -> Vec<String> {
        let definition = self.supergraph.type_field(parent, name).ok();
        let arguments = definition.map_or(&[][..], |definition| &definition.arguments);
        let shared = arguments.iter().filter(|argument| {
            let named = argument.ty.inner_named_type();
            let ty = self.supergraph.types.get(named);
            self.types.contains_key(named) || ty.is_some_and(ExtendedType::is_built_in)
        });
        let own = field.context_arguments.iter();
        let own = own.map(|argument| format!("{}: {}", argument.name, argument.ty));
        shared
            .map(|argument| sdl::input(argument))
            .chain(own)
            .collect()
    }

    fn local_type(&self, ty: &Type) -> String {
        match ty {
            Type::Named(name) => self.local(name),
            Type::NonNullNamed(name) => format!("{}!", self.local(name)),
            Type::List(item) => format!("[{}]", self.local_type(item)),
            Type::NonNullList(item) => format!("[{}]!", self.local_type(item)),
        }
    }
}
