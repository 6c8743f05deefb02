//! Where the files belong: the part `map`.

use std::collections::BTreeMap;

use async_graphql::{Value, Variables};
use bytes::Bytes;

use super::{MOST_FILES, bad};
use crate::http::answer::Rejection;

/// For each file that has yet to come, the places in the variables that it is for.
pub struct Places(BTreeMap<String, Vec<String>>);

impl Places {
    /// Reads `{ "0": ["variables.input.photos.0.file"], … }`, and reserves the places.
    ///
    /// # Errors
    /// 400 when it is of another form, has too many files, or names a place that is not there, is not null, or is named
    /// twice.
    pub fn from_json(json: &[u8], variables: &mut Variables) -> Result<Self, Rejection> {
        let map: BTreeMap<String, Vec<String>> = serde_json::from_slice(json).map_err(|error| {
            bad(format!(
                "The part `map` has to be a JSON object of lists of paths, such as \
                         {{\"0\": [\"variables.file\"]}}: {error}."
            ))
        })?;
        if map.len() > MOST_FILES {
            return Err(bad(format!("A request may have at most {MOST_FILES} files; these are {}.", map.len())));
        }
        for path in map.values().flatten() {
            match place(variables, path) {
                Some(place @ Value::Null) => *place = Value::Binary(Bytes::new()),
                Some(_) => return Err(bad(format!("At the path {path:.60} stands something else already."))),
                None => return Err(bad(format!("There is no null at the path {path:.60} for a file to take."))),
            }
        }
        Ok(Self(map))
    }

    /// Puts a file into its places.
    ///
    /// # Errors
    /// 400 when the map does not name it, or it came already.
    pub fn fill(&mut self, name: &str, file: &Bytes, variables: &mut Variables) -> Result<(), Rejection> {
        let paths = self.0.remove(name);
        let paths = paths.ok_or_else(|| bad(format!("The part {name:.60} is not in `map`, or it came already.")))?;
        for path in paths {
            if let Some(place) = place(variables, &path) {
                *place = Value::Binary(file.clone());
            }
        }
        Ok(())
    }

    /// # Errors
    /// 400 when a file has not come.
    pub fn finish(self) -> Result<(), Rejection> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(missing) => Err(bad(format!("The file {missing:.60} of `map` has not come."))),
        }
    }
}

/// The value at a path such as `variables.input.photos.0.file`.
fn place<'a>(variables: &'a mut Variables, path: &str) -> Option<&'a mut Value> {
    let mut steps = path.strip_prefix("variables.")?.split('.');
    let first = variables.get_mut(steps.next()?)?;
    steps.try_fold(first, |value, step| match value {
        Value::List(items) => items.get_mut(step.parse::<usize>().ok()?),
        Value::Object(fields) => fields.get_mut(step),
        _ => None,
    })
}
