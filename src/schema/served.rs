//! The schema of each subgraph, as far as the supergraph tells it. Only debug builds have it: `planner`'s checks compare
//! every fetch with it.

use super::{
    SubgraphId, TypeId,
    model::{Supergraph, TypeKind},
};
use apollo_compiler::{
    Name, Schema,
    ast::{self, InputValueDefinition, Type},
    name,
    schema::{
        Component, ComponentName, ExtendedType, FieldDefinition, ObjectType, ScalarType, UnionType,
    },
    validation::Valid,
};
impl Supergraph {
    /// The schema of a subgraph: its types and fields with its own field types, `_entities` with them.
    pub fn served_by(&self, subgraph: SubgraphId) -> &Valid<Schema> {
        let served = &self.served;
        let derived = || {
            let mut deriving = Deriving {
                supergraph: self,
                subgraph,
                schema: Schema::new(),
            };
            deriving.types(&served.supergraph);
            deriving.roots();
            deriving.entities();
            // What contradicts itself in there is for composition to refuse; documents are checked as they are.
            Valid::assume_valid(deriving.schema)
        };
        served.schemas[subgraph.index()].get_or_init(derived)
    }
}

struct Deriving<'s> {
    supergraph: &'s Supergraph,
    subgraph: SubgraphId,
    schema: Schema,
}

