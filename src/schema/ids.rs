//! Small integer names for the things of a supergraph, so that planning compares numbers and not strings.

/// Index of a subgraph in [`super::Supergraph::subgraphs`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubgraphId(pub u16);

/// Index of a named type (of any kind) in [`super::Supergraph::types`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeId(pub u32);

/// Index of a field definition of an object or interface type in [`super::Supergraph::fields`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldId(pub u32);

/// Index of a label of `@override` in [`super::Supergraph::labels`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LabelId(pub u32);

impl SubgraphId {
    /// The position of this subgraph in a table with a row per subgraph.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl TypeId {
    /// The position of this type in a table with a row per type.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl FieldId {
    /// The position of this field in a table with a row per field.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl LabelId {
    /// The position of this label in a table with a row per label.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}
