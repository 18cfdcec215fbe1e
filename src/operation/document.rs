//! Text → [`Document`]: parsing, validation, choice of the operation.

use super::{
    Diagnostic, Error, Measures, OperationKind,
    conditions::Conditions,
    depends,
    fold::{self, Settled},
    measure::{self, DEPTH_MAX},
    normal,
    permits::{self, Demanded, Permits},
    variables,
};
use crate::schema::{Labels, Supergraph};
use apollo_compiler::{
    ExecutableDocument, Name, Node, ast, executable, parser::Parser, validation::Valid,
};
use serde_json::{Map, Value};

/// What the parser may take. `limits.parser_max_tokens` and `limits.parser_max_recursion` in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParserLimits {
    pub max_tokens: usize,
    pub max_recursion: usize,
}

impl Default for ParserLimits {
    fn default() -> Self {
        Self {
            max_tokens: 15_000,
            max_recursion: 500,
        }
    }
}

/// How many fragments apollo-compiler follows from one to the next.
const FRAGMENT_DEPTH_MAX: usize = 100;

/// A valid document with one operation chosen, measured. Conditions are not settled yet.
#[derive(Debug)]
pub struct Document {
    document: Valid<ExecutableDocument>,
    operation: Node<executable::Operation>,
    measures: Measures,
    /// The variables that `@skip` and `@include` depend on.
    condition_variables: Vec<Name>,
    labels: Labels,
    claims: Vec<Demanded>,
    has_introspection: bool,
}

/// Parses, validates and measures `text` against the API schema.
pub fn prepare(
    supergraph: &Supergraph,
    text: &str,
    operation_name: Option<&str>,
    limits: &ParserLimits,
) -> Result<Document, Error> {
    let ast = parse(text, limits)?;
    refuse_incremental(&ast)?;
    choose(&ast, operation_name)?;
    let document = ast
        .to_executable_validate(supergraph.api())
        .map_err(|invalid| refused(Diagnostic::all(&invalid.errors)))?;
    let operation = document
        .operations
        .get(operation_name)
        .map_err(|_| Error::NoOperation)?
        .clone();
    if operation.is_subscription() {
        return Err(Error::Unsupported("subscriptions"));
    }
    let measures = measure::measure(&document, &operation)?;
    let has_introspection = operation
        .root_fields(&document)
        .any(|field| matches!(field.name.as_str(), "__schema" | "__type"));
    let condition_variables = depends::condition_variables(&document, &operation);
    let labels = depends::labels(supergraph, &document, &operation);
    let claims = permits::claims(supergraph, &document, &operation);
    Ok(Document {
        document,
        operation,
        measures,
        condition_variables,
        labels,
        claims,
        has_introspection,
    })
}

impl Document {
    /// Query or mutation.
    pub fn kind(&self) -> OperationKind {
        OperationKind::from(self.operation.operation_type)
    }

    /// The operation's name, if it has one.
    pub fn name(&self) -> Option<&str> {
        self.operation.name.as_ref().map(Name::as_str)
    }

    /// How large the operation is.
    pub fn measures(&self) -> &Measures {
        &self.measures
    }

    /// Coerces the request's variables (GraphQL spec section 6.1.2), defaults included.
    pub fn coerce(
        &self,
        supergraph: &Supergraph,
        variables: Map<String, Value>,
    ) -> Result<Map<String, Value>, Error> {
        if self.operation.variables.is_empty() {
            return Ok(Map::new());
        }
        variables::coerce(supergraph.api(), &self.operation, variables)
    }

    /// Checks one value of a variable, whatever the others may be.
    pub fn accepts(
        &self,
        supergraph: &Supergraph,
        variable: &str,
        value: Value,
    ) -> Result<(), Error> {
        let mut alone = executable::Operation::clone(&self.operation);
        alone.variables.retain(|declared| declared.name == variable);
        let given = Map::from_iter([(variable.to_owned(), value)]);
        variables::coerce(supergraph.api(), &alone, given).map(drop)
    }

    /// The values of the operation's `@skip` and `@include` conditions, from coerced variables.
    pub fn conditions(&self, variables: &Map<String, Value>) -> Conditions {
        let values = self.condition_variables.iter();
        Conditions::new(
            values
                .map(|name| variables.get(name.as_str()) == Some(&Value::Bool(true)))
                .collect(),
        )
    }

    /// The variables that conditions depend on, in the order of [`Conditions`].
    pub fn condition_variables(&self) -> &[Name] {
        &self.condition_variables
    }

    /// The labels of `@override` that the operation's plan depends on.
    pub fn labels(&self) -> &Labels {
        &self.labels
    }

