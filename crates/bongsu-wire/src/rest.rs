//! The same methods over HTTP: one table of routes, and how a request becomes the command of its method.
//!
//! A route adds nothing to a method: path, query and body together are its parameters, so they are read by the same
//! code and refused with the same errors as on the socket.

mod routes;

use std::fmt::Write;

use serde_json::value::RawValue;

use crate::frame::to_text;
use crate::{Command, ErrorKind, WireError};

pub use routes::ROUTES;

/// A route of the REST API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// HTTP method.
    pub verb: Verb,
    /// Path, with the names of parameters in braces.
    pub path: &'static str,
    /// Method of the protocol it stands for.
    pub method: &'static str,
    /// Parameters taken from the query.
    pub query: &'static [(&'static str, Form)],
    /// How the body enters the parameters.
    pub body: Body,
}

/// An HTTP method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verb {
    /// Reads.
    Get,
    /// Does.
    Post,
    /// Sets.
    Put,
    /// Changes.
    Patch,
    /// Removes.
    Delete,
}

impl Verb {
    /// Its name, in capitals.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// How the text of a query parameter is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As it is.
    Text,
    /// As an integer.
    Number,
    /// `true` or `false`.
    Flag,
    /// As texts with commas between them.
    List,
}

/// How the body enters the parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// There is none.
    None,
    /// Its fields are the parameters that the path does not hold.
    Fields,
    /// There is none, and the method is told `remove: true`.
    Remove,
    /// With the path it is the one item of the parameter `users`.
    OneUser,
}

impl Route {
    /// Reads a request of this route. `path` are the names and decoded values of the path's parameters; `query` is the
    /// raw query; `body` is the raw body, which may be empty where no field is needed.
    ///
    /// # Errors
    /// `parse` when the body is not JSON; else as [`Command::decode`].
    pub fn decode(&self, path: &[(&str, &str)], query: &str, body: &[u8]) -> Result<Command, WireError> {
        let mut fields = Fields::default();
        for (name, value) in path {
            let form = if *name == "seq" { Form::Number } else { Form::Text };
            fields.push(name, form, value)?;
        }
        for (name, value) in pairs(query)? {
            if let Some((name, form)) = self.query.iter().find(|(known, _)| *known == name) {
                fields.push(name, *form, &value)?;
            }
        }
        let params = match self.body {
            Body::None => fields.close(),
            Body::Fields => {
                fields.extend(body)?;
                fields.close()
            }
            Body::Remove => {
                fields.push("remove", Form::Flag, "true")?;
                fields.close()
            }
            Body::OneUser => {
                fields.extend(body)?;
                format!("{{\"users\":[{}]}}", fields.close())
            }
        };
        Command::decode(self.method, &params)
    }

    /// Names of the path's parameters.
    pub fn path_params(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }
}

fn pairs(query: &str) -> Result<Vec<(String, String)>, WireError> {
    serde_urlencoded::from_str(query).map_err(|_| WireError::invalid_params("query", "is not a query"))
}

/// A JSON object in the making, as text: values keep the form they were sent in.
#[derive(Default)]
struct Fields(String);

impl Fields {
    fn push(&mut self, name: &str, form: Form, value: &str) -> Result<(), WireError> {
        let value = match form {
            Form::Text => to_text(&value),
            Form::List => to_text(&value.split(',').collect::<Vec<_>>()),
            Form::Number => match value.parse::<u64>() {
                Ok(number) => number.to_string(),
                Err(_) => return Err(WireError::invalid_params(name, "must be an integer")),
            },
            Form::Flag => match value {
                "true" | "false" => value.to_owned(),
                _ => return Err(WireError::invalid_params(name, "must be true or false")),
            },
        };
        let comma = if self.0.is_empty() { "" } else { "," };
        write!(self.0, "{comma}\"{name}\":{value}").expect("a String takes all that is written to it");
        Ok(())
    }

