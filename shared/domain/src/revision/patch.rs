//! Patches: how one is applied to a state, and how two become one.

use serde_json::{Map, Value};

/// Marks an object inside a folded patch that stands in place of what was before, because the field was deleted in
/// between. Only [`compose`] writes it, and [`apply`] leaves it out.
const WHOLE: &str = "\u{1}whole";

/// Applies a patch: absent keeps, `null` deletes; objects (custom fields, identities) are patched field by field.
pub(super) fn apply(state: &mut Map<String, Value>, patch: &Map<String, Value>) {
    for (key, value) in patch {
        if key == WHOLE {
            continue;
        }
        match (state.get_mut(key), value) {
            (_, Value::Null) => {
                state.remove(key);
            }
            (Some(Value::Object(old)), Value::Object(new)) if !new.contains_key(WHOLE) => apply(old, new),
            (_, Value::Object(new)) => {
                let mut fresh = Map::new();
                apply(&mut fresh, new);
                state.insert(key.clone(), Value::Object(fresh));
            }
            (_, value) => {
                state.insert(key.clone(), value.clone());
            }
        }
    }
}

/// Makes of two patches the one that does what both do, one after the other. Deletions stay in it: an older state
/// may still come in underneath.
pub(super) fn compose(older: &mut Map<String, Value>, newer: &Map<String, Value>) {
    for (key, value) in newer {
        match (older.get_mut(key), value) {
            (Some(Value::Object(old)), Value::Object(new)) if !new.contains_key(WHOLE) => compose(old, new),
            (Some(_), Value::Object(new)) => {
                let mut whole = new.clone();
                whole.insert(WHOLE.to_owned(), Value::Bool(true));
                older.insert(key.clone(), Value::Object(whole));
            }
            (_, value) => {
                older.insert(key.clone(), value.clone());
            }
        }
    }
}

/// Whether a state already is what a patch says.
pub(super) fn says(state: &Map<String, Value>, patch: &Map<String, Value>) -> bool {
    patch.iter().all(|(key, value)| match (state.get(key), value) {
        (None, value) => value.is_null(),
        (Some(Value::Object(old)), Value::Object(new)) => !new.contains_key(WHOLE) && says(old, new),
        (Some(old), value) => old == value,
    })
}

/// Bytes of a patch as JSON, rounded up.
pub(super) fn bytes(patch: &Map<String, Value>) -> usize {
    let field = |(key, value): (&String, &Value)| text_bytes(key) + 2 + value_bytes(value);
    2 + patch.iter().map(field).sum::<usize>()
}

fn value_bytes(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 5,
        // As long as numbers get.
        Value::Number(_) => 24,
        Value::String(text) => text_bytes(text),
        Value::Array(items) => 2 + items.iter().map(|item| 1 + value_bytes(item)).sum::<usize>(),
        Value::Object(map) => bytes(map),
    }
}

fn text_bytes(text: &str) -> usize {
    let escaped = |byte: u8| match byte {
        b'"' | b'\\' => 2,
        0..0x20 => 6,
        _ => 1,
    };
    2 + text.bytes().map(escaped).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_patch() -> impl Strategy<Value = Map<String, Value>> {
        let leaf = prop_oneof![
            Just(Value::Null),
            (0_i64..3).prop_map(Value::from),
            "[a\"\\n\u{1}ä]{0,3}".prop_map(Value::from),
        ];
        let any = leaf.prop_recursive(2, 12, 3, |inner| {
            proptest::collection::btree_map("[abc]", inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect()))
        });
        proptest::collection::btree_map("[abc]", any, 0..4).prop_map(|map| map.into_iter().collect())
    }

    fn folded(patches: &[&Map<String, Value>]) -> Map<String, Value> {
        let mut state = Map::new();
        for patch in patches {
            apply(&mut state, patch);
        }
        state
    }

    proptest! {
        #[test]
        fn two_patches_made_one_do_what_both_do(base in any_patch(), one in any_patch(), two in any_patch()) {
            let mut both = one.clone();
            compose(&mut both, &two);
            prop_assert_eq!(folded(&[&base, &one, &two]), folded(&[&base, &both]));
        }

        #[test]
        fn three_patches_are_made_one_in_either_way(
            base in any_patch(), one in any_patch(), two in any_patch(), three in any_patch(),
        ) {
            let (mut left, mut right) = (one.clone(), two.clone());
            compose(&mut left, &two);
            compose(&mut left, &three);
            compose(&mut right, &three);
            let mut outer = one.clone();
            compose(&mut outer, &right);
            let truth = folded(&[&base, &one, &two, &three]);
            prop_assert_eq!(&truth, &folded(&[&base, &left]));
            prop_assert_eq!(&truth, &folded(&[&base, &outer]));
        }

        #[test]
        fn what_a_state_says_changes_nothing(base in any_patch(), patch in any_patch()) {
            let state = folded(&[&base]);
            if says(&state, &patch) {
                prop_assert_eq!(&state, &folded(&[&base, &patch]));
            }
        }

        #[test]
        fn a_patch_is_not_longer_than_said(patch in any_patch()) {
            prop_assert!(serde_json::to_string(&patch).unwrap().len() <= bytes(&patch));
        }
    }
}
