//! Reads the directives that are [`Annotations`]. Each is known by its specification and its name there.

use super::{
    Error,
    annotations::{Annotations, AnyOf, Carried, ListSize, Origin, Place, Protection, Table},
    link::Links,
    model::Supergraph,
};
use apollo_compiler::{
    Name, Node, Schema,
    ast::{Directive, InputValueDefinition, Value},
    schema::ExtendedType,
};
use std::{collections::HashMap, sync::Arc};

impl Supergraph {
    /// What stands at a place; none: nothing.
    pub fn annotations(&self, place: &Place) -> Option<&Annotations> {
        self.annotations.get(place)
    }

    /// Specifications that the supergraph links to so that its data is protected.
    pub fn protections(&self) -> &[Protection] {
        &self.protections
    }
}

/// Reads what stands at every place.
pub(super) fn read(
    supergraph: &Supergraph,
    schema: &Schema,
    links: &Links,
) -> Result<Table, Error> {
    let mut reader = Reader {
        meanings: meanings(schema, links),
        found: Table::default(),
    };
    let definition = &schema.schema_definition;
    reader.note(
        Place::Schema,
        "schema",
        definition.directives.iter().map(|one| &**one),
    )?;
    for (name, ty) in &schema.types {
        let Some(id) = supergraph.type_id(name) else {
            continue;
        };
        let directives = ty.directives().iter().map(|one| &**one);
        reader.note(Place::Type(id), name, directives)?;
        let fields = match ty {
            ExtendedType::Object(object) => &object.fields,
            ExtendedType::Interface(interface) => &interface.fields,
            ExtendedType::InputObject(input) => {
                for (field, definition) in &input.fields {
                    let place = Place::InputField(id, field.clone());
                    reader.input(place, &format!("{name}.{field}"), definition)?;
                }
                continue;
            }
            ExtendedType::Enum(definition) => {
                for (value, definition) in &definition.values {
                    let place = Place::Value(id, value.clone());
                    let coordinate = format!("{name}.{value}");
                    reader.note(place, &coordinate, definition.directives.iter())?;
                }
                continue;
            }
            ExtendedType::Scalar(_) | ExtendedType::Union(_) => continue,
        };
        for (field, definition) in fields {
            let Some(id) = supergraph.field_of(id, field) else {
                continue;
            };
            let coordinate = format!("{name}.{field}");
            reader.note(Place::Field(id), &coordinate, definition.directives.iter())?;
            for argument in &definition.arguments {
                let place = Place::Argument(id, argument.name.clone());
                let coordinate = format!("{coordinate}({}:)", argument.name);
                reader.input(place, &coordinate, argument)?;
            }
        }
    }
    Ok(reader.found)
}

/// What a directive of the supergraph means.
enum Meaning {
    /// Read elsewhere, or federation's own.
    Nothing,
    Authenticated,
    Scopes,
    Policies,
    Cost,
    ListSize,
    Tag,
    Carried(Arc<Origin>),
}

/// By its name in the supergraph.
fn meanings(schema: &Schema, links: &Links) -> HashMap<Name, Meaning> {
    let meaning = |name: &Name| match links.origin(name, true) {
        Some((link, element)) => match (link.name(), element) {
            ("join", "directive") => Meaning::Carried(Arc::new(link.element(element))),
            ("join" | "link" | "core" | "inaccessible" | "context", _) => Meaning::Nothing,
            ("authenticated", "authenticated") => Meaning::Authenticated,
            ("requiresScopes", "requiresScopes") => Meaning::Scopes,
            ("policy", "policy") => Meaning::Policies,
            ("cost", "cost") => Meaning::Cost,
            ("cost", "listSize") => Meaning::ListSize,
            ("tag", "tag") => Meaning::Tag,
            _ => Meaning::Carried(Arc::new(link.element(element))),
        },
        None => Meaning::Carried(Arc::new(Origin {
            url: None,
            name: name.to_string(),
        })),
    };
    let definitions = schema.directive_definitions.iter();
    definitions
        .map(|(name, definition)| {
            let built_in = definition.is_built_in();
            (
                name.clone(),
                if built_in {
                    Meaning::Nothing
                } else {
                    meaning(name)
                },
            )
        })
        .collect()
}

