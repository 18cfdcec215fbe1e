//! What an operation costs the subgraphs, by IBM's directives `@cost` and `@listSize`
//! (<https://ibm.github.io/graphql-specs/cost-spec.html>) and Apollo Router's weights.
//!
//! The cost of an operation is that of its requests: each object that a subgraph resolves costs 1, each leaf 0, unless
//! `@cost` says otherwise; a mutation costs 10 besides. Before anything is sent, lists have as many items as their slicing
//! arguments ask for, or else as is assumed.

use super::plan::{FetchKind, Plan, Position, PositionId, Read};
use crate::operation::OperationKind;
use crate::schema::{Annotations, FieldId, ListSize, Place, SubgraphId, Supergraph, TypeId};
use serde_json::{Map, Value};
use smallvec::SmallVec;

mod arguments;
mod given;

use arguments::{Arguments, Collecting, Inputs};
use given::Given;

/// What a mutation costs, whatever it does.
const MUTATION: f64 = 10.0;

/// What costs more is taken to cost this. Up to here floating-point numbers count one by one, and whatever is multiplied
/// stays a number.
pub const COST_MAX: f64 = (1_u64 << 53) as f64;

fn bounded(cost: f64) -> f64 {
    cost.clamp(0.0, COST_MAX)
}

/// How many items a list is taken to have that neither the schema nor the client says anything about.
#[derive(Clone, Debug, PartialEq)]
pub struct ListSizes {
    pub usual: u32,
    /// By subgraph: its own.
    pub by_subgraph: Vec<Option<u32>>,
}

/// What the requests of a plan cost. Made by [`Cost::new`]; only the values of variables are missing.
#[derive(Debug)]
pub struct Cost {
    base: f64,
    /// By position.
    fields: Vec<Field>,
    charges: Vec<Charge>,
    /// What arguments are given.
    inputs: Inputs,
}

/// A position.
#[derive(Debug)]
struct Field {
    parent: Option<PositionId>,
    size: Size,
    /// What each of its values costs.
    each: f64,
    /// What each of its objects costs as an entity.
    entity: f64,
    arguments: Arguments,
}

/// How many values there are of a field of one object.
#[derive(Debug)]
enum Size {
    One,
    Assumed(f64),
    Asked(Asked),
}

/// As many as arguments say.
#[derive(Debug)]
struct Asked {
    /// The field with the arguments.
    field: String,
    slicing: Vec<Given>,
    /// Whether one of them must be given, and no other.
    exactly_one: bool,
    otherwise: f64,
    /// How many values each item has: more than one in lists of lists.
    inside: f64,
}

/// Something that a request asks for.
#[derive(Clone, Copy, Debug)]
struct Charge {
    subgraph: SubgraphId,
    position: PositionId,
    is_entity: bool,
}

/// What something at a position costs, for one request.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Weight {
    /// Each value.
    pub each: f64,
    /// Each object that is asked for as an entity.
    pub entity: f64,
    /// The arguments, for each object that the field is of. Below 0, they make the field cheaper, down to 0.
    pub arguments: f64,
}

/// What an operation is expected to cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// From 0 to [`COST_MAX`].
    pub total: f64,
    /// What of it every operation of its kind costs.
    pub base: f64,
    /// What each subgraph has of it, for those that have anything.
    pub by_subgraph: SmallVec<[(SubgraphId, f64); 4]>,
    /// By position.
    pub weights: Vec<Weight>,
}

/// Why nothing can be said of an operation's cost.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CostError {
    #[error("exactly one of the slicing arguments of `{field}` must be given, but {given} are")]
    SlicingArguments { field: String, given: usize },
}

