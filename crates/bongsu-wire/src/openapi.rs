//! The OpenAPI document: components from the types, paths from the table of routes, so that neither can drift.

use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use crate::codec::number;
use crate::rest::{Body, ROUTES, Route};
use crate::schema::*;
use crate::{command::*, event::*, object::*};

/// Everything that has a schema; what these refer to comes along.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Bongsu",
        description = "The REST twin of the WebSocket protocol, which PROTOCOL.md describes. Requests, results and \
                       events of the socket are among the schemas."
    ),
    components(schemas(
        Hello,
        HelloResult,
        Refresh,
        RefreshResult,
        Ack,
        SendMessage,
        SendResult,
        EditMessage,
        DeleteMessage,
        React,
        SeqResult,
        History,
        HistoryPage,
        CreateRoom,
        CreateResult,
        ListRooms,
        RoomPage,
        GetRoom,
        UpdateRoom,
        ListMembers,
        MemberPage,
        AddMembers,
        RemoveMembers,
        LeaveRoom,
        SetRole,
        MarkRead,
        MarkReadResult,
        MarkUnread,
        MarkUnreadResult,
        RoomChanges,
        ChangesResult,
        AcceptRoom,
        ChangeSettings,
        SettingsResult,
        Typing,
        Watch,
        WatchResult,
        ListDevices,
        DeviceList,
        RemoveDevice,
        GetUsers,
        Users,
        UpdateUser,
        UpsertUsers,
        RevokeUser,
        Ping,
        PingResult,
        Done,
        ListRow,
        RemovedRow,
        MessageObject,
        crate::ErrorBody,
        MessageNewSchema,
        MessageEdited,
        MessageDeleted,
        MessageReaction,
        MemberAdded,
        MemberRemoved,
        MemberRole,
        RoomUpdated,
        RoomJoined,
        RoomRemoved,
        RoomRead,
        RoomSettings,
        DeviceRemoved,
        ReadUpdated,
        TypingEvent,
        Presence,
        CaughtUp,
        Lagging,
        Expiring,
        Draining,
        RoomReset
    ))
)]
struct Components;

/// The whole document, as JSON text.
#[must_use]
pub fn openapi() -> String {
    let mut document = serde_json::to_value(Components::openapi()).unwrap_or_default();
    without_null(&mut document);
    within_doubles(&mut document);
    document["info"]["version"] = json!("1");
    document["info"]["license"] = json!({ "name": "Apache-2.0", "identifier": "Apache-2.0" });
    document["components"]["securitySchemes"] = json!({
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "A user's token, or a server key (then X-Bongsu-User names the user to act for)",
        }
    });
    document["components"]["parameters"] = json!({
        "X-Bongsu-User": {
            "name": "X-Bongsu-User",
            "in": "header",
            "required": false,
            "description": "With a server key: act for this user",
            "schema": { "$ref": "#/components/schemas/UserId" },
        }
    });
    document["security"] = json!([{ "bearer": [] }]);
    document["paths"] = paths(&document["components"]["schemas"]);
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

/// An absent field is absent: nowhere does the protocol take or give null.
fn without_null(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if let Some(Value::Array(types)) = object.get_mut("type") {
                types.retain(|name| name != "null");
                if let [one] = types.as_slice() {
                    object["type"] = one.clone();
                }
            }
            if let Some(Value::Array(choices)) = object.get_mut("oneOf") {
                choices.retain(|choice| choice != &json!({ "type": "null" }));
                if let [Value::Object(one)] = choices.as_slice() {
                    let one = one.clone();
                    object.remove("oneOf");
                    object.extend(one);
                }
            }
            object.values_mut().for_each(without_null);
        }
        Value::Array(items) => items.iter_mut().for_each(without_null),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Every number of the protocol is one that a double holds.
fn within_doubles(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if object.get("format") == Some(&json!("int64")) {
                object.insert("maximum".to_owned(), json!(number::END - 1));
            }
            object.values_mut().for_each(within_doubles);
        }
        Value::Array(items) => items.iter_mut().for_each(within_doubles),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn paths(schemas: &Value) -> Value {
    let mut paths = Map::new();
    for route in ROUTES {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.verb.as_str().to_lowercase()] = operation(route, schemas);
    }
    Value::Object(paths)
}

fn operation(route: &Route, schemas: &Value) -> Value {
    let Some(described) = Described::of(route.method) else { return Value::Null };
    let params = match route.body {
        Body::OneUser => &schemas["UserUpdate"],
        Body::None | Body::Fields | Body::Remove => &schemas[described.params],
    };
    let mut parameters = vec![json!({ "$ref": "#/components/parameters/X-Bongsu-User" })];
    for name in route.path_params() {
        let schema = &params["properties"][name];
        parameters.push(json!({ "name": name, "in": "path", "required": true, "schema": bare(schema) }));
    }
    for (name, _) in route.query {
        let schema = &params["properties"][name];
        let required = params["required"].as_array().is_some_and(|required| required.contains(&json!(name)));
        let mut parameter =
            json!({ "name": name, "in": "query", "required": required, "schema": bare(schema) });
        if let Some(description) = schema.get("description") {
            parameter["description"] = description.clone();
        }
        if schema["type"] == "array" {
            parameter["explode"] = json!(false);
        }
        parameters.push(parameter);
    }
    let content = |name: &str| json!({ "application/json": { "schema": { "$ref": format!("#/components/schemas/{name}") } } });
    let mut operation = json!({
        "operationId": operation_id(route),
        "summary": described.summary,
        "tags": [route.method.split('.').next().unwrap_or_default()],
        "parameters": parameters,
        "responses": {
            "200": { "description": "Done", "content": content(described.result) },
            "default": { "description": "Refused", "content": content("ErrorBody") },
        },
    });
    if matches!(route.body, Body::Fields | Body::OneUser) {
        let body = body_schema(route, params);
        let required = body["required"].as_array().is_some_and(|fields| !fields.is_empty());
        operation["requestBody"] =
            json!({ "required": required, "content": { "application/json": { "schema": body } } });
    }
    operation
}

/// A property without its description, which stands beside it.
fn bare(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some(object) = schema.as_object_mut() {
        object.remove("description");
    }
    schema
}

/// The parameters of the method that the path does not hold.
fn body_schema(route: &Route, params: &Value) -> Value {
    let mut schema = params.clone();
    for name in route.path_params() {
        if let Some(properties) = schema["properties"].as_object_mut() {
            properties.remove(name);
        }
        if let Some(required) = schema["required"].as_array_mut() {
            required.retain(|field| field != name);
        }
    }
    schema
}

/// One method can have two routes: a reaction is put and deleted.
fn operation_id(route: &Route) -> String {
    let name = route.method.replace('.', "_");
    match route.body {
        Body::Remove => format!("{name}_remove"),
        Body::None | Body::Fields | Body::OneUser => name,
    }
}
