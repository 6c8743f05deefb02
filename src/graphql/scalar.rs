//! The scalars of the contract.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::{SecondsFormat, TimeZone, Utc};

/// A point in time: RFC 3339 in UTC with milliseconds, e.g. 2026-11-23T04:16:00.000Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateTime(pub i64);

/// A point in time: RFC 3339 in UTC with milliseconds, e.g. 2026-11-23T04:16:00.000Z.
#[Scalar(specified_by_url = "https://scalars.graphql.org/andimarek/date-time")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else { return Err(InputValueError::expected_type(value)) };
        let time = chrono::DateTime::parse_from_rfc3339(text).map_err(InputValueError::custom)?;
        Ok(Self(time.timestamp_millis()))
    }

    fn to_value(&self) -> Value {
        let time = Utc.timestamp_millis_opt(self.0).single().unwrap_or_default();
        Value::String(time.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}
