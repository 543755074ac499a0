//! The API's own description, assembled from the list of endpoints and the types that they take and give.
//!
//! It stands in the repository too, because the page's types are made of it: a test refuses one that is not what the
//! code says.

use axum::Json;
use schemars::generate::{Contract, SchemaGenerator, SchemaSettings};
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

use super::endpoint::Endpoint;
use super::guard::Access;
use super::routes::endpoints;

/// Makes the schema of a type, and keeps those that it names.
pub(crate) type Shape = fn(&mut SchemaGenerator) -> Schema;

/// The schema of a type, or a reference to it.
pub(crate) fn shape<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// The description of this API, in OpenAPI 3.1.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it is only described")]
pub(super) struct Document {
    /// Version of OpenAPI.
    openapi: String,
    /// What is described.
    info: Map<String, Value>,
    /// Each endpoint, by its path and its method.
    paths: Map<String, Value>,
    /// The types that they take and give, and how one is let in.
    components: Map<String, Value>,
}

pub(super) async fn show() -> Json<Value> {
    Json(document())
}

/// The description of every endpoint, in OpenAPI 3.1.
pub(crate) fn document() -> Value {
    let mut writer =
        Writer { taken: generator(Contract::Deserialize), given: generator(Contract::Serialize) };
    let mut paths = Map::new();
    for endpoint in endpoints() {
        let path = paths.entry(endpoint.path).or_insert_with(|| json!({}));
        path[endpoint.method.as_str().to_lowercase()] = writer.operation(&endpoint);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "AIOS admin API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Everything that can be seen and done at the admin address.",
        },
        "paths": paths,
        "components": { "schemas": writer.schemas(), "securitySchemes": security() },
    })
}

fn generator(contract: Contract) -> SchemaGenerator {
    let mut settings = SchemaSettings::draft2020_12();
    settings.definitions_path = "/components/schemas".into();
    settings.contract = contract;
    settings.into_generator()
}

fn security() -> Value {
    json!({
        "token": { "type": "http", "scheme": "bearer" },
        "session": { "type": "apiKey", "in": "cookie", "name": format!("{}INSTANCE", super::session::NAME) },
    })
}

/// Describes endpoints, one after the other.
struct Writer {
    /// Of what is taken: what may be left out need not be there.
    taken: SchemaGenerator,
    /// Of what is given: everything is there.
    given: SchemaGenerator,
}

impl Writer {
    fn operation(&mut self, endpoint: &Endpoint) -> Value {
        let answer = json!((endpoint.says)(&mut self.given));
        let (media, status) = (endpoint.media, endpoint.status.as_str());
        let mut operation = json!({
            "operationId": name_of(endpoint),
            "summary": self.summary(&answer),
            "x-access": access(endpoint.access),
            "responses": {
                status: {
                    "description": "done",
                    "content": { media: { "schema": answer } },
                },
                "default": {
                    "description": "why it was not done",
                    "content": { "application/json": { "schema": error(&mut self.given) } },
                },
            },
        });
        if matches!(endpoint.access, Access::Known | Access::Scope(_) | Access::Local(_)) {
            operation["security"] = json!([{ "token": [] }, { "session": [] }]);
        }
        let parameters = self.parameters(endpoint);
        if !parameters.is_empty() {
            operation["parameters"] = json!(parameters);
        }
        if let Some(asks) = endpoint.asks {
            let schema = asks(&mut self.taken);
            operation["requestBody"] = json!({ "required": true, "content": { "application/json": { "schema": schema } } });
        }
        operation
    }

    /// What a type says of itself.
    fn summary(&self, reference: &Value) -> Option<Value> {
        let name = reference["$ref"].as_str()?.rsplit('/').next()?;
        self.given.definitions().get(name)?.get("description").cloned()
    }