impl Cost {
    /// Weighs the requests of a plan.
    pub fn new(plan: &Plan, supergraph: &Supergraph, sizes: &ListSizes) -> Self {
        let mut weighing = Weighing {
            supergraph,
            positions: &plan.positions,
            charges: Vec::new(),
            readers: vec![None; plan.positions.len()],
            collecting: Collecting::new(supergraph),
        };
        for fetch in &plan.fetches {
            match &fetch.kind {
                FetchKind::Root { read, .. } => weighing.read(fetch.subgraph, read),
                FetchKind::Entities(fields) => {
                    for target in fields.iter().flat_map(|field| &field.targets) {
                        weighing.charges.push(Charge {
                            subgraph: fetch.subgraph,
                            position: target.position,
                            is_entity: true,
                        });
                        weighing.read(fetch.subgraph, &target.read);
                    }
                }
            }
        }
        let ids = 0..plan.positions.len() as u32;
        Self {
            base: match plan.kind {
                OperationKind::Mutation => MUTATION,
                OperationKind::Query | OperationKind::Subscription => 0.0,
            },
            fields: ids
                .map(|id| weighing.field(PositionId(id), sizes))
                .collect(),
            charges: weighing.charges,
            inputs: weighing.collecting.inputs,
        }
    }

    /// What it is expected to cost with these values.
    pub fn estimate(
        &self,
        supergraph: &Supergraph,
        variables: &Map<String, Value>,
    ) -> Result<Estimate, CostError> {
        let inputs = self.inputs.weigh(supergraph, variables);
        let mut counts: Vec<f64> = Vec::with_capacity(self.fields.len());
        let mut weights = Vec::with_capacity(self.fields.len());
        for field in &self.fields {
            let around = field.parent.map_or(1.0, |parent| counts[parent.0 as usize]);
            counts.push(bounded(around * field.size.value(variables)?));
            weights.push(Weight {
                each: field.each,
                entity: field.entity,
                arguments: field.arguments.cost(&inputs),
            });
        }
        let mut estimate = Estimate {
            total: self.base,
            base: self.base,
            by_subgraph: SmallVec::new(),
            weights,
        };
        for charge in &self.charges {
            let at = charge.position.0 as usize;
            let weight = estimate.weights[at];
            let around = self.fields[at].parent;
            let around = around.map_or(1.0, |parent| counts[parent.0 as usize]);
            let cost = match charge.is_entity {
                true => counts[at] * weight.entity,
                false => counts[at] * weight.each + around * weight.arguments,
            };
            estimate.add(charge.subgraph, bounded(cost));
        }
        Ok(estimate)
    }
}

impl Estimate {
    fn add(&mut self, subgraph: SubgraphId, cost: f64) {
        self.total = bounded(self.total + cost);
        match self.by_subgraph.iter_mut().find(|(of, _)| *of == subgraph) {
            Some((_, sum)) => *sum = bounded(*sum + cost),
            None => self.by_subgraph.push((subgraph, cost)),
        }
    }
}

impl Size {
    fn value(&self, variables: &Map<String, Value>) -> Result<f64, CostError> {
        let asked = match self {
            Self::One => return Ok(1.0),
            Self::Assumed(size) => return Ok(*size),
            Self::Asked(asked) => asked,
        };
        let mut given = 0;
        let mut largest: Option<f64> = None;
        for argument in &asked.slicing {
            if let Some(number) = argument.number(variables) {
                given += usize::from(!number.is_default);
                largest = Some(largest.unwrap_or(0.0).max(number.size));
            }
        }
        // One that the schema gives a value need not be given.
        let is_one = given == 1 || (given == 0 && largest.is_some());
        if asked.exactly_one && !is_one {
            let field = asked.field.clone();
            return Err(CostError::SlicingArguments { field, given });
        }
        let items = bounded(largest.unwrap_or(asked.otherwise));
        Ok(bounded(items * asked.inside))
    }
}

struct Weighing<'a> {
    supergraph: &'a Supergraph,
    positions: &'a [Position],
    charges: Vec<Charge>,
    /// By position: the first subgraph that reads it.
    readers: Vec<Option<SubgraphId>>,
    collecting: Collecting<'a>,
}

