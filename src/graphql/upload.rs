//! Files in the variables of an operation.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use bytes::Bytes;

/// A file. In the variables stands the file itself, as a binary value that no JSON can write: http/upload puts it there. The
/// engine's own scalar has a number in a string instead, trusts whatever string a client sends, and panics at a bad one.
#[derive(Clone, Debug)]
pub struct Upload(pub Bytes);

/// A file, sent as a part of a multipart request. In the JSON of the operation its place is null.
#[Scalar(specified_by_url = "https://github.com/jaydenseric/graphql-multipart-request-spec")]
impl ScalarType for Upload {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::Binary(file) => Ok(Self(file)),
            _ => Err(InputValueError::custom(
                "A file cannot stand in JSON. Send it as a part of a multipart request (graphql-multipart-request-spec).",
            )),
        }
    }

    /// It is never answered with.
    fn to_value(&self) -> Value {
        Value::Null
    }
}
