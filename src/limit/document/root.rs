//! What an operation is about.

use async_graphql::Name;
use async_graphql::parser::types::{OperationDefinition, Selection, SelectionSet};

use super::Document;

const TYPENAME: &str = "__typename";

impl Document {
    /// The one field at the root of an operation, `__typename` beside it not counted; none if there are several. Walks as far as
    /// validation does.
    #[must_use]
    pub fn root_field<'a>(&'a self, operation: &'a OperationDefinition) -> Option<&'a Name> {
        let mut found = None;
        self.find_root(&operation.selection_set.node, &mut found).then_some(found).flatten()
    }

    /// False if there is a second one.
    fn find_root<'a>(&'a self, selections: &'a SelectionSet, found: &mut Option<&'a Name>) -> bool {
        selections.items.iter().all(|selection| match &selection.node {
            Selection::Field(field) => {
                let name = &field.node.name.node;
                if found.is_none_or(|found| found == TYPENAME) {
                    *found = Some(name);
                }
                name == TYPENAME || *found == Some(name)
            }
            Selection::InlineFragment(fragment) => self.find_root(&fragment.node.selection_set.node, found),
            Selection::FragmentSpread(spread) => {
                let fragment = self.parsed.fragments.get(&spread.node.fragment_name.node);
                fragment.is_none_or(|fragment| self.find_root(&fragment.node.selection_set.node, found))
            }
        })
    }
}