struct Reader {
    meanings: HashMap<Name, Meaning>,
    found: Table,
}

impl Reader {
    fn input(
        &mut self,
        place: Place,
        coordinate: &str,
        definition: &InputValueDefinition,
    ) -> Result<(), Error> {
        self.note(place, coordinate, definition.directives.iter())
    }

    fn note<'a>(
        &mut self,
        place: Place,
        coordinate: &str,
        directives: impl Iterator<Item = &'a Node<Directive>>,
    ) -> Result<(), Error> {
        let mut here = None;
        for directive in directives {
            let meaning = self.meanings.get(&directive.name);
            let Some(meaning) = meaning.filter(|one| !matches!(one, Meaning::Nothing)) else {
                continue;
            };
            let here = here.get_or_insert_with(Annotations::default);
            add(here, meaning, directive).map_err(|wrong| {
                let message = format!("@{}({wrong}:) cannot be read", directive.name);
                Error::at(coordinate, message)
            })?;
        }
        if let Some(here) = here {
            self.found.insert(place, here);
        }
        Ok(())
    }
}

/// Adds what a directive says; else the name of the argument that says nothing.
fn add(
    here: &mut Annotations,
    meaning: &Meaning,
    directive: &Directive,
) -> Result<(), &'static str> {
    let argument = |name: &str| {
        let value = directive.specified_argument_by_name(name);
        value.filter(|value| !value.is_null())
    };
    match meaning {
        Meaning::Nothing => {}
        Meaning::Authenticated => here.demand.authenticated = true,
        Meaning::Scopes => {
            let scopes = argument("scopes").and_then(any_of).ok_or("scopes")?;
            here.demand.scopes.push(scopes);
        }
        Meaning::Policies => {
            let policies = argument("policies").and_then(any_of).ok_or("policies")?;
            here.demand.policies.push(policies);
        }
        Meaning::Cost => {
            let weight = argument("weight").and_then(|weight| weight.to_i32());
            here.cost = Some(weight.ok_or("weight")?);
        }
        Meaning::ListSize => here.list_size = Some(Box::new(list_size(argument)?)),
        Meaning::Tag => {
            let name = argument("name").and_then(|name| name.as_str());
            here.tags.push(name.ok_or("name")?.to_owned());
        }
        Meaning::Carried(origin) => here.carried.push(Carried {
            directive: Arc::clone(origin),
            arguments: directive.arguments.clone(),
        }),
    }
    Ok(())
}

fn list_size<'a>(
    argument: impl Fn(&str) -> Option<&'a Node<Value>>,
) -> Result<ListSize, &'static str> {
    let listed = |name: &'static str| argument(name).map_or(Some(Vec::new()), names).ok_or(name);
    let assumed_size = argument("assumedSize").map(|size| size.to_i32().ok_or("assumedSize"));
    let one = argument("requireOneSlicingArgument");
    let one = one.map(|flag| flag.to_bool().ok_or("requireOneSlicingArgument"));
    Ok(ListSize {
        assumed_size: assumed_size.transpose()?,
        slicing_arguments: listed("slicingArguments")?,
        sized_fields: listed("sizedFields")?,
        require_one_slicing_argument: one.transpose()?.unwrap_or(true),
    })
}

/// A list of lists of strings. One item stands for a list of it (GraphQL spec section 3.11, input coercion).
fn any_of(value: &Node<Value>) -> Option<AnyOf> {
    let lists = match value.as_list() {
        Some(items) => items.iter().map(names).collect::<Option<_>>()?,
        None => vec![names(value)?],
    };
    Some(AnyOf(lists))
}

fn names(value: &Node<Value>) -> Option<Vec<String>> {
    let name = |item: &Node<Value>| item.as_str().map(str::to_owned);
    match value.as_list() {
        Some(items) => items.iter().map(name).collect(),
        None => Some(vec![name(value)?]),
    }
}