    /// Adds the fields of a body as they are.
    fn extend(&mut self, body: &[u8]) -> Result<(), WireError> {
        if body.is_empty() {
            return Ok(());
        }
        let raw: &RawValue = serde_json::from_slice(body)
            .map_err(|_| WireError::new(ErrorKind::Parse, "the body is not JSON"))?;
        let Some(inner) = raw.get().strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
            return Err(WireError::invalid_params("params", "must be an object"));
        };
        if !self.0.is_empty() && !inner.trim().is_empty() {
            self.0.push(',');
        }
        self.0.push_str(inner);
        Ok(())
    }

    fn close(self) -> String {
        format!("{{{}}}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{History, React, UpsertUsers};

    const ROOM: &str = "019a5c2e-7b00-7c3d-9e4f-5a6b7c8d9e0f";

    fn route(verb: Verb, path: &str) -> &'static Route {
        ROUTES.iter().find(|route| route.verb == verb && route.path == path).unwrap()
    }

    #[test]
    fn every_route_stands_for_a_method_of_the_protocol() {
        for route in ROUTES {
            assert!(Command::METHODS.contains(&route.method), "{}", route.method);
        }
    }

    #[test]
    fn path_and_query_become_the_parameters() {
        let history = route(Verb::Get, "/v1/rooms/{room}/messages");
        let Ok(Command::History(History { before, limit, .. })) =
            history.decode(&[("room", ROOM)], "before=42&limit=5&unknown=%20", b"")
        else {
            panic!("not read");
        };
        assert_eq!((before.map(|seq| seq.0), limit), (Some(42), Some(5)));

        let users = route(Verb::Get, "/v1/users");
        let Ok(Command::GetUsers(users)) = users.decode(&[], "users=alice,bob%40example.com", b"") else {
            panic!("not read");
        };
        assert_eq!(users.users[1].as_str(), "bob@example.com");
    }

    #[test]
    fn the_body_joins_the_path_and_may_not_speak_against_it() {
        let edit = route(Verb::Patch, "/v1/rooms/{room}/messages/{seq}");
        let path = [("room", ROOM), ("seq", "7")];
        assert!(edit.decode(&path, "", br#" { "text": "x" } "#).is_ok());
        assert!(edit.decode(&path, "", b"").is_ok());
        let twice = edit.decode(&path, "", br#"{"seq":8}"#).unwrap_err();
        assert_eq!((twice.kind, twice.field.as_deref()), (ErrorKind::InvalidParams, Some("seq")));
        assert_eq!(edit.decode(&path, "", b"{").unwrap_err().kind, ErrorKind::Parse);
        assert_eq!(edit.decode(&path, "", b"{}{}").unwrap_err().kind, ErrorKind::Parse);
        assert_eq!(edit.decode(&path, "", b"[]").unwrap_err().kind, ErrorKind::InvalidParams);
        assert_eq!(edit.decode(&path, "", &[b'"', 0xff, b'"']).unwrap_err().kind, ErrorKind::Parse);
        let bad = edit.decode(&[("room", ROOM), ("seq", "x")], "", b"").unwrap_err();
        assert_eq!(bad.field.as_deref(), Some("seq"));
    }

    #[test]
    fn removal_and_the_single_user_take_the_shape_of_their_methods() {
        let path = [("room", ROOM), ("seq", "7"), ("emoji", "👍")];
        let remove = route(Verb::Delete, "/v1/rooms/{room}/messages/{seq}/reactions/{emoji}");
        assert!(matches!(remove.decode(&path, "", b""), Ok(Command::React(React { remove: true, .. }))));

        let put = route(Verb::Put, "/v1/users/{user}");
        let Ok(Command::UpsertUsers(UpsertUsers { users })) =
            put.decode(&[("user", "alice")], "", r#"{"name":"앨리스"}"#.as_bytes())
        else {
            panic!("not read");
        };
        assert_eq!(users[0].name.as_deref(), Some("앨리스"));
    }
}