impl Deriving<'_> {
    fn types(&mut self, source: &Schema) {
        for (name, ty) in &source.types {
            let id = self.supergraph.type_id(name);
            if let Some(id) = id.filter(|&id| self.knows(id))
                && !self.schema.types.contains_key(name)
            {
                let ty = self.derive(id, ty);
                self.schema.types.insert(name.clone(), ty);
            }
        }
    }

    fn knows(&self, id: TypeId) -> bool {
        self.supergraph.ty(id).in_subgraph(self.subgraph).is_some()
    }

    fn is_interface_object(&self, id: TypeId) -> bool {
        let known = self.supergraph.ty(id).in_subgraph(self.subgraph);
        known.is_some_and(|known| known.interface_object)
    }

    fn derive(&self, id: TypeId, ty: &ExtendedType) -> ExtendedType {
        let mut ty = ty.clone();
        match &mut ty {
            ExtendedType::Object(object) => {
                let object = object.make_mut();
                object.directives.0.clear();
                object
                    .implements_interfaces
                    .retain(|interface| self.implements(id, &interface.name));
                self.fields(id, &mut object.fields);
            }
            ExtendedType::Interface(interface) if self.is_interface_object(id) => {
                let mut object = object(interface.name.clone());
                object.fields = interface.fields.clone();
                self.fields(id, &mut object.fields);
                return object.into();
            }
            ExtendedType::Interface(interface) => {
                let interface = interface.make_mut();
                interface.directives.0.clear();
                interface
                    .implements_interfaces
                    .retain(|other| self.implements(id, &other.name));
                self.fields(id, &mut interface.fields);
            }
            ExtendedType::Union(union) => {
                let union = union.make_mut();
                union.directives.0.clear();
                union
                    .members
                    .retain(|member| self.returns(id, &member.name));
            }
            // What all subgraphs agree on: enums and input objects of a supergraph are intersections where they are sent.
            ExtendedType::Scalar(_) | ExtendedType::Enum(_) | ExtendedType::InputObject(_) => {}
        }
        ty
    }

    /// Whether objects of type `id` (or those that an interface stands for) implement an interface here.
    fn implements(&self, id: TypeId, interface: &Name) -> bool {
        let Some(interface) = self.supergraph.type_id(interface) else {
            return false;
        };
        let returned = |id: TypeId| self.supergraph.ty(id).in_subgraph(self.subgraph);
        match (returned(id), returned(interface)) {
            (Some(own), Some(all)) => {
                !all.interface_object && own.possible.is_subset(&all.possible)
            }
            _ => false,
        }
    }

    fn returns(&self, id: TypeId, member: &Name) -> bool {
        let known = self.supergraph.ty(id).in_subgraph(self.subgraph);
        let member = self.supergraph.type_id(member);
        known
            .zip(member)
            .is_some_and(|(known, member)| known.possible.contains(member))
    }

    fn fields(
        &self,
        parent: TypeId,
        fields: &mut apollo_compiler::collections::IndexMap<Name, Component<FieldDefinition>>,
    ) {
        let definition = |name: &Name| {
            let field = self.supergraph.field_of(parent, name)?;
            Some(self.supergraph.field(field))
        };
        fields.retain(|name, _| {
            definition(name).is_some_and(|field| field.in_subgraph(self.subgraph).is_some())
        });
        for (name, field) in fields.iter_mut() {
            if let Some(known) = definition(name) {
                let field = field.make_mut();
                field.ty = known.type_in(self.subgraph).clone();
                let known = known.in_subgraph(self.subgraph);
                let contexts = known.iter().flat_map(|known| &known.contexts);
                let argument = |(name, ty): (&Name, &Type)| InputValueDefinition {
                    description: None,
                    name: name.clone(),
                    ty: ty.clone().into(),
                    default_value: None,
                    directives: Default::default(),
                };
                let set = contexts.map(|one| argument((&one.name, &one.ty)).into());
                field.arguments.extend(set);
                field.directives.0.clear();
            }
        }
    }

    /// Root types, a query type even where the subgraph has no root field.
    fn roots(&mut self) {
        let roots = self.supergraph.roots();
        let name = |root: Option<TypeId>| {
            let name = self.supergraph.type_name(root?).clone();
            let is_known = self.schema.types.contains_key(&name);
            is_known.then(|| ComponentName::from(name))
        };
        let (mutation, subscription) = (name(roots.mutation), name(roots.subscription));
        let query = roots.query.map_or(name!("Query"), |query| {
            self.supergraph.type_name(query).clone()
        });
        let types = &mut self.schema.types;
        types
            .entry(query.clone())
            .or_insert_with(|| object(query.clone()).into());
        let definition = self.schema.schema_definition.make_mut();
        definition.query = Some(query.into());
        (definition.mutation, definition.subscription) = (mutation, subscription);
    }

    /// `_entities`, where the subgraph has any.
    fn entities(&mut self) {
        let keyed = self.supergraph.type_ids().filter(|&id| {
            let ty = self.supergraph.ty(id);
            let known = ty.in_subgraph(self.subgraph);
            let is_object = ty.kind == TypeKind::Object || self.is_interface_object(id);
            is_object && known.is_some_and(|known| !known.keys.is_empty())
        });
        let members: Vec<ComponentName> = keyed
            .map(|id| self.supergraph.type_name(id).clone().into())
            .collect();
        let query = self.schema.schema_definition.query.clone();
        let Some(query) = query.filter(|_| !members.is_empty()) else {
            return;
        };
        let any = ScalarType {
            description: None,
            name: name!("_Any"),
            directives: Default::default(),
        };
        let entity = UnionType {
            description: None,
            name: name!("_Entity"),
            directives: Default::default(),
            members: members.into_iter().collect(),
        };
        let of = |item: Type| Type::NonNullList(Box::new(item));
        let representations = InputValueDefinition {
            description: None,
            name: name!("representations"),
            ty: of(Type::NonNullNamed(any.name.clone())).into(),
            default_value: None,
            directives: Default::default(),
        };
        let entities = ast::FieldDefinition {
            description: None,
            name: name!("_entities"),
            arguments: vec![representations.into()],
            ty: of(Type::Named(entity.name.clone())),
            directives: Default::default(),
        };
        let types = &mut self.schema.types;
        types.insert(any.name.clone(), any.into());
        types.insert(entity.name.clone(), entity.into());
        if let Some(ExtendedType::Object(query)) = types.get_mut(&query.name) {
            let fields = &mut query.make_mut().fields;
            fields.insert(entities.name.clone(), Component::new(entities));
        }
    }
}

fn object(name: Name) -> ObjectType {
    ObjectType {
        description: None,
        name,
        implements_interfaces: Default::default(),
        directives: Default::default(),
        fields: Default::default(),
    }
}
