//! Subgraphs that nobody wrote: ownership, keys, requirements, provisions, overrides, interfaces, unions, interface
//! objects and value types, all by chance. What does not compose is thrown away by whoever asks.

use std::fmt::Write;

use super::random::Random;
use super::sketch::{ARGUMENTS, Entity, Field, Home, KEYS, SCALARS};

/// Names and SDLs of the subgraphs of a seed.
pub fn invent(seed: u64) -> Vec<(String, String)> {
    let mut inventor = Inventor::new(seed);
    inventor.add_fields();
    inventor.add_overrides();
    inventor.add_requirements();
    inventor.add_provisions();
    inventor.written()
}

struct Inventor {
    random: Random,
    graphs: usize,
    entities: Vec<Entity>,
    /// The entities of the interface `Named`, and the members of the union `Either` by subgraph.
    named: Vec<usize>,
    /// Whether the first entities stand behind an interface object in other subgraphs.
    has_general: bool,
}

impl Inventor {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed ^ 0x1e57_ab1e);
        let graphs = 2 + random.below(3);
        let mut entities = Vec::new();
        for index in 0..3 + random.below(3) {
            let mut keys = vec![0];
            keys.extend((1..KEYS.len()).filter(|_| random.chance(30)));
            let mut homes: Vec<Home> = Vec::new();
            let first = random.below(graphs);
            for step in 0..graphs {
                let graph = (first + step) % graphs;
                if step > 0 && random.chance(35) {
                    continue;
                }
                let mut own = keys.clone();
                own.retain(|_| step == 0 || random.chance(60));
                if own.is_empty() {
                    own.extend(random.pick(&keys));
                }
                homes.push(Home::new(graph, own));
            }
            entities.push(Entity {
                name: format!("E{index}"),
                keys,
                homes,
                fields: Vec::new(),
            });
        }
        let mut named: Vec<usize> = (0..entities.len()).collect();
        named.retain(|_| random.chance(60));
        let has_general = random.chance(50);
        Inventor {
            random,
            graphs,
            entities,
            named,
            has_general,
        }
    }

    fn add_fields(&mut self) {
        for entity in 0..self.entities.len() {
            for index in 0..3 + self.random.below(4) {
                let owners = self.owners(entity);
                let named = self.named_type(&owners);
                let arguments = if self.random.chance(25) {
                    1 + self.random.below(3)
                } else {
                    0
                };
                let field = Field {
                    name: format!("f{index}"),
                    ty: self.wrapped(&named),
                    named,
                    arguments,
                    shareable: owners.len() > 1,
                    owners,
                    former: None,
                    requires: String::new(),
                    provides: Vec::new(),
                };
                self.entities[entity].fields.push(field);
            }
        }
        for entity in self.named.clone() {
            let owners = self.owners(entity);
            self.entities[entity].fields.push(Field {
                name: "label".to_owned(),
                named: "String".to_owned(),
                ty: "String".to_owned(),
                arguments: 0,
                shareable: owners.len() > 1,
                owners,
                former: None,
                requires: String::new(),
                provides: Vec::new(),
            });
        }
    }

    /// Some of the subgraphs that have an entity: mostly one.
    fn owners(&mut self, entity: usize) -> Vec<usize> {
        let homes: Vec<usize> = self.entities[entity]
            .homes
            .iter()
            .map(|h| h.graph)
            .collect();
        let first = self.random.pick(&homes).copied().unwrap_or(0);
        let mut owners = vec![first];
        if self.random.chance(30) {
            owners.extend(
                homes
                    .iter()
                    .filter(|home| **home != first && self.random.chance(60)),
            );
        }
        owners
    }

    /// What a field that these subgraphs have can be; they learn of an entity if they must.
    fn named_type(&mut self, owners: &[usize]) -> String {
        match self.random.below(10) {
            0..4 => self
                .random
                .pick(&SCALARS)
                .copied()
                .unwrap_or("Int")
                .to_owned(),
            4 => "Size".to_owned(),
            5 if !self.named.is_empty() && self.knows_named(owners) => "Named".to_owned(),
            6 => "Either".to_owned(),
            _ => {
                let entity = self.random.below(self.entities.len());
                for &graph in owners {
                    self.introduce(entity, graph);
                }
                self.entities[entity].name.clone()
            }
        }
    }

    fn knows_named(&self, graphs: &[usize]) -> bool {
        graphs.iter().all(|graph| !self.named_in(*graph).is_empty())
    }

    /// The entities that implement `Named` in a subgraph: those it can name by `id`.
    fn named_in(&self, graph: usize) -> Vec<usize> {
        let named = self.named.iter().copied();
        named
            .filter(|entity| {
                let home = self.entities[*entity].home(graph);
                home.is_some_and(|home| home.keys.contains(&0) && home.resolvable)
            })
            .collect()
    }

    /// Makes an entity known to a subgraph, by its `id` alone.
    fn introduce(&mut self, entity: usize, graph: usize) {
        if self.entities[entity].home(graph).is_none() {
            let mut home = Home::new(graph, vec![0]);
            home.resolvable = self.random.chance(50);
            self.entities[entity].homes.push(home);
        }
    }

    fn wrapped(&mut self, named: &str) -> String {
        match self.random.below(8) {
            0 => format!("[{named}!]!"),
            1 => format!("[{named}]"),
            2 => format!("[[{named}!]]"),
            3 => format!("{named}!"),
            4 => format!("[{named}!]"),
            _ => named.to_owned(),
        }
    }

    fn add_overrides(&mut self) {
        for entity in &mut self.entities {
            let homes: Vec<usize> = entity.homes.iter().map(|home| home.graph).collect();
            for field in &mut entity.fields {
                let is_plain = field.owners.len() == 1 && SCALARS.contains(&field.named.as_str());
                let other = self.random.pick(&homes).copied();
                if is_plain && self.random.chance(12) && other != Some(field.owners[0]) {
                    field.former = Some(field.owners[0]);
                    field.owners = other.into_iter().collect();
                }
            }
        }
    }

    fn add_requirements(&mut self) {
        for index in 0..self.entities.len() {
            for home in 0..self.entities[index].homes.len() {
                if self.random.chance(55) {
                    self.add_requirement(index, home, self.entities[index].fields.len());
                }
            }
        }
    }

    /// A field of a home that is made of what other subgraphs know.
    fn add_requirement(&mut self, index: usize, home: usize, number: usize) {
        let graph = self.entities[index].homes[home].graph;
        let mut sets = Vec::new();
        let mut lines = Vec::new();
        for at in 0..self.entities[index].fields.len() {
            let field = &self.entities[index].fields[at];
            let is_elsewhere = !field.owners.contains(&graph) && field.former != Some(graph);
            if !is_elsewhere || sets.len() > 1 || !self.random.chance(50) {
                continue;
            }
            let field = &self.entities[index].fields[at];
            let below = match field.named.as_str() {
                named if SCALARS.contains(&named) => "",
                "Size" => " { high unit }",
                "Named" | "Either" => continue,
                _ => " { id }",
            };
            let (declared, filled) = ARGUMENTS[field.arguments];
            let (name, ty, named) = (field.name.clone(), field.ty.clone(), field.named.clone());
            sets.push(format!("{name}{filled}{below}"));
            lines.push((name.clone(), format!("{name}{declared}: {ty} @external")));
            if let Some(other) = self.entities.iter().position(|other| other.name == named) {
                self.introduce(other, graph);
            }
        }
        if sets.is_empty() {
            return;
        }
        let home = &mut self.entities[index].homes[home];
        for (name, line) in lines {
            home.externals.push(name);
            home.lines.push(line);
        }
        let arguments = usize::from(self.random.chance(20));
        self.entities[index].fields.push(Field {
            name: format!("r{number}"),
            named: "Int".to_owned(),
            ty: "Int".to_owned(),
            arguments,
            owners: vec![graph],
            former: None,
            shareable: false,
            requires: sets.join(" "),
            provides: Vec::new(),
        });
    }

    /// Lets fields that lead to an entity tell something of it that the subgraph does not know otherwise.
    fn add_provisions(&mut self) {
        for entity in 0..self.entities.len() {
            for at in 0..self.entities[entity].fields.len() {
                let field = &self.entities[entity].fields[at];
                let Some(&graph) = field.owners.first().filter(|_| self.random.chance(50)) else {
                    continue;
                };
                let named = field.named.clone();
                let Some(other) = self.entities.iter().position(|other| other.name == named) else {
                    continue;
                };
                if let Some(set) = self.provided(other, graph) {
                    self.entities[entity].fields[at].provides.push((graph, set));
                }
            }
        }
    }

    /// A field set of an entity that a subgraph can be given to tell.
    fn provided(&mut self, other: usize, graph: usize) -> Option<String> {
        let fields = &self.entities[other].fields;
        let candidates: Vec<usize> = (0..fields.len())
            .filter(|at| {
                let field = &fields[*at];
                !field.owners.contains(&graph)
                    && field.former.is_none()
                    && field.requires.is_empty()
                    && field.arguments == 0
                    && SCALARS.contains(&field.named.as_str())
            })
            .collect();
        let at = *self.random.pick(&candidates)?;
        let field = &mut self.entities[other].fields[at];
        field.shareable = true;
        let (name, line) = (
            field.name.clone(),
            format!("{}: {} @external", field.name, field.ty),
        );
        let home = self.entities[other]
            .homes
            .iter_mut()
            .find(|home| home.graph == graph)?;
        if !home.externals.contains(&name) {
            home.externals.push(name.clone());
            home.lines.push(line);
        }
        Some(name)
    }

    fn written(mut self) -> Vec<(String, String)> {
        let graphs = 0..self.graphs;
        graphs
            .map(|graph| (format!("s{graph}"), self.graph(graph)))
            .collect()
    }

    fn graph(&mut self, graph: usize) -> String {
        let mut out = String::new();
        let mut roots = Vec::new();
        for entity in &self.entities {
            let Some(home) = entity.home(graph) else {
                continue;
            };
            let named = self
                .named_in(graph)
                .iter()
                .any(|at| self.entities[*at].name == entity.name);
            out += &entity.written(home, named);
            let name = &entity.name;
            if self.random.chance(45) {
                roots.push(format!("{}{graph}: [{name}!]!", name.to_lowercase()));
            }
            if self.random.chance(25) {
                roots.push(format!("one{name}{graph}(id: ID): {name}"));
            }
        }
        let named = self.named_in(graph);
        if !named.is_empty() {
            let labelled = named
                .iter()
                .all(|at| self.entities[*at].tells("label", graph));
            let label = if labelled { " label: String" } else { "" };
            let _ = writeln!(out, "interface Named {{ id: ID!{label} }}");
            roots.push(format!("named{graph}: [Named]"));
        }
        out += &self.general(graph, &mut roots);
        let members: Vec<&str> = self.members(graph);
        let _ = writeln!(out, "union Either = {}", members.join(" | "));
        roots.push(format!("either{graph}: [Either!]"));
        if self.random.chance(40) {
            let _ = writeln!(
                out,
                "type Mutation {{ do{graph}(n: Int): Either all: Size @shareable }}"
            );
        }
        roots.push("size: [Size!] @shareable".to_owned());
        let width = if self.random.chance(60) {
            " wide: Int"
        } else {
            ""
        };
        let _ = writeln!(
            out,
            "type Size @shareable {{ high: Int unit: String!{width} }}\n\
             type Part @shareable {{ no: Int! kind: String! }}\n\
             enum Colour {{ RED GREEN }}\n\
             type Query {{ {} }}",
            roots.join(" ")
        );
        out
    }

    /// The members of the union here: some of what the subgraph knows.
    fn members(&mut self, graph: usize) -> Vec<&str> {
        let mut members = vec!["Size"];
        let (random, entities) = (&mut self.random, &self.entities);
        let known = entities
            .iter()
            .filter(|entity| entity.home(graph).is_some());
        members.extend(
            known
                .filter(|_| random.chance(60))
                .map(|entity| entity.name.as_str()),
        );
        members
    }

    /// An interface in the first subgraph, and objects that stand for it in the others.
    fn general(&mut self, graph: usize, roots: &mut Vec<String>) -> String {
        if !self.has_general {
            return String::new();
        }
        roots.push(format!("general{graph}: [General!]"));
        if graph == 0 {
            return "interface General @key(fields: \"id\") { id: ID! title: String next: General }\n\
                    type Red implements General @key(fields: \"id\") { id: ID! title: String next: General red: Int }\n\
                    type Blue implements General @key(fields: \"id\") { id: ID! title: String next: Blue blue: Size }\n"
                .to_owned();
        }
        let requires = self.random.chance(60);
        let requires = match requires {
            true => format!(" title: String @external g{graph}: Int @requires(fields: \"title\")"),
            false => format!(" g{graph}: General"),
        };
        format!(
            "type General @interfaceObject @key(fields: \"id\") {{ id: ID! h{graph}: [Either] k{graph}: General{requires} }}\n"
        )
    }
}