    /// Those of the path and those of the query, which are the fields of its type.
    fn parameters(&mut self, endpoint: &Endpoint) -> Vec<Value> {
        let in_path = endpoint.path.split('/').filter_map(|part| part.strip_prefix('{'));
        let in_path = in_path.map(|name| {
            let name = name.trim_end_matches('}');
            json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } })
        });
        let mut all: Vec<_> = in_path.collect();
        let Some(query) = endpoint.query else { return all };
        // Its fields stand in the address one by one, so it is no type of the document.
        let mut own = self.taken.settings().clone().into_generator();
        let reference = json!(query(&mut own));
        let mut schemas = own.take_definitions(true);
        let name = reference["$ref"].as_str().and_then(|path| path.rsplit('/').next());
        let Some(fields) = name.and_then(|name| schemas.remove(name)) else { return all };
        self.taken.definitions_mut().extend(schemas);
        let fields = fields["properties"].as_object().cloned().unwrap_or_default();
        all.extend(fields.into_iter().map(|(name, mut schema)| {
            let about = schema.as_object_mut().and_then(|schema| schema.remove("description"));
            json!({ "name": name, "in": "query", "description": about, "schema": schema })
        }));
        all
    }

    fn schemas(mut self) -> Map<String, Value> {
        let mut schemas = self.taken.take_definitions(true);
        schemas.extend(self.given.take_definitions(true));
        schemas.sort_keys();
        schemas
    }
}

fn error(generator: &mut SchemaGenerator) -> Schema {
    /// Why something was not done.
    #[derive(serde::Serialize, JsonSchema)]
    #[serde(rename = "Error")]
    struct Told {
        /// Why.
        error: Why,
    }
    /// Why something was not done.
    #[derive(serde::Serialize, JsonSchema)]
    struct Why {
        /// As a word, for programs.
        code: String,
        /// For people.
        message: String,
    }
    shape::<Told>(generator)
}

/// Such as `get_view_overview`.
fn name_of(endpoint: &Endpoint) -> String {
    let path = endpoint.path.strip_prefix("/admin/v1").unwrap_or(endpoint.path);
    let words = path.split(|letter: char| !letter.is_ascii_alphanumeric());
    let words = words.filter(|word| !word.is_empty());
    std::iter::once(endpoint.method.as_str().to_lowercase().as_str())
        .chain(words)
        .collect::<Vec<_>>()
        .join("_")
}

fn access(access: Access) -> String {
    match access {
        Access::Anyone => "anyone".to_owned(),
        Access::Visitor => "visitor".to_owned(),
        Access::Known => "known".to_owned(),
        Access::Local(scope) => format!("local {scope}"),
        Access::Scope(scope) => scope.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the page's types are made from. With `AIOS_WRITE_OPENAPI=1` it is written.
    const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../dashboard/src/api/openapi.json");

    #[test]
    fn the_description_in_the_repository_is_what_the_code_says() {
        let text = serde_json::to_string_pretty(&document()).unwrap() + "\n";
        if std::env::var_os("AIOS_WRITE_OPENAPI").is_some() {
            std::fs::create_dir_all(std::path::Path::new(FILE).parent().unwrap()).unwrap();
            std::fs::write(FILE, &text).unwrap();
        }
        let kept = std::fs::read_to_string(FILE).unwrap_or_default().replace("\r\n", "\n");
        assert!(
            kept == text,
            "dashboard/src/api/openapi.json is of another version of the code; write it with `AIOS_WRITE_OPENAPI=1 cargo test -p aios-server openapi`"
        );
    }

    #[test]
    fn no_endpoint_answers_with_just_anything() {
        for endpoint in endpoints() {
            let mut writer = generator(Contract::Serialize);
            let answer = json!((endpoint.says)(&mut writer));
            let is_named = answer["$ref"].is_string() || answer["anyOf"].is_array();
            assert!(is_named || answer["type"] == "string", "{}: {answer}", endpoint.path);
        }
    }

    #[test]
    fn everything_that_is_named_is_there() {
        let document = document();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let text = document.to_string();
        let named: Vec<_> = text.split("\"#/components/schemas/").skip(1).collect();
        assert!(named.len() > 30, "{}", named.len());
        for rest in named {
            let name = rest.split('"').next().unwrap();
            assert!(schemas.contains_key(name), "{name}");
        }
    }
}