impl<'a> Weighing<'a> {
    fn read(&mut self, subgraph: SubgraphId, read: &Read) {
        for field in &read.fields {
            self.charges.push(Charge {
                subgraph,
                position: field.position,
                is_entity: false,
            });
            self.readers[field.position.0 as usize].get_or_insert(subgraph);
            if let Some(read) = &field.read {
                self.read(subgraph, read);
            }
        }
    }

    fn field(&mut self, id: PositionId, sizes: &ListSizes) -> Field {
        let position = self.position(id);
        let fields = self.fields(id);
        let own = self.annotations(id).filter_map(|found| found.cost).max();
        let kind = type_cost(self.supergraph, position.named);
        let composite = !self.supergraph.ty(position.named).is_leaf();
        let of_type = kind.unwrap_or(f64::from(u8::from(composite)));
        let is_root = position.parent.is_none();
        let each = match own {
            _ if is_root => 0.0,
            Some(cost) => f64::from(cost),
            None => of_type,
        };
        Field {
            parent: position.parent,
            size: self.size(id, sizes),
            each: bounded(each),
            entity: bounded(of_type),
            arguments: self.collecting.arguments(&fields, &position.arguments),
        }
    }

    fn size(&self, id: PositionId, sizes: &ListSizes) -> Size {
        let position = self.position(id);
        if position.lists == 0 {
            return Size::One;
        }
        let reader = self.readers[id.0 as usize];
        let of_reader = reader.and_then(|subgraph| *sizes.by_subgraph.get(subgraph.index())?);
        let usual = f64::from(of_reader.unwrap_or(sizes.usual));
        // What is known is how long the outermost list is.
        let inside = bounded(usual.powi(i32::from(position.lists) - 1));
        let by_parent = position.parent.and_then(|parent| {
            let name = position.field.as_str();
            let has = |size: &&ListSize| size.sized_fields.iter().any(|field| field == name);
            Some((parent, self.list_sizes(parent).find(has)?))
        });
        let by_itself = || {
            let own = |size: &&ListSize| size.sized_fields.is_empty();
            Some((id, self.list_sizes(id).find(own)?))
        };
        let Some((at, size)) = by_parent.or_else(by_itself) else {
            return Size::Assumed(bounded(usual * inside));
        };
        let (fields, arguments) = (self.fields(at), &self.position(at).arguments);
        let names = size.slicing_arguments.iter();
        Size::Asked(Asked {
            field: self.position(at).field.to_string(),
            slicing: names
                .filter_map(|name| Given::new(self.supergraph, (&fields, arguments), name))
                .collect(),
            exactly_one: size.require_one_slicing_argument && !size.slicing_arguments.is_empty(),
            otherwise: size.assumed_size.map_or(usual, f64::from),
            inside,
        })
    }

    fn list_sizes(&self, id: PositionId) -> impl Iterator<Item = &'a ListSize> {
        self.annotations(id)
            .filter_map(|found| found.list_size.as_deref())
    }

    fn annotations(&self, id: PositionId) -> impl Iterator<Item = &'a Annotations> {
        let supergraph = self.supergraph;
        let fields = self.fields(id).into_iter();
        fields.filter_map(move |field| supergraph.annotations(&Place::Field(field)))
    }

    /// The fields that a position stands for: those of the objects, and of the interface they are seen through.
    fn fields(&self, id: PositionId) -> SmallVec<[FieldId; 2]> {
        let position = self.position(id);
        let mut fields: SmallVec<[FieldId; 2]> = position.fields.iter().copied().collect();
        if let Some(parent) = position.parent {
            let declared = self.position(parent).named;
            fields.extend(self.supergraph.field_of(declared, &position.field));
        }
        fields.dedup();
        fields
    }

    fn position(&self, id: PositionId) -> &'a Position {
        &self.positions[id.0 as usize]
    }
}

/// What `@cost` says of a type.
fn type_cost(supergraph: &Supergraph, ty: TypeId) -> Option<f64> {
    supergraph
        .annotations(&Place::Type(ty))
        .and_then(|found| found.cost)
        .map(f64::from)
}