    /// What callers must show to be given all that the operation selects, by the indices of [`Conditions::unmet`].
    pub fn claims(&self) -> &[Demanded] {
        &self.claims
    }

    /// The operation with its conditions settled and its fragments expanded.
    pub fn fold(
        &self,
        supergraph: &Supergraph,
        conditions: &Conditions,
    ) -> Result<normal::Operation, Error> {
        let variables = self
            .condition_variables
            .iter()
            .cloned()
            .zip(conditions.values())
            .collect();
        let unmet = conditions.unmet().iter();
        let unmet = unmet.filter_map(|index| self.claims.get(*index as usize));
        let settled = Settled {
            variables,
            labels: conditions.labels(),
            permits: Permits::without(unmet.collect()),
        };
        fold::fold(supergraph, (&self.document, &self.operation), settled)
    }

    /// Whether `__schema` or `__type` may be asked for.
    pub fn has_introspection(&self) -> bool {
        self.has_introspection
    }

    /// The validated document and the chosen operation, for introspection.
    pub fn executable(&self) -> (&Valid<ExecutableDocument>, &Node<executable::Operation>) {
        (&self.document, &self.operation)
    }
}

fn parse(text: &str, limits: &ParserLimits) -> Result<ast::Document, Error> {
    let mut parser = Parser::new()
        .token_limit(limits.max_tokens)
        .recursion_limit(limits.max_recursion);
    parser
        .parse_ast(text, "operation.graphql")
        .map_err(|failed| {
            let is_limit = |diagnostic: &apollo_compiler::diagnostic::Diagnostic<_>| {
                let data: &apollo_compiler::validation::DiagnosticData = diagnostic.error;
                data.unstable_error_name() == Some("ParserLimit")
                    || data.to_string().contains("limit reached")
            };
            if !failed.errors.iter().any(|diagnostic| is_limit(&diagnostic)) {
                return Error::Syntax(Diagnostic::all(&failed.errors));
            }
            if parser.tokens_reached() > limits.max_tokens {
                Error::TokenLimit {
                    limit: limits.max_tokens,
                }
            } else {
                Error::RecursionLimit {
                    limit: limits.max_recursion,
                }
            }
        })
}

/// What validation found wrong. Where it gave up, that is the reason: the rest may not be wrong at all.
fn refused(found: Vec<Diagnostic>) -> Error {
    let says = |text: &str| found.iter().any(|one| one.message.ends_with(text));
    if says("contains too much nesting") {
        Error::RecursionLimit {
            limit: FRAGMENT_DEPTH_MAX,
        }
    } else if says("too much recursion") {
        Error::RecursionLimit { limit: DEPTH_MAX }
    } else {
        Error::Validation(found)
    }
}

/// Says plainly that `@defer` and `@stream` are not there, before validation calls them unknown.
fn refuse_incremental(document: &ast::Document) -> Result<(), Error> {
    let mut pending: Vec<&ast::Selection> = Vec::new();
    for definition in &document.definitions {
        match definition {
            ast::Definition::OperationDefinition(operation) => {
                pending.extend(&operation.selection_set)
            }
            ast::Definition::FragmentDefinition(fragment) => {
                pending.extend(&fragment.selection_set)
            }
            _ => {}
        }
    }
    while let Some(selection) = pending.pop() {
        let directives = match selection {
            ast::Selection::Field(field) => {
                pending.extend(&field.selection_set);
                &field.directives
            }
            ast::Selection::InlineFragment(fragment) => {
                pending.extend(&fragment.selection_set);
                &fragment.directives
            }
            ast::Selection::FragmentSpread(spread) => &spread.directives,
        };
        if directives.has("defer") || directives.has("stream") {
            return Err(Error::Unsupported("@defer and @stream"));
        }
    }
    Ok(())
}

/// Checks that the operation to run can be told (GraphQL spec section 6.1.1, GetOperation).
fn choose(document: &ast::Document, wanted: Option<&str>) -> Result<(), Error> {
    let mut operations = document
        .definitions
        .iter()
        .filter_map(|definition| match definition {
            ast::Definition::OperationDefinition(operation) => Some(operation),
            _ => None,
        });
    match wanted {
        Some(wanted) => operations
            .any(|operation| operation.name.as_ref().is_some_and(|name| name == wanted))
            .then_some(())
            .ok_or_else(|| Error::UnknownOperation(wanted.to_owned())),
        None => match operations.count() {
            0 => Err(Error::NoOperation),
            1 => Ok(()),
            _ => Err(Error::AmbiguousOperation),
        },
    }
}
